"""The event stream: everything once, in order, from any cursor; nothing to strangers; an end."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.requests import Request

from xfer_core.runs import events, queue, store
from xfer_core.ui import streams


@pytest.fixture(autouse=True)
def quick(monkeypatch, home):
    monkeypatch.setattr(streams, "INTERVAL", 0.01)
    monkeypatch.setattr(queue, "tick", lambda: None)


@pytest.fixture
def run():
    run = store.create("train", {}, "demo")
    store.update(run.id, state="running")
    return run


def apart(work):
    """Run in a thread of its own: browser tests of the same session leave their loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result(20)


def collect(run_id, cursor=0, language="en", meanwhile=None, most=1000):
    """The messages of a stream as (kind, value, id), to its end."""

    async def read():
        found, number = [], 0
        async for text in streams.stream(run_id, cursor, language):
            number += 1
            assert number < most, "the stream does not end"
            if text.startswith(":"):
                found.append(("comment", None, None))
            else:
                kind, identity, data = (line.partition(": ")[2] for line in text.strip().split("\n"))
                found.append((kind, json.loads(data), int(identity)))
            if meanwhile:
                meanwhile(number)
        return found

    return apart(read())


def sent(messages):
    return [event for kind, value, _ in messages if kind == "events" for event in value]


def test_a_finished_run_gives_all_its_events_then_its_end(run):
    for step in range(5):
        events.append(run.folder, {"kind": "metric", "step": step, "train_loss": float("nan")})
    store.update(run.id, state="finished")
    messages = collect(run.id)
    assert [e["step"] for e in sent(messages) if e["kind"] == "metric"] == [0, 1, 2, 3, 4]
    assert sent(messages)[2]["train_loss"] == "NaN"
    assert [kind for kind, _, _ in messages] == ["events", "state", "end"]
    assert messages[-1][1] == "finished"


def test_what_is_written_while_it_runs_arrives_once_and_before_the_end(run):
    def meanwhile(number):
        if number < 6:
            events.append(run.folder, {"kind": "metric", "step": number})
        elif number == 6:
            events.append(run.folder, {"kind": "metric", "step": 99})
            store.update(run.id, state="stopped")

    messages = collect(run.id, meanwhile=meanwhile)
    steps = [event["step"] for event in sent(messages) if event["kind"] == "metric"]
    assert steps == [1, 2, 3, 4, 5, 99]
    assert [value for kind, value, _ in messages if kind == "state"] == ["running", "stopped"]


def test_goes_on_at_the_cursor_it_gave(run):
    events.append(run.folder, {"kind": "metric", "step": 1})
    store.update(run.id, state="finished")
    first = collect(run.id)
    cursor = first[-1][2]
    assert cursor == (run.folder / events.NAME).stat().st_size
    assert sent(collect(run.id, cursor)) == []


def test_a_long_past_comes_in_pieces_that_may_be_repeated(run, monkeypatch):
    monkeypatch.setattr(streams, "BATCH", 10)
    for step in range(35):
        events.append(run.folder, {"kind": "metric", "step": step})
    store.update(run.id, state="finished")
    pieces = [(value, cursor) for kind, value, cursor in collect(run.id) if kind == "events"]
    assert [len(value) for value, _ in pieces[:3]] == [10, 10, 10]
    # Cut off before the last piece, a client comes back with where it began, never beyond what it has.
    assert [cursor for _, cursor in pieces[:-1]] == [0] * (len(pieces) - 1)
    assert pieces[-1][1] == (run.folder / events.NAME).stat().st_size


def test_phases_come_in_the_language_asked_for(run, monkeypatch):
    monkeypatch.setattr(streams, "translate", lambda message, language: f"{language}:{message}")
    events.append(run.folder, {"kind": "phase", "phase": "Training"})
    store.update(run.id, state="finished")
    assert "zh:Training" in [event.get("phase") for event in sent(collect(run.id, language="zh"))]


def test_silence_is_broken_by_heartbeats(run, monkeypatch):
    monkeypatch.setattr(streams, "HEARTBEAT", 0.02)
    beats = []

    def meanwhile(number):
        beats.append(number)
        if number == 6:
            store.update(run.id, state="finished")

    kinds = [kind for kind, _, _ in collect(run.id, meanwhile=meanwhile)]
    assert kinds.count("comment") >= 3


def test_a_deleted_run_ends_its_streams(run):
    def meanwhile(number):
        if number == 2:
            store.update(run.id, state="finished")
            store.delete(run.id)

    assert collect(run.id, meanwhile=meanwhile)[-1][0] == "end"


def ask(run_id, headers=(), query=b""):
    scope = {
        "type": "http", "method": "GET", "path": "/", "query_string": query, "path_params": {"run": run_id},
        "headers": [(b"host", b"127.0.0.1:8501"), *headers],
    }  # fmt: skip
    return apart(streams.run_events(Request(scope)))


def test_answers_are_never_kept_or_buffered(run):
    answer = ask(run.id)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert (answer.headers["cache-control"], answer.headers["x-accel-buffering"]) == ("no-store", "no")


@pytest.mark.parametrize("name", ["no-such-run", "..", "../x", "A", "x" * 100, ""])
def test_what_is_no_run_is_not_found(name):
    assert ask(name).status_code == 404


@pytest.mark.parametrize(
    "origin, status",
    [
        (b"http://127.0.0.1:8501", 200),
        (b"http://evil.example", 403),
        (b"null", 403),
        (b"http://127.0.0.1:9", 403),
    ],
)
def test_other_origins_are_refused(run, origin, status):
    assert ask(run.id, [(b"origin", origin)]).status_code == status


@pytest.mark.parametrize("cursor", [b"-1", b"x", b"1e9", "٣".encode(), b"9" * 50, b""])
def test_a_broken_cursor_starts_from_the_beginning(run, cursor, monkeypatch):
    asked = []
    monkeypatch.setattr(streams, "stream", lambda run_id, cursor, language: asked.append(cursor) or iter(()))
    ask(run.id, query=b"cursor=" + cursor)
    assert asked == [0]


def test_the_browsers_own_cursor_wins(run, monkeypatch):
    asked = []
    monkeypatch.setattr(streams, "stream", lambda run_id, cursor, language: asked.append(cursor) or iter(()))
    ask(run.id, [(b"last-event-id", b"42")], b"cursor=7")
    assert asked == [42]
