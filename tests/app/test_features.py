"""Maps of every layer: what is asked of the core, what is sent to the browser, what is said beside it."""

import json
import struct

import numpy as np
import pandas as pd
import pytest

from tests.app.corpora import small
from tests.app.maps import LAYERS, maps
from tests.app.runs import finished
from xfer_core import corpora, engine
from xfer_core.analysis.neighbours import Neighbours
from xfer_core.analysis.predictions import Predicted
from xfer_core.analysis.reading import Reading
from xfer_core.corpora import Corpus
from xfer_core.errors import BadTable

HOSTILE = "<img src=x onerror=alert(1)> **bold** [a](https://e.example) =1+1 $$x$$ :smile:"


@pytest.fixture
def corpus():
    made = small()
    corpora.save(made)
    return made


@pytest.fixture
def mapped(answers, corpus):
    answers["maps_of"] = maps(corpus)
    answers["sketch_of"] = maps(corpus, seed=1, stage="sketch", noise=float("nan"))
    return answers


def buffer(page):
    """Header, places of each set and of what was placed, and the values of each column by its key."""
    [sent] = page.get("bidi_component")
    data = sent.proto.bytes
    length = struct.unpack("<I", data[:4])[0]
    header, body = json.loads(data[4 : 4 + length]), data[4 + length :]
    n, at = len(header["texts"]), 0

    def take(kind, *shape):
        nonlocal at
        taken = np.frombuffer(body, kind, int(np.prod(shape)), offset=at).reshape(shape)
        at += taken.nbytes
        return taken

    places = [take("<f4", each["layers"], n, 2) for each in header["sets"]]
    placed = [take("<f4", each["layers"], len(header["placed"]), 2) for each in header["sets"]]
    values = {}
    for kind, dtype in (("number", "<f4"), ("names", "<u2")):
        values |= {c["key"]: take(dtype, n) for c in header["columns"] if c["kind"] == kind}
    assert at == len(body)
    return header, places, placed, values


def words(page):
    return " ".join(each.value for kind in (page.markdown, page.caption) for each in kind)


def table(page, column):
    """The one table with such a column."""
    [found] = [each.value for each in page.dataframe if column in each.value.columns]
    return found


def test_without_a_corpus_there_is_a_way_to_get_one(open_page, answers):
    page = open_page("features")
    assert not page.exception and not page.get("bidi_component")
    assert page.button(key="sample").label
    assert page.get("page_link")


def test_one_click_fetches_the_sample_and_shows_it(open_page, mapped, corpus):
    mapped["first_corpus"] = (corpus, False)
    page = open_page("features")
    page.button(key="sample").click().run()
    assert not page.exception
    assert page.session_state["corpus"] == corpus.id
    assert buffer(page)[0]["sets"][0]["layers"] == LAYERS


def test_offline_the_synthetic_corpus_is_called_so(open_page, mapped, corpus):
    mapped["first_corpus"] = (corpus, True)
    page = open_page("features")
    page.button(key="sample").click().run()
    assert "synthetic" in page.warning[0].value


def test_points_columns_and_texts_arrive_as_they_are(open_page, mapped, corpus):
    rows = np.array([1, 3, 5])
    mapped["maps_of"] = maps(corpus, 3, rows=rows)
    header, [points], _, values = buffer(open_page("features", corpus=corpus.id))
    assert np.array_equal(points, maps(corpus, 3).points)
    assert header["texts"] == [corpus.texts[row] for row in rows]
    assert header["rows"] == corpus.frame["row"].iloc[rows].tolist() == values["row"].tolist()
    assert np.array_equal(values["label"], corpus.labels[rows])
    assert values["length"].tolist() == [len(corpus.texts[row]) for row in rows]
    assert "domain" not in values, "one domain tells nothing apart"


def test_correctness_prediction_and_confidence_come_with_a_tuned_run(open_page, mapped, corpus):
    assert not {"correct", "prediction"} & buffer(open_page("features", corpus=corpus.id))[3].keys()
    correct = np.resize(np.array([1, 0, -1], np.int8), corpus.n)
    mapped["maps_of"] = maps(corpus, correct=correct)
    confidence = np.linspace(0.5, 1, corpus.n).astype(np.float32)
    mapped["predictions_of"] = Predicted(("bad", "good"), np.resize([1, 0], corpus.n), confidence)
    header, _, _, values = buffer(open_page("features", corpus=corpus.id))
    assert values["correct"][:3].tolist() == [1, 0, 65535]
    assert values["prediction"][:2].tolist() == [1, 0]
    assert np.array_equal(values["confidence"], confidence)
    [scale] = [each for each in header["columns"] if each["key"] == "confidence"]
    assert scale["kind"] == "number" and 0.5 <= scale["low"] < scale["high"] <= 1


