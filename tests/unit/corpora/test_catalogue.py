"""The real corpora, fetched: as many texts as they say, the labels they say, and what was left out said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from xfer_core import corpora
from xfer_core.corpora import Corpus, catalogue, synthetic
from xfer_core.corpora.health import describe
from xfer_core.errors import NotFound

Get = Callable[[str], Corpus]


@pytest.mark.parametrize("name", catalogue.SAMPLES)
def test_what_the_catalogue_says_is_true(sample: Get, name: str) -> None:
    said, corpus = catalogue.SAMPLES[name], sample(name)
    assert corpus.name == name and corpus.id.startswith(name)
    assert (corpus.n, corpus.label_names, corpus.domain_names) == (said.rows, said.labels, said.domains)
    assert all(text.strip() for text in corpus.texts)
    assert corpus.source["licence"] == said.licence and corpus.source["citation"] and corpus.source["origin"]
    for part in ("train", "validation", "test"):
        assert set(corpus.part(part).labels) == set(range(len(said.labels)))
    assert all(note["message"].format(**note["values"]) for note in corpus.notes)
    assert corpus.notes
    assert catalogue.cached(name)


def test_four_domains(sample: Get) -> None:
    corpus = sample("four-domains")
    assert describe(corpus)["domains"] == {"film": 10072, "news": 2970, "shop": 2985, "tweets": 3432}
    assert corpus.notes[-1]["values"] == {"n": 4244, "all": 4200 + 10605 + 3708 + 5190}
    by_text = dict(zip(corpus.texts, corpus.labels.tolist(), strict=True))
    negative = "Two words that should die this year: Sexting and jeggings. Die die die"
    assert by_text[negative] == 0 and by_text["LMAO, AMAZING!"] == 1  # rated −2.2 and 2.9
    row = corpus.texts.index(negative)
    assert corpus.frame["row"][row] == 5 and corpus.domain_names[corpus.domains[row]] == "tweets"
    assert not any("\n" in text or "\t" in text for text in corpus.texts)


def test_broken_bytes_of_the_tweets_are_counted(sample: Get) -> None:
    corpus = sample("tweets")
    replaced = sum(text.count("\ufffd") for text in corpus.texts)
    assert replaced == corpus.notes[0]["values"]["n"] > 30_000


def test_drug_reviews_are_plain_text(sample: Get) -> None:
    texts = sample("drug-reviews").texts
    assert not any(text.startswith('"') or "&#039;" in text or '""' in text for text in texts)
    assert any("I'm" in text for text in texts)


@pytest.mark.parametrize(
    ("name", "train", "test"), [("newsgroups", 11_293, 7_528), ("reuters-r8", 5_485, 2_189)]
)
def test_published_splits_are_kept(sample: Get, name: str, train: int, test: int) -> None:
    split = describe(sample(name))["split"]
    assert split["train"] + split["validation"] == train and split["test"] == test
    assert sample(name).frame["row"].min() == 3  # below two rows of declarations


def test_the_synthetic_corpus() -> None:
    one, two = synthetic.corpus(), synthetic.corpus()
    assert one.id == two.id != synthetic.corpus(seed=1).id
    assert len(set(one.texts)) == one.n == 800
    counts = np.unique(one.labels * 10 + one.domains, return_counts=True)[1]
    assert counts.tolist() == [100] * 8
    assert "synthetic" in one.notes[-1]["message"]


def test_without_a_network_the_synthetic_corpus_stands_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XFER_HOME", str(tmp_path))  # nothing fetched here
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "none"))
    corpus, offline = catalogue.first_corpus()
    assert offline and corpus.name == "synthetic"
    assert corpora.load(corpus.id).n == corpus.n
    assert not catalogue.cached("four-domains") and catalogue.cached("synthetic")


def test_unknown_names() -> None:
    with pytest.raises(NotFound, match="four-domains"):
        catalogue.fetch("imdb")
