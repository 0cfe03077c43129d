from __future__ import annotations

import math
import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from xfer_core import runs
from xfer_core.errors import BadTable, NotFound, Refused
from xfer_core.files import read_json
from xfer_core.runs import events, store

ROOT = Path(__file__).parents[3]


def test_a_run_is_a_row_and_a_folder_that_explains_itself(home: Path) -> None:
    run = runs.create("train", {"model": "bundled:minilm", "lr": 2e-5}, "Täts & tweets, full")
    assert run == runs.get(run.id)
    assert run.state == "queued" and run.live and run.config == {"model": "bundled:minilm", "lr": 2e-5}
    assert run.folder == home / "runs" / run.id
    written = read_json(run.folder / "config.json")
    assert written["kind"] == "train" and written["name"] == "Täts & tweets, full" and written["lr"] == 2e-5
    assert abs(run.created - time.time()) < 10


def test_names_are_not_unique_but_ids_are(home: Path) -> None:
    made = [runs.create("train", {}, "same") for _ in range(40)]
    assert len({run.id for run in made}) == 40
    assert [run.id for run in runs.listing()] == [run.id for run in reversed(made)]
    assert runs.listing("classify") == []


def test_an_end_never_changes(home: Path) -> None:
    run = runs.create("train", {}, "x")
    assert runs.update(run.id, state="running", started=1.0)
    assert runs.update(run.id, state="finished")
    assert runs.get(run.id).ended == pytest.approx(time.time(), abs=10)
    assert not runs.update(run.id, state="interrupted")
    assert not runs.update(run.id, state="running")
    assert runs.get(run.id).state == "finished"
    states = [event["state"] for event in events.read(run.folder)[0]]
    assert states == ["queued", "running", "finished"]


def test_fields_of_any_json_come_back(home: Path) -> None:
    run = runs.create("train", {}, "x")
    error = BadTable("Row {row} has “{text}”.", "Mend it.", row=3, text="a{b}")
    runs.update(
        run.id, metrics={"loss": math.nan, "f1": 0.5}, message=store.to_message(error), step=4, phase="p"
    )
    run = runs.get(run.id)
    assert events.number(run.metrics["loss"]) != events.number(run.metrics["loss"])
    assert (run.metrics["f1"], run.step, run.phase) == (0.5, 4, "p")
    assert type(run.error) is BadTable and str(run.error) == str(error)
    with pytest.raises(TypeError, match="colour"):
        runs.update(run.id, colour="red")


@pytest.mark.parametrize(
    "name", ["", "nope", "../etc", "a/b", "/etc", "a\x00b", "%2e%2e", "A", "x" * 65, ".", "x-1'--"]
)
def test_names_that_are_not_runs_are_not_found(home: Path, name: str) -> None:
    with pytest.raises(NotFound):
        runs.get(name)
    assert runs.find(name) is None
    with pytest.raises(NotFound):
        runs.delete(name)
    with pytest.raises(NotFound):
        runs.stop(name)


def test_delete_removes_all_but_never_a_run_at_work(home: Path) -> None:
    run = runs.create("train", {}, "x")
    runs.update(run.id, state="running")
    with pytest.raises(Refused, match="running"):
        runs.delete(run.id)
    runs.update(run.id, state="finished")
    (run.folder / "model").mkdir()
    runs.delete(run.id)
    assert runs.listing() == [] and list((home / "runs").iterdir()) == []


def test_a_block_that_fails_changes_nothing(home: Path) -> None:
    run = runs.create("train", {}, "x")
    with pytest.raises(ValueError, match="mid"), store.writing() as db:
        store.assign(db, run.id, state="running")
        raise ValueError("mid")
    assert runs.get(run.id) == run


def test_processes_that_write_at_once_lose_nothing(home: Path) -> None:
    """Six processes meet at a store that does not exist yet, each adds 20 to one counter and 5 runs."""
    script = """
import sys; from xfer_core.runs import store
for i in range(20):
    with store.writing() as db:
        db.execute("CREATE TABLE IF NOT EXISTS counter (n INTEGER)")
        n = db.execute("SELECT max(n) FROM counter").fetchone()[0] or 0
        db.execute("INSERT INTO counter VALUES (?)", (n + 1,))
    if i % 4 == 0: store.create("train", {}, "same")
"""
    writers = [subprocess.Popen([sys.executable, "-c", script], cwd=ROOT) for _ in range(6)]
    assert [writer.wait() for writer in writers] == [0] * 6
    with store.reading() as db:
        assert db.execute("SELECT max(n) FROM counter").fetchone()[0] == 120
        assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert len(runs.listing()) == 30


