"""The transfer page: words and matrices of probes, the form for strategies, and what they came to."""

import base64
import io
import json
import re

import numpy as np
import pandas as pd
import pytest

from tests.unit.crossing.conftest import domains
from tests.unit.crossing.made import made
from xfer_core import corpora, i18n
from xfer_core.analysis.probes import transfer
from xfer_core.corpora import Corpus
from xfer_core.crossing import settings
from xfer_core.errors import BadTable
from xfer_core.i18n import N_
from xfer_core.runs import queue, store
from xfer_core.training import speed
from xfer_core.training.speed import Speed
from xfer_core.ui import transfer_view

HOSTILE = "**film** <b>"


def found(count: int = 3):
    """Layer 1 of three knows the label, the last one less."""
    rng = np.random.default_rng(1)
    labels, places = np.tile([0, 1], 60 * count), np.repeat(range(count), 120)
    states = rng.normal(size=(3, len(labels), 6)).astype(np.float32)
    states[1, :, 0] += 3 * labels
    states[2, :, 0] += 0.7 * labels
    texts = [f"word{n % 17} thing {n}" for n in range(len(labels))]
    names = ["shop", HOSTILE, "news"][:count]
    return transfer(states, texts, labels, places, names, ["bad", "good"])


@pytest.fixture(scope="module")
def three():
    return found()


@pytest.fixture
def corpus() -> Corpus:
    kept = domains(240)
    corpora.save(kept)
    return kept


@pytest.fixture(autouse=True)
def no_queue(monkeypatch):
    """Nothing is judged dead or started: these runs have no process."""
    monkeypatch.setattr(queue, "tick", lambda: None)


@pytest.fixture
def shown(answers, three, monkeypatch):
    monkeypatch.setattr(speed, "known", lambda: Speed(measured=True))
    answers["transfer_of"] = three
    return answers


def told(page) -> str:
    parts = [*page.markdown, *page.caption, *page.subheader, *page.title, *page.error, *page.warning]
    return " ".join(each.value for each in parts).replace("\u2060", "").replace("\\", "")


def heat(page, key: str = "heatmap"):
    """Values of the heat maps on the page."""
    drawn = []
    for chart in page.get("plotly_chart"):
        for trace in json.loads(chart.proto.spec)["data"]:
            if trace["type"] == key:
                sent = trace["z"]
                values = np.frombuffer(base64.b64decode(sent["bdata"]), sent["dtype"])
                drawn.append(values.reshape([int(each) for each in sent["shape"].split(",")]))
    return drawn


def test_without_a_corpus_it_offers_the_sample(open_page, answers):
    page = open_page("transfer")
    assert not page.exception and page.button(key="sample").label
    answers["first_corpus"] = None
    page.button(key="sample").click().run()
    assert page.progress[0].value == 25


def test_words_first_then_the_matrix_of_the_honest_choice(open_page, shown, corpus, three):
    page = open_page("transfer", corpus=corpus.id)
    assert not page.exception
    said = told(page)
    assert "Here, layer 1 travels best" in said and "In 6 of 6 pairs a middle layer" in said
    assert "no text of the target" in said
    (cells,) = heat(page)
    places = three.choice("own")
    expected = np.take_along_axis(three.macro_f1, places[:, :, None], axis=2)[:, :, 0]
    assert cells.shape == (6, 3) and np.allclose(cells, expected)
    lines = [code.value for code in page.code]
    assert (
        f"xfer transfer corpus:{corpus.id} --model bundled:minilm --pool mean --per-class 400 --seed 0"
        in lines
    )


def test_layer_gap_and_best_stand_in_the_address(open_page, shown, corpus, three):
    page = open_page("transfer", corpus=corpus.id)
    page.radio(key="at").set_value("2").run()
    assert page.query_params["at"] == "2" and np.allclose(heat(page)[0], three.macro_f1[:, :, 2])
    page.radio(key="at").set_value("tfidf").run()
    assert np.allclose(heat(page)[0], three.macro_f1[:, :, -1])
    again = open_page("transfer", corpus=corpus.id, matrix="gap", at="1")
    assert np.allclose(heat(again)[0], three.gap[:, :, 1])
    best = open_page("transfer", corpus=corpus.id, matrix="best")
    assert np.allclose(heat(best)[0], _lead_of_best(three))
    assert open_page("transfer", corpus=corpus.id, at="99").radio(key="at").value == "own"


def _lead_of_best(three):
    places = three.choice("best")
    return np.take_along_axis(three.lead, places[:, :, None], axis=2)[:, :, 0]


def test_files_hold_every_cell_and_no_markup(three):
    table = pd.read_csv(io.StringIO(transfer_view.cells(three)()))
    assert len(table) == 6 * 3 * 4 and set(table["all_but"]) == {True, False}
    assert {"macro_f1", "low", "high", "n", "gap", "gap_low", "gap_high"} <= set(table.columns)
    page = transfer_view.page(three)()
    assert page.startswith("<!doctype html>") and "<b>" not in page.partition("<script")[0]


