"""Classify: one text at once, a table as a run of its own, and what comes back."""

import json

import numpy as np
import pytest

from tests.app import runs
from tests.app.corpora import small
from xfer_core.files import write_json
from xfer_core.inference.classify import Classified
from xfer_core.inference.request import WORKER, outcome, request
from xfer_core.runs import queue, store

TABLE = b"id,note,where\n1,a long sentence about something nice,x\n2,another long sentence about it,=1+1\n"


@pytest.fixture(autouse=True)
def no_queue(monkeypatch):
    monkeypatch.setattr(queue, "tick", lambda: None)


@pytest.fixture
def tuned(home):
    return runs.finished(small(n=24))


def classified(tokens):
    shares = np.array([[0.25, 0.75]], dtype=np.float32)
    return Classified(("**bad**", "good"), shares, np.array([tokens], dtype=np.int32), read=128)


def done(tuned):
    config = request(tuned.id, "gone", name="t.csv", text="note")
    run = store.create("classify", config, "classify-t")
    store.update(run.id, state="running")
    outcome(run.folder, config).write_text("id,predicted_label\n1,good\n")
    facts = {
        "rows": 1, "rejected": 2, "empty": 0, "truncated": 4, "made_safe": 3,
        "seconds": 2.0, "rows_per_second": 0.5, "labels": {"**bad**": 0, "good": 1},
    }  # fmt: skip
    write_json(run.folder / "classified.json", facts)
    store.update(run.id, state="finished")
    return run


def test_without_a_model_it_leads_to_one(open_page):
    page = open_page("classify")
    assert not page.exception
    assert [link.proto.label for link in page.get("page_link")] == ["Fine-tune a model"]


def test_one_text_gives_a_bar_a_label(open_page, answers, tuned):
    answers["classify_texts"] = classified(tokens=128)
    page = open_page("classify", text="What a day")
    assert not page.exception
    [chart] = page.get("plotly_chart")
    spec = json.loads(chart.proto.spec)
    assert "good" in json.dumps(spec) and "75.0%" in json.dumps(spec)


def test_a_text_that_was_cut_is_said_to_be(open_page, answers, tuned):
    answers["classify_texts"] = classified(tokens=1_300)
    page = open_page("classify", text="What a day")
    assert any("first 128 of its 1,300 tokens" in each.value for each in page.caption)
    answers["classify_texts"] = classified(tokens=128)
    assert not any("of its" in each.value for each in open_page("classify", text="What a day").caption)


def test_no_text_asks_nothing_of_the_engine(open_page, answers, tuned):
    page = open_page("classify")
    assert not page.exception  # the stand-in engine would raise: it was given no answer
    assert not page.get("plotly_chart")


def test_a_table_is_previewed_and_started_as_a_run(open_page, tuned, submitted, home):
    page = open_page("classify", what="table")
    page.file_uploader(key="table-upload").set_value(("t.csv", TABLE, "text/csv")).run()
    assert not page.exception
    assert list(page.dataframe[0].value.columns) == ["id", "note", "where"]
    column = next(each for each in page.selectbox if each.label == "Column to read")
    assert column.value == "note"  # guessed
    page.radio(key="format").set_value("parquet").run()
    page.button(key="start-table").click().run()
    assert not page.exception
    [(kind, config, module)] = submitted
    assert (kind, module) == ("classify", WORKER)
    assert (config["model"], config["name"], config["text"], config["format"], config["raw"]) == (
        tuned.id, "t.csv", "note", "parquet", False,
    )  # fmt: skip
    [kept] = (home / "uploads").iterdir()
    assert kept.read_bytes() == TABLE and config["path"] == str(kept)


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02" * 100, b"only,a,header\n"])
def test_what_is_no_table_is_a_sentence(open_page, tuned, content):
    page = open_page("classify", what="table")
    page.file_uploader(key="table-upload").set_value(("t.csv", content, "text/csv")).run()
    assert not page.exception
    assert len(page.error) == 1
    assert not [button for button in page.button if button.key == "start-table"]


def test_a_finished_table_can_be_fetched_and_says_what_was_left_out(open_page, tuned):
    run = done(tuned)
    page = open_page("classify", job=run.id)
    assert not page.exception
    [said] = [each.value for each in page.markdown if "Rows: 1," in each.value]
    assert "Lines that could not be read: 2." in said and "model reads: 4" in said
    assert [button.proto.label for button in page.get("download_button")] == ["Download the result"]
    counts = page.dataframe[0].value
    assert counts["Rows"].tolist() == [0, 1] and counts["Label"].tolist() == ["**bad**", "good"]
    assert any(f"xfer classify {tuned.id} t.csv --text note" in code.value for code in page.code)


def test_a_running_table_shows_how_far_it_is_and_can_be_stopped(open_page, tuned):
    run = store.create("classify", request(tuned.id, "gone", name="t.csv", text="note"), "classify-t")
    store.update(run.id, state="running", phase="Classifying the rows")
    from xfer_core.runs import events

    events.append(
        run.folder, {"kind": "progress", "step": 50, "steps": 200, "seconds_left": 30, "throughput": 9}
    )
    page = open_page("classify", job=run.id)
    assert not page.exception
    [bar] = page.get("progress")
    assert bar.proto.value == 25
    page.button(key="stop-table").click().run()
    assert store.get(run.id).want == "stop"


def test_a_job_that_is_not_there_is_a_sentence(open_page, tuned):
    page = open_page("classify", job="no-such-job")
    assert not page.exception
    assert len(page.error) == 1