def test_a_writer_killed_in_mid_transaction_leaves_the_store_as_it_was(home: Path) -> None:
    run = runs.create("train", {}, "x")
    script = f"""
import os; from xfer_core.runs import store
with store.writing() as db:
    store.assign(db, {run.id!r}, state="finished")
    os.kill(os.getpid(), 9)
"""
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT).returncode == -9
    assert runs.get(run.id) == run
    assert runs.update(run.id, step=1)


def test_kills_at_random_moments_leave_a_sound_store(home: Path) -> None:
    """A process makes, changes and deletes runs until it is killed, twelve times over."""
    script = """
from xfer_core.runs import store
while True:
    run = store.create("train", {"steps": 3}, "victim")
    print("made", run.id, flush=True)
    store.update(run.id, state="running", metrics={"loss": 0.5})
    store.update(run.id, state="finished")
    print("finished", run.id, flush=True)
    gone = store.create("train", {}, "gone")
    store.delete(gone.id)
    print("deleted", gone.id, flush=True)
"""
    chance = random.Random(3)
    said: list[list[str]] = []
    for _ in range(12):
        victim = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert victim.stdout is not None
        first = victim.stdout.readline()
        time.sleep(chance.uniform(0, 0.3))
        victim.kill()
        said += [line.split() for line in [first, *victim.stdout]]
        victim.wait()
        with store.reading() as db:
            assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    known = {run.id: run for run in runs.listing()}
    assert len(said) > 24, "the test did something"
    for what, name in said:
        if what == "deleted":
            assert name not in known and not (home / "runs" / name).exists()
        else:
            assert known[name].state == "finished" or what == "made"
    for run in known.values():
        assert read_json(run.folder / "config.json")["kind"] == "train"
        assert run.state != "finished" or run.metrics == {"loss": 0.5}


def test_a_damaged_store_is_a_sentence(home: Path) -> None:
    (home / "xfer.db").write_bytes(b"this is not a database, and it is long enough to be looked at" * 20)
    with pytest.raises(Refused, match=r"run store .* cannot be used"):
        runs.listing()


def test_a_full_disk_is_said_whatever_fails_on_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(path: Path) -> None:
        raise sqlite3.OperationalError("disk I/O error")  # what SQLite really says on a full tmpfs

    runs.listing()
    monkeypatch.setattr(store, "_open", broken)
    with pytest.raises(Refused, match="cannot be used"):
        runs.listing()
    monkeypatch.setattr(store.shutil, "disk_usage", lambda place: SimpleNamespace(free=0))
    with pytest.raises(Refused, match=r"disk that holds .* is full"):
        runs.listing()


def test_a_tuned_model_is_found_by_its_run(home: Path) -> None:
    run = runs.create("train", {}, "tweets")
    with pytest.raises(Refused, match=f"{run.id}.*Wait for its end"):
        runs.locate(run.id)
    runs.update(run.id, state="stopped")
    with pytest.raises(Refused, match=f"{run.id}.*ended before"):
        runs.locate(run.id)
    assert runs.tuned() == []
    (run.folder / "model").mkdir()
    (run.folder / "model" / "config.json").write_text("{}")
    assert runs.locate(run.id) == str(run.folder / "model")
    runs.create("train", {}, "without a model")
    assert runs.tuned() == [run.id]
    for other in ("bundled:minilm", "org/name", "/a/folder", "no-such-run"):
        assert runs.locate(other) == other


def test_neither_runs_nor_engine_import_anything_heavy() -> None:
    script = """
import sys, xfer_core.runs, xfer_core.engine
heavy = ("torch", "transformers", "sklearn", "umap", "streamlit", "pandas", "numpy")
print([name for name in heavy if name in sys.modules])
"""
    said = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "[]"