def test_the_address_restores_what_was_seen(open_page, mapped, corpus):
    query = {"layer": "0", "right": "2", "colour": "label", "shape": "split", "show": "two", "movement": "1"}
    header, _, _, _ = buffer(open_page("features", corpus=corpus.id, **query))
    assert (header["layer"], header["right"], header["show"]) == (0, 2, "two")
    assert (header["colour"], header["shape"], header["movement"]) == ("label", "split", "1")


def test_the_address_restores_what_is_mapped(open_page, mapped, corpus, monkeypatch):
    asked = {}
    stand_in = engine.submit

    def submit(name, **values):
        asked[name.partition(":")[2]] = values
        return stand_in(name, **values)

    monkeypatch.setattr(engine, "submit", submit)
    page = open_page("features", corpus=corpus.id, pool="cls", texts="250", seed="7", hold="0.5")
    assert not page.exception
    reading = Reading("bundled:minilm", corpus.id, "cls", texts=250, seed=7)
    assert asked["sketch_of"]["reading"] == asked["maps_of"]["reading"] == reading
    assert asked["maps_of"]["hold"] == 0.5 and asked["maps_of"]["base_model"] == ""
    assert "--pool cls" in page.code[0].value


def test_a_sketch_stands_in_until_the_map_is_there(open_page, mapped, corpus):
    mapped["maps_of"] = None
    page = open_page("features", corpus=corpus.id)
    header, [points], _, _ = buffer(page)
    assert header["stage"] == "sketch" and header["floor"] is None
    assert np.array_equal(points, mapped["sketch_of"].points)
    assert page.get("progress") and not page.exception
    assert not page.dataframe, "a sketch promises nothing"


def test_a_run_and_the_model_it_came_from_share_a_plane(open_page, mapped, corpus, monkeypatch):
    run = finished(corpus)
    asked = []
    stand_in = engine.submit
    monkeypatch.setattr(engine, "submit", lambda name, **v: asked.append((name, v)) or stand_in(name, **v))
    mapped["predictions_of"] = None
    page = open_page("features", corpus=corpus.id, model=run.id, base="bundled:minilm", show="two")
    assert not page.exception
    pairs = {(v["reading"].model, v["base_model"]) for name, v in asked if name.endswith(":maps_of")}
    assert pairs == {(run.id, "bundled:minilm"), ("bundled:minilm", "")}
    header, places, _, _ = buffer(page)
    assert [each["name"] for each in header["sets"]] == [run.id, "bundled:minilm"] and len(places) == 2


def test_what_is_shown_is_said(open_page, mapped, corpus):
    mapped["maps_of"] = maps(corpus, 10, truncated=4, measured=5)
    page = open_page("features", corpus=corpus.id)
    said = words(page)
    assert f"10 of {corpus.n}" in said and "4 of them" in said and "measured on 5" in said
    assert "0.70 (layer 0)" in said and "0.95 (layer 1)" in said
    assert "Distances between clusters" in said
    figures = table(page, "Layer 0")
    assert figures.to_numpy()[:, 1].tolist() == [0.95, 0.9, 0.3, 0.1, 0.2]


def test_a_map_that_hides_its_classes_says_so(open_page, mapped, corpus):
    apart = np.array([0.1, 0.1, 0.6])
    mapped["maps_of"] = maps(corpus, separation_features=apart, separation_map=np.array([0.1, 0.1, 0.2]))
    assert "In layer 2 the classes are further apart" in words(open_page("features", corpus=corpus.id))


def test_search_chooses_texts_lists_them_and_stands_in_the_address(open_page, mapped, corpus):
    page = open_page("features", corpus=corpus.id, find="NUMBER 1")
    header, _, _, _ = buffer(page)
    assert header["chosen"] == [1, 10, 11]
    assert table(page, "Text")["Text"].tolist() == [corpus.texts[at] for at in (1, 10, 11)]
    page.text_input(key="find").set_value("nowhere").run()
    assert buffer(page)[0]["chosen"] == [] and "No text of the map" in words(page)


