"""The run store: one row a run in SQLite, one folder a run that explains itself without the row.

Every process (pages, workers, the command line) opens the same ``xfer.db``. Writers take the write lock
before they read (``BEGIN IMMEDIATE``), so that a decision and its record cannot be torn apart; a process
killed at any moment leaves the row as it was.
"""

from __future__ import annotations

import json
import secrets
import shutil
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xfer_core import errors
from xfer_core.errors import NotFound, Refused, XferError
from xfer_core.files import inside, slug, write_json
from xfer_core.i18n import N_
from xfer_core.runs import events
from xfer_core.settings import home

LIVE = ("queued", "running")
ENDED = ("finished", "stopped", "failed", "interrupted")
LOCK_SECONDS = 20

_JSON = ("metrics", "message", "config")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    module TEXT NOT NULL,              -- what `python -m` runs; empty: not for the queue
    state TEXT NOT NULL DEFAULT 'queued',
    want TEXT NOT NULL DEFAULT '',
    handle TEXT NOT NULL DEFAULT '',   -- the executor's name for the process
    created REAL NOT NULL,
    started REAL,
    ended REAL,
    step INTEGER NOT NULL DEFAULT 0,
    steps INTEGER NOT NULL DEFAULT 0,
    phase TEXT NOT NULL DEFAULT '',
    metrics TEXT NOT NULL DEFAULT '{}',
    message TEXT,
    config TEXT NOT NULL
)
"""


@dataclass(frozen=True)
class Run:
    """A run as its row was when read. Times are unix seconds; *phase* and *message* hold message ids."""

    id: str
    kind: str
    name: str
    module: str
    state: str
    want: str
    handle: str
    created: float
    started: float | None
    ended: float | None
    step: int
    steps: int
    phase: str
    metrics: dict[str, Any]
    message: dict[str, Any] | None
    config: dict[str, Any]

    @property
    def folder(self) -> Path:
        return folder(self.id)

    @property
    def live(self) -> bool:
        """Whether it still waits or works."""
        return self.state in LIVE

    @property
    def error(self) -> XferError | None:
        """*message* as the error it came from, to be shown like any other."""
        return to_error(self.message) if self.message else None


def folder(run_id: str) -> Path:
    """The run's folder; raises NotFound for a name that cannot be a run's."""
    return inside(home() / "runs", run_id)


def create(kind: str, config: Mapping[str, Any], name: str, module: str = "") -> Run:
    """A new run, queued, with its folder and ``config.json``. Without *module* the queue leaves it alone."""
    try:
        # The folder first: a kill in between leaves a folder nobody knows, not a run without its files.
        place = _new_folder(slug(name or kind))
        write_json(place / "config.json", {"kind": kind, "name": name, **events.plain(config)})
        events.append(place, {"kind": "state", "state": "queued"})
    except OSError as error:
        if full(home()):
            raise _disk_is_full(home()) from error
        raise
    with writing() as db:
        db.execute(
            "INSERT INTO runs (id, kind, name, module, created, config) VALUES (?, ?, ?, ?, ?, ?)",
            (place.name, kind, name, module, time.time(), _encode(config)),
        )
    return get(place.name)


def _new_folder(stem: str) -> Path:
    while True:
        place = home() / "runs" / f"{stem}-{secrets.token_hex(2)}"
        try:
            place.mkdir(parents=True)
        except FileExistsError:
            continue
        return place


def get(run_id: str) -> Run:
    """The run named *run_id*; raises NotFound."""
    run = find(run_id)
    if run is None:
        raise NotFound(N_("There is no run named “{run}”."), run=run_id[:80])
    return run


def find(run_id: str) -> Run | None:
    with reading() as db:
        return next(iter(select(db, "id = ?", run_id)), None)


def listing(kind: str | None = None) -> list[Run]:
    """All runs, or those of one kind, newest first."""
    with reading() as db:
        return select(db, "kind = ?", kind) if kind else select(db, "1")


def update(run_id: str, **fields: Any) -> bool:
    """Set fields of a run; a state that is an end never changes again.

    Returns whether the row changed. A new state is also written to the run's events, and an end sets *ended*.
    """
    with writing() as db:
        changed = assign(db, run_id, **fields)
    if changed and "state" in fields:
        events.append(folder(run_id), {"kind": "state", "state": fields["state"]})
    return changed


def assign(db: sqlite3.Connection, run_id: str, **fields: Any) -> bool:
    """:func:`update` inside a transaction of the caller's, who writes the event after it."""
    if fields.get("state") in ENDED:
        fields.setdefault("ended", time.time())
    if fields.get("state") in ("finished", "stopped"):
        fields.setdefault("phase", "")  # of one that did not mean to end, the phase says where it was
    guard = f" AND state NOT IN {ENDED}" if "state" in fields else ""
    if unknown := fields.keys() - Run.__dataclass_fields__.keys():
        raise TypeError(f"a run has no {', '.join(unknown)}")
    values = [_encode(v) if k in _JSON and v is not None else v for k, v in fields.items()]
    names = ", ".join(f"{name} = ?" for name in fields)
    return db.execute(f"UPDATE runs SET {names} WHERE id = ?{guard}", (*values, run_id)).rowcount == 1


