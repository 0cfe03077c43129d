"""Adaptation: what is asked of the core, what is said of gains and losses, and what a link restores."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.app.corpora import small
from xfer_core import corpora, engine
from xfer_core.analysis.alignment import METHODS, NONE, Alignment, Pairs
from xfer_core.errors import BadTable

DOMAINS = ("shop", "film", "news *x*")


@pytest.fixture
def corpus():
    plain = small(n=24)
    frame = plain.frame.assign(domain=np.arange(24) % 3)
    made = replace(plain, frame=frame, domain_names=DOMAINS)
    corpora.save(made)
    return made


def alignment(corpus, gain=0.0, **changed) -> Alignment:
    """Two layers; every method gains *gain* on the second, with an interval of .02 to each side."""
    methods = tuple(METHODS)
    before = np.full((len(methods), 2), 0.6)
    gains = np.zeros_like(before)
    gains[1:, 1] = gain
    after, rng = before + gains, np.random.default_rng(0)
    values = {
        "source": "shop", "target": "news *x*", "labels": ("bad", "good"), "layers": (0, 6),
        "methods": methods,
        "macro_f1": after, "low": after - 0.05, "high": after + 0.05, "source_macro_f1": before,
        "source_low": before, "source_high": before, "gain": gains, "gain_low": gains - 0.02,
        "gain_high": gains + 0.02, "label_free": np.tile([0.1, 0.3], (len(methods), 1)),
        "ceiling": np.array([0.8, 0.8]), "ceiling_low": np.array([0.7, 0.7]),
        "ceiling_high": np.array([0.9, 0.9]), "chosen": (NONE, 6), "source_shares": np.array([0.5, 0.5]),
        "target_shares": np.array([0.8, 0.2]), "trained": 56, "fitted": 56, "tested": 24, "source_tested": 24,
        "places": rng.normal(size=(len(methods), 2, 10, 2)).astype(np.float32),
        "place_domain": np.repeat([0, 1], 5).astype(np.int8), "place_label": np.array([0, 1, 1, 0, -1] * 2),
        "method_seconds": np.full(len(methods), 0.2), "model": "bundled:minilm", "corpus": corpus.id,
    }  # fmt: skip
    return Alignment(**values | changed)


def every_pair(worst) -> Pairs:
    gain = np.array([[[0.0], [0.05]], [[0.0], [worst]]])
    names = (("shop", "film"), ("film", "shop"))
    return Pairs(names, (6,), (NONE, "subspace"), gain, gain, gain - 0.01, gain + 0.01, gain)


def words(page):
    kinds = (page.markdown, page.caption, page.subheader, page.title)
    return " ".join(each.value for kind in kinds for each in kind).replace("\u2060", "").replace("\\", "")


@pytest.fixture
def asked(monkeypatch, answers):
    """What the engine was asked for, by name of the function."""
    seen: dict[str, dict] = {}
    stand_in = engine.submit

    def submit(function, **values):
        seen[function.partition(":")[2]] = values
        return stand_in(function, **values)

    monkeypatch.setattr(engine, "submit", submit)
    answers.update(calibrate=None)
    return seen


def test_without_a_corpus_it_says_how_to_get_one(open_page, answers):
    page = open_page("adaptation")
    assert not page.exception and page.get("page_link") and not page.get("plotly_chart")


def test_one_domain_is_a_sentence_and_a_way_on(open_page, answers):
    alone = small()
    corpora.save(alone)
    page = open_page("adaptation", corpus=alone.id)
    assert not page.exception and "nothing to bridge" in words(page) and page.get("page_link")


def test_a_loss_is_called_a_loss(open_page, answers, asked, corpus):
    answers["align_of"] = alignment(corpus, gain=-0.1)
    page = open_page("adaptation", corpus=corpus.id)
    assert not page.exception
    said = words(page)
    assert "it hurts here" in said and "falls from 0.600 to 0.500" in said and "Do not use it" in said
    assert "other shares" in said and "made equal" in said


def test_a_gain_is_called_one_only_beyond_luck(open_page, answers, asked, corpus):
    answers["align_of"] = alignment(corpus, gain=0.1)
    page = open_page("adaptation", corpus=corpus.id)
    assert "it helps here" in words(page) and "0.100 more" in words(page)


def test_what_may_be_luck_is_called_open(open_page, answers, asked, corpus):
    answers["align_of"] = alignment(corpus, gain=0.01)
    page = open_page("adaptation", corpus=corpus.id)
    assert "no sure gain here" in words(page) and "cannot be told" in words(page)


def test_pictures_files_and_the_command_are_there(open_page, answers, asked, corpus):
    answers["align_of"] = alignment(corpus)
    page = open_page("adaptation", corpus=corpus.id)
    assert len(page.get("plotly_chart")) == 3 and len(page.get("download_button")) == 2
    assert "--target 'news *x*' --method subspace --layer 6" in page.code[0].value


def test_the_address_restores_every_choice(open_page, answers, asked, corpus):
    answers["align_of"] = alignment(corpus, gain=0.1)
    page = open_page(
        "adaptation",
        corpus=corpus.id,
        source="film",
        target="shop",
        shares="equal",
        method="coral",
        layer="0",
    )
    assert not page.exception
    given = asked["align_of"]
    assert (given["source"], given["target"], given["shares"]) == ("film", "shop", "equal")
    assert page.selectbox(key="method").value == "coral" and page.selectbox(key="layer").value == 0
    assert "cannot be told" in words(page)  # on layer 0 nothing was gained


def test_the_target_is_never_the_source(open_page, answers, asked, corpus):
    answers["align_of"] = alignment(corpus)
    page = open_page("adaptation", corpus=corpus.id, source="film", target="film")
    assert asked["align_of"]["target"] == "news *x*"
    assert "film" not in page.selectbox(key="target").options


@pytest.mark.parametrize(("worst", "advice"), [(0.01, False), (-0.3, True)])
def test_all_pairs_are_tried_when_asked_for(open_page, answers, asked, corpus, worst, advice):
    answers["align_of"] = alignment(corpus)
    answers["all_pairs_of"] = every_pair(worst)
    page = open_page("adaptation", corpus=corpus.id)
    assert "all_pairs_of" not in asked
    page.toggle(key="pairs").set_value(True).run()
    assert not page.exception and asked["all_pairs_of"]["layers"] == (6,)
    table = page.dataframe[0].value
    assert table["Worst gain"].tolist() == [worst]
    assert ("best to adapt nothing" in words(page)) == advice


def test_a_refusal_is_a_sentence_and_training_stays_on_offer(open_page, answers, asked, corpus):
    answers["align_of"] = BadTable("“{domain}” has {n} texts.", domain="news", n=2)
    page = open_page("adaptation", corpus=corpus.id)
    assert not page.exception and "2 texts" in page.error[0].value
    assert "By training" in words(page)


def test_while_it_computes_there_is_progress(open_page, answers, asked, corpus):
    answers["align_of"] = None
    page = open_page("adaptation", corpus=corpus.id)
    assert not page.exception and not page.get("plotly_chart")


def test_it_speaks_chinese_without_breaking(open_page, answers, asked, corpus):
    answers["align_of"] = alignment(corpus, gain=-0.1)
    assert not open_page("adaptation", corpus=corpus.id, lang="zh").exception