def test_one_domain_is_an_empty_state_that_says_what_to_do(open_page, shown, corpus):
    kept = domains(60, count=1)
    corpora.save(kept)
    page = open_page("transfer", corpus=kept.id)
    assert not page.exception and not page.get("plotly_chart") and not page.radio
    assert "nothing to travel to" in told(page) and "column that says where" in told(page)
    assert not [button for button in page.button if button.key == "cross"]


def test_two_domains_have_no_choice_by_others(open_page, shown, corpus):
    kept = domains(120, count=2)
    corpora.save(kept)
    shown["transfer_of"] = found(2)
    page = open_page("transfer", corpus=kept.id)
    assert not page.exception and "others" not in page.radio(key="at").options
    assert heat(page)[0].shape == (2, 2)


def test_a_refusal_is_a_sentence(open_page, shown, corpus):
    shown["transfer_of"] = BadTable(N_("No domain has texts of two classes, so a probe has nothing to tell."))
    page = open_page("transfer", corpus=corpus.id)
    assert not page.exception and "two classes" in told(page)


def test_progress_is_drawn_while_it_reads(open_page, shown, corpus):
    shown["transfer_of"] = None
    page = open_page("transfer", corpus=corpus.id)
    assert page.progress[0].value == 25 and not page.get("plotly_chart")


def test_the_form_starts_a_run_and_opens_it(open_page, shown, submitted, corpus):
    page = open_page("transfer", corpus=corpus.id, cross_steps="30")
    page.multiselect(key="cross_strategies").set_value(["head", "top-2"]).run()
    assert "Trainings: 6" in told(page)
    line = f"xfer transfer corpus:{corpus.id} --strategies head,top-2 --steps 30"
    assert line in [code.value for code in page.code]
    page.button(key="cross").click().run()
    kind, config, module = submitted[0]
    assert (kind, module) == (settings.KIND, settings.WORKER) and config["steps"] == 30
    assert config["strategies"] == ("head", "top-2") and config["corpus"] == corpus.id


def test_what_cannot_be_tuned_is_said_in_the_form(open_page, shown, corpus):
    page = open_page("transfer", corpus=corpus.id)
    page.multiselect(key="cross_strategies").set_value([]).run()
    assert "No strategy was chosen" in told(page)
    assert not [button for button in page.button if button.key == "cross"]


def test_a_finished_crossing_has_words_a_matrix_each_and_the_probes(open_page, shown, corpus, three):
    crossing = made(corpus)
    page = open_page("transfer", crossing=crossing.run)
    assert not page.exception
    assert "features-4 works best in other domains" in told(page)
    ours, probes = heat(page)
    assert np.allclose(ours, crossing.macro_f1[0], equal_nan=True) and probes.shape == (6, 3)
    page.selectbox(key="strategy").set_value("top-2").run()
    assert page.query_params["strategy"] == "top-2"
    assert np.allclose(heat(page)[0], crossing.macro_f1[2])
    again = open_page("transfer", crossing=crossing.run, strategy="head", matrix="gap")
    assert np.allclose(heat(again)[0], crossing.gap[1])


def test_while_it_runs_what_is_done_stands_there_and_it_can_be_stopped(open_page, shown, corpus, monkeypatch):
    monkeypatch.setattr(queue.EXECUTOR, "stop", lambda *_: None)
    crossing = made(corpus, running=True)
    page = open_page("transfer", crossing=crossing.run)
    assert not page.exception
    assert "6 of 9 trainings over" in page.progress[0].text.replace("\u2060", "")
    assert page.selectbox(key="strategy").options == ["features-4", "head"]
    page.button(key="stop").click().run()
    assert store.get(crossing.run).want == "stop"


def test_before_anything_is_known_and_where_nothing_is_to_come(open_page, shown, corpus):
    config = settings.validate({"strategies": "head"})
    for state, words in (("queued", "Waiting"), ("failed", "Nothing was tuned"), ("stopped", "Nothing")):
        run = store.create(settings.KIND, settings.request(config, corpus.id), "young")
        if state != "queued":
            store.update(run.id, state=state)
        page = open_page("transfer", crossing=run.id)
        assert not page.exception and words in told(page)
    assert "There is no run" in told(open_page("transfer", crossing="none-such"))


@pytest.mark.parametrize("running", [True, False])
def test_every_word_goes_through_the_catalogue(open_page, shown, corpus, monkeypatch, running):
    real = i18n.translation

    class Marked:
        def gettext(self, message):
            return f"⟦{message}⟧"

    monkeypatch.setattr(i18n, "translation", lambda code: Marked() if code == "zh" else real(code))
    crossing = made(corpus, running=running)
    ours = re.compile(r"(\*\*)?(head|features-4|top-2)(\*\*)?$|" + crossing.run)
    for query in ({"corpus": corpus.id}, {"crossing": crossing.run}):
        page = open_page("transfer", lang="zh", **query)
        assert not page.exception
        parts = [*page.markdown, *page.caption, *page.subheader, *page.title]
        shown_words = [each.value.replace("\u2060", "") for each in parts]
        assert [word for word in shown_words if word and "⟦" not in word and not ours.match(word)] == []