def delete(run_id: str) -> None:
    """Remove a run and its folder; raises Refused while it runs, NotFound."""
    run = get(run_id)
    with writing() as db:
        if not db.execute("DELETE FROM runs WHERE id = ? AND state != 'running'", (run_id,)).rowcount:
            raise Refused(N_("The run {run} is running."), N_("Stop it first."), run=run_id)
    # Renamed first: a folder half deleted must not look like a run.
    if run.folder.exists():
        run.folder.rename(run.folder.with_name(f".{run_id}.gone"))
    for gone in run.folder.parent.glob(".*.gone"):  # also what a kill left of an earlier one
        shutil.rmtree(gone, ignore_errors=True)


def to_message(error: XferError) -> dict[str, Any]:
    """An error as a row can hold it; :func:`to_error` gives it back."""
    return {"type": type(error).__name__, "what": error.what, "cure": error.cure, "values": error.values}


def to_error(message: Mapping[str, Any]) -> XferError:
    kind = getattr(errors, str(message.get("type")), XferError)
    return kind(message["what"], message.get("cure", ""), **message.get("values", {}))


@contextmanager
def reading() -> Iterator[sqlite3.Connection]:
    """A connection for reading; raises Refused where the store cannot be read."""
    path = home() / "xfer.db"
    try:
        db = _open(path)
        try:
            yield db
        finally:
            db.close()
    except sqlite3.DatabaseError as error:
        raise _refusal(path, error) from error


@contextmanager
def writing() -> Iterator[sqlite3.Connection]:
    """A connection that holds the write lock until the block ends; an exception undoes all of it."""
    with reading() as db:
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
        except BaseException:
            db.rollback()
            raise
        db.commit()


def select(db: sqlite3.Connection, where: str, *values: Any) -> list[Run]:
    rows = db.execute(f"SELECT * FROM runs WHERE {where} ORDER BY created DESC, rowid DESC", values)
    return [Run(**{k: _decode(row[k]) if k in _JSON else row[k] for k in row.keys()}) for row in rows]  # noqa: SIM118


def _open(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=LOCK_SECONDS, isolation_level=None)
    db.row_factory = sqlite3.Row
    db.execute("PRAGMA synchronous = NORMAL")
    if not db.execute("PRAGMA user_version").fetchone()[0]:
        _lay_out(db)
    return db


def _lay_out(db: sqlite3.Connection) -> None:
    deadline = time.monotonic() + LOCK_SECONDS
    while True:  # the switch to WAL does not wait for other processes by itself
        try:
            db.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
    db.execute("BEGIN IMMEDIATE")
    db.execute(_SCHEMA)
    db.execute("PRAGMA user_version = 1")
    db.execute("COMMIT")


def full(place: Path) -> bool:
    """Whether the disk is (as good as) full: what then fails often says something else."""
    return shutil.disk_usage(place).free < 2**24


def _disk_is_full(place: Path) -> Refused:
    return Refused(N_("The disk that holds {folder} is full."), N_("Free some space."), folder=str(place))


def _refusal(path: Path, error: sqlite3.DatabaseError) -> Refused:
    text = str(error)
    if full(path.parent):
        return _disk_is_full(path.parent)
    if "locked" in text:
        return Refused(N_("The run store is busy."), N_("Try again in a moment."))
    return Refused(
        N_("The run store {path} cannot be used ({reason})."),
        N_("If it stays so, move the file away: the runs' folders are kept."),
        path=str(path),
        reason=text,
    )


def _encode(value: Any) -> str:
    return json.dumps(events.plain(value), ensure_ascii=False)


def _decode(text: str | None) -> Any:
    return json.loads(text) if text is not None else None