def test_chosen_texts_become_a_corpus(open_page, mapped, corpus):
    page = open_page("features", corpus=corpus.id, find="number 1")
    page.text_input(key="selection-name").set_value("**ones**").run()
    page.button(key="make-corpus").click().run()
    assert not page.exception
    [new] = [each for each in corpora.listing() if each.id != corpus.id]
    assert corpora.load(new.id).texts == [corpus.texts[at] for at in (1, 10, 11)]
    page.button(key="to-selection").click().run()
    assert page.session_state["corpus"] == new.id


def test_movers_are_listed_down_to_the_noise_floor(open_page, mapped, corpus):
    points = np.zeros((LAYERS, corpus.n, 2), np.float32)
    points[2, 4, 0], points[2, 7, 1], points[2, 9, 0] = 3.0, 2.0, 0.4
    mapped["maps_of"] = maps(corpus, points=points, noise=0.5)
    page = open_page("features", corpus=corpus.id, show="two", layer="0", right="2")
    moved = table(page, "Times the noise")
    assert moved["Row"].tolist() == [5, 8] and moved.iloc[:, 1].tolist() == [6.0, 4.0]
    assert f"2 of {corpus.n} texts moved" in words(page)


def test_texts_of_ones_own_are_placed(open_page, mapped, corpus):
    mapped["places_of"] = np.ones((LAYERS, 2, 2), np.float32)
    page = open_page("features", corpus=corpus.id)
    page.text_area(key="place").set_value("one\n\n  two  ").run()
    header, _, [placed], _ = buffer(page)
    assert header["placed"] == ["one", "two"] and (placed == 1).all()


def test_neighbours_of_a_typed_text(open_page, mapped, corpus):
    rows = np.array([[0, 1], [1, 2], [1, 3]])
    mapped["neighbours_of"] = Neighbours((0, 1, 2), rows, np.full((3, 2), 0.1), np.array([0.5, 0.5]))
    page = open_page("features", corpus=corpus.id, near_text="anything")
    assert not page.exception
    near = table(page, "Near in layers")
    assert near["Row"].tolist() == [2, 1, 3, 4] and near["Near in layers"].iloc[0] == "0, 1, 2"
    assert page.get("plotly_chart") and "50%" in words(page)


def test_too_few_texts_is_a_sentence(open_page, mapped, corpus):
    mapped["sketch_of"] = mapped["maps_of"] = BadTable(
        "A map needs at least {fewest} texts; there are {n}.", fewest=10, n=3
    )
    page = open_page("features", corpus=corpus.id)
    assert not page.exception and "at least 10 texts" in page.error[0].value


def test_while_texts_are_read_there_is_progress_and_no_picture(open_page, mapped, corpus):
    mapped["sketch_of"] = mapped["maps_of"] = None
    page = open_page("features", corpus=corpus.id)
    assert not page.exception and not page.get("bidi_component")
    assert page.get("progress")


def test_hostile_names_and_texts_stay_text(open_page, answers):
    frame = pd.DataFrame(
        {"text": [HOSTILE] * 6 + ["plain"] * 6, "label": [0, 1] * 6, "domain": [0, 1, 1] * 4,
         "split": ["train", "train", "validation", "test"] * 3, "row": range(1, 13)}
    )  # fmt: skip
    corpus = Corpus(HOSTILE, frame, (HOSTILE, "b"), (HOSTILE, "d"))
    corpora.save(corpus)
    answers["maps_of"] = answers["sketch_of"] = maps(corpus)
    rows = np.tile([0, 1], (3, 1))
    answers["neighbours_of"] = Neighbours((0, 1, 2), rows, np.full((3, 2), 0.1), np.ones(2))
    page = open_page("features", corpus=corpus.id, find="bold", near_text=HOSTILE, show="two", layer="0")
    assert not page.exception
    assert "**bold**" not in words(page)
    [chart] = page.get("plotly_chart")
    assert "<img" not in chart.proto.spec.replace("\\u003c", "<")
    assert buffer(page)[0]["columns"][0]["names"] == [HOSTILE, "d"], "the canvas shows names as they are"


def test_many_texts_are_sent_short_and_it_is_said(open_page, answers):
    n = 12_000
    frame = pd.DataFrame(
        {"text": "x" * 400, "label": 0, "domain": 0, "split": "train", "row": range(1, n + 1)}
    )
    corpus = Corpus("many", frame, ("a", "b"), ())
    corpora.save(corpus)
    answers["maps_of"] = answers["sketch_of"] = maps(corpus)
    page = open_page("features", corpus=corpus.id)
    header, _, _, _ = buffer(page)
    assert header["shown"] == 125 and {len(text) for text in header["texts"]} == {126}
    assert "first 125 characters" in words(page)
