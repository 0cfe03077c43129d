"""Maps of every layer: what is asked of the core, what is sent to the browser, what is said beside it."""

import json
import struct

import numpy as np
import pytest

from tests.app.corpora import small
from xfer_core import corpora, engine
from xfer_core.analysis.projection import Maps
from xfer_core.errors import BadTable


@pytest.fixture
def corpus():
    made = small()
    corpora.save(made)
    return made


def maps(corpus, n=None, **changed):
    n = n or corpus.n
    points = np.random.default_rng(0).normal(size=(3, n, 2)).astype(np.float32)
    values = {
        "points": points, "trustworthiness": np.array([0.7, 0.95, 0.9]), "rows": np.arange(n),
        "correct": None, "model": "bundled:minilm", "corpus": corpus.id, "pool": "mean", "seed": 0,
        "max_length": 128, "truncated": 0,
    }  # fmt: skip
    return Maps(**values | changed)


def buffer(page):
    [sent] = page.get("bidi_component")
    data = sent.proto.bytes
    length = struct.unpack("<I", data[:4])[0]
    header, body = json.loads(data[4 : 4 + length]), data[4 + length :]
    layers, n, kinds = header["layers"], len(header["texts"]), len(header["colours"])
    points = np.frombuffer(body, "<f4", layers * n * 2).reshape(layers, n, 2)
    codes = np.frombuffer(body, "<u2", kinds * n, offset=points.nbytes).reshape(kinds, n)
    assert len(body) == points.nbytes + codes.nbytes
    return header, points, codes


def words(page):
    return " ".join(each.value for kind in (page.markdown, page.caption) for each in kind)


def test_without_a_corpus_there_is_a_way_to_get_one(open_page, answers):
    page = open_page("features")
    assert not page.exception and not page.get("bidi_component")
    assert page.button(key="sample").label
    assert page.get("page_link")


def test_one_click_fetches_the_sample_and_shows_it(open_page, answers, corpus):
    answers["first_corpus"] = (corpus, False)
    answers["maps_of"] = maps(corpus)
    page = open_page("features")
    page.button(key="sample").click().run()
    assert not page.exception
    assert page.session_state["corpus"] == corpus.id
    assert buffer(page)[0]["layers"] == 3


def test_offline_the_synthetic_corpus_is_called_so(open_page, answers, corpus):
    answers["first_corpus"] = (corpus, True)
    answers["maps_of"] = maps(corpus)
    page = open_page("features")
    page.button(key="sample").click().run()
    assert "synthetic" in page.warning[0].value


def test_points_codes_and_texts_arrive_as_they_are(open_page, answers, corpus):
    rows = np.array([5, 1, 3])
    answers["maps_of"] = maps(corpus, 3, rows=rows)
    header, points, codes = buffer(open_page("features", corpus=corpus.id))
    assert np.array_equal(points, maps(corpus, 3).points)
    assert header["texts"] == [corpus.texts[row] for row in rows]
    assert header["rows"] == corpus.frame["row"].iloc[rows].tolist()
    kinds = {kind["key"]: codes[place] for place, kind in enumerate(header["colours"])}
    assert np.array_equal(kinds["label"], corpus.labels[rows])
    if len(corpus.domain_names) > 1:
        assert np.array_equal(kinds["domain"], corpus.domains[rows])


def test_correctness_is_offered_only_where_it_is_known(open_page, answers, corpus):
    answers["maps_of"] = maps(corpus)
    assert "correct" not in [
        kind["key"] for kind in buffer(open_page("features", corpus=corpus.id))[0]["colours"]
    ]
    correct = np.resize(np.array([1, 0, -1], np.int8), corpus.n)
    answers["maps_of"] = maps(corpus, correct=correct)
    header, _, codes = buffer(open_page("features", corpus=corpus.id))
    assert header["colours"][-1]["key"] == "correct"
    assert codes[-1][:3].tolist() == [1, 0, 65535]


def test_the_address_restores_layer_and_colour(open_page, answers, corpus):
    answers["maps_of"] = maps(corpus)
    header, _, _ = buffer(open_page("features", corpus=corpus.id, layer="0", colour="label"))
    assert (header["layer"], header["colour"]) == (0, "label")


def test_the_address_restores_pool_number_and_seed(open_page, answers, corpus, monkeypatch):
    asked = {}
    answers["maps_of"] = maps(corpus)
    stand_in = engine.submit
    monkeypatch.setattr(
        engine, "submit", lambda name, **values: asked.update(values) or stand_in(name, **values)
    )
    page = open_page("features", corpus=corpus.id, pool="cls", texts="250", seed="7")
    assert not page.exception
    assert (asked["pool"], asked["texts"], asked["seed"]) == ("cls", 250, 7)
    assert "--pool cls" in page.code[0].value


def test_what_is_shown_is_said(open_page, answers, corpus):
    answers["maps_of"] = maps(corpus, 10, truncated=4)
    said = words(open_page("features", corpus=corpus.id))
    assert f"10 of {corpus.n}" in said and "4 of them" in said
    assert "0.70 (layer 0)" in said and "0.95 (layer 1)" in said


def test_too_few_texts_is_a_sentence(open_page, answers, corpus):
    answers["maps_of"] = BadTable("A map needs at least {fewest} texts; there are {n}.", fewest=10, n=3)
    page = open_page("features", corpus=corpus.id)
    assert not page.exception and "at least 10 texts" in page.error[0].value


def test_while_it_computes_there_is_progress_and_no_picture(open_page, answers, corpus):
    answers["maps_of"] = None
    page = open_page("features", corpus=corpus.id)
    assert not page.exception and not page.get("bidi_component")
    assert page.get("progress")
