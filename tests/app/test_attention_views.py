"""The views of the attention page that show all heads at once: habits, changes, what matters."""

import json
import struct
from types import SimpleNamespace

import numpy as np
import pytest

from tests.app import runs
from tests.app.corpora import small
from tests.readings import reading
from xfer_core import corpora
from xfer_core.attention.habits import Habit, Habits
from xfer_core.attention.moved import Moved
from xfer_core.runs import store
from xfer_core.runs.models import base_of, twins
from xfer_core.ui.attention_changes import measures

HOSTILE = "**bold** <img src=x onerror=alert(1)>"
LAYERS, HEADS = 3, 2


def grid(page, key):
    """What the grid of heads *key* was sent."""
    for each in page.get("bidi_component"):
        length = struct.unpack("<I", each.proto.bytes[:4])[0]
        header = json.loads(each.proto.bytes[4 : 4 + length])
        if "measures" in header and key in [measure["key"] for measure in header["measures"]]:
            return header
    raise AssertionError(f"no grid of {key}")


def words(page):
    kinds = (page.markdown, page.caption, page.warning, page.subheader)
    return " ".join(each.value for kind in kinds for each in kind).replace("\\", "").replace("\u2060", "")


def numbers(start):
    return start + np.arange(LAYERS * HEADS, dtype=np.float64).reshape(LAYERS, HEADS) / 100


@pytest.fixture
def corpus():
    made = small()
    corpora.save(made)
    return made


@pytest.fixture
def habits(answers):
    distances = np.abs(np.subtract.outer(np.arange(6.0), np.arange(6.0))) / 10
    measures = {
        key: Habit(numbers(0.1 * i), numbers(0.0), 12 - i)
        for i, key in enumerate(("entropy", "distance", "cls"))
    }
    answers["habits_of"] = Habits(
        "bundled:minilm", "demo", 12, 345, measures, distances, np.arange(6)[::-1],
        {(2, 1): ("rests on the first token", 0.61)}, 0.5, 0.52, 0.25, 32,
    )  # fmt: skip
    return answers


def test_habits_of_all_heads_and_of_the_open_one(open_page, habits, corpus):
    page = open_page("attention", view="habits", corpus=corpus.id, layer="2", head="1")
    assert not page.exception
    header = grid(page, "entropy")
    assert (header["layers"], header["heads"], header["layer"], header["head"]) == (3, 2, 2, 1)
    assert header["measures"][0]["values"] == pytest.approx([0.0, 0.01, 0.02, 0.03, 0.04, 0.05])
    assert header["names"] == ["", "", "", "", "", "rests on the first token"]
    said = words(page)
    assert "345" in said and "52%" in said and "25%" in said and "rests on the first token: 3.2 (61%)" in said
    assert "Most alike, in bits apart: 1.2 (0.100)" in said
    table = page.dataframe[0].value
    assert len(table) == 3 and table.iloc[0, 1] == "2.0%" and table.iloc[0, 4] == 4
    assert f"xfer heads bundled:minilm corpus:{corpus.id} --texts 100" in [each.value for each in page.code]


def test_habits_ask_for_a_corpus(open_page, habits):
    page = open_page("attention", view="habits")
    assert not page.exception and not page.get("bidi_component")


@pytest.fixture
def run(corpus, answers):
    def moved(noise=None, other=""):
        return Moved(
            "bundled:minilm", run.id, other, corpus.id, numbers(0.0), numbers(-0.005), numbers(0.005), noise,
            np.arange(6)[::-1], (0,), 12,
        )  # fmt: skip

    run = runs.finished(corpus)
    answers["moved_of"] = moved()
    answers["read"] = reading(["[CLS]", HOSTILE, "[SEP]"])
    return SimpleNamespace(id=run.id, moved=moved, answers=answers)


def test_home_leads_to_what_the_latest_run_moved(open_page, run):
    [link] = [each for each in open_page().get("page_link") if "latest run" in each.proto.label]
    assert f"model={run.id}" in link.proto.query_string and "view=changes" in link.proto.query_string


def test_without_a_tuned_run_one_can_be_chosen(open_page, run, corpus):
    page = open_page("attention", view="changes", corpus=corpus.id)
    assert not page.exception and not page.get("bidi_component")
    page.button(key=f"tuned-{run.id}").click().run()
    assert not page.exception
    assert page.selectbox(key="model").value == run.id and grid(page, "moved")


def test_a_run_is_compared_with_what_it_was_tuned_from(open_page, run, corpus):
    page = open_page("attention", view="changes", corpus=corpus.id, model=run.id)
    assert not page.exception
    assert page.selectbox(key="before").value == base_of(run.id)
    header = grid(page, "moved")
    assert header["measures"][0]["noise"] is None and [each["key"] for each in header["measures"]] == [
        "moved",
        "here",
    ]
    said = words(page)
    assert "3.2 (0.050), 3.1 (0.040)" in said and "no second seed" in said
    command = next(each.value for each in page.code if each.value.startswith("xfer train"))
    assert "--seed 1" in command and len(page.get("bidi_component")) == 1


def test_a_second_seed_says_what_is_noise(open_page, run, corpus):
    twin = store.create("train", store.get(run.id).config | {"seed": 1}, "twin")
    (twin.folder / "model").mkdir()
    (twin.folder / "model" / "config.json").write_text("{}")
    store.update(twin.id, state="finished")
    assert twins(run.id) == [twin.id] and twins(twin.id) == [run.id] and twins("bundled:minilm") == []
    run.answers["moved_of"] = run.moved(np.full((3, 2), 0.03), twin.id)
    page = open_page("attention", view="changes", corpus=corpus.id, model=run.id)
    assert not page.exception and page.selectbox(key="twin").value == twin.id
    assert grid(page, "moved")["measures"][0]["marks"] == [False] * 4 + [True] * 2
    assert "2 of 6 heads moved clearly further" in words(page) and "no second seed" not in words(page)
    assert "these may have moved by chance: 2.2, 2.1, 1.2." in words(page)
    assert any(each.value.endswith(f"--texts 100 --other {twin.id}") for each in page.code)


def test_an_open_head_is_compared_on_the_text(open_page, run, corpus):
    page = open_page("attention", view="changes", corpus=corpus.id, model=run.id, layer="1", head="2")
    assert not page.exception and len(page.get("bidi_component")) == 2


def test_on_the_text_what_is_outside_counts_and_the_last_layer_by_its_rows():
    """Rows that differ in what leaves the window alone: ½ and 1 of it outside, Lin 1991 by hand."""
    before, after = (
        reading(
            ["a", "b"], shape=(2, 1), reach=[1],
            weights=np.array([[[[shown, 0], [1, 0]]]] * 2, np.float32),
            outside=np.array([[[1 - shown, 0]]] * 2, np.float32),
        )
        for shown in (0.5, 0.0)
    )  # fmt: skip
    middle = -(0.25 * np.log2(0.25) + 0.75 * np.log2(0.75))
    moved = SimpleNamespace(jsd=numbers(0), low=None, high=None, noise=None, beyond_noise=None)
    here = measures(moved, before, after)[1].values
    assert here == pytest.approx(np.array([[(middle - 0.5) / 2], [0.0]]))


@pytest.mark.parametrize("view", ["habits", "changes"])
def test_in_chinese_too(open_page, habits, run, corpus, view):
    page = open_page("attention", view=view, corpus=corpus.id, model=run.id, lang="zh")
    assert not page.exception and page.get("bidi_component")
