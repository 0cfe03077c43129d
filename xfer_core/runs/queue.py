"""What starts when, and what becomes of the runs whose processes are gone.

Nothing here runs by itself. Pages tick while they poll, a worker ticks when it ends and so does its
supervisor: whoever is left moves the queue on.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

from xfer_core.errors import Refused, XferError
from xfer_core.i18n import N_
from xfer_core.runs import events, store
from xfer_core.runs.executor import Executor, LocalExecutor, exit_of
from xfer_core.runs.store import Run
from xfer_core.settings import LIMITS

EXECUTOR: Executor = LocalExecutor()


def submit(kind: str, config: Mapping[str, Any], name: str, module: str) -> Run:
    """Queue a run for ``python -m MODULE RUN_ID`` and start it if there is room; returns it as it then is."""
    run = store.create(kind, config, name, module)
    tick()
    return store.get(run.id)


def stop(run_id: str) -> Run:
    """Ask a run to finish its step, save and end; returns at once. One that only waits is stopped here."""
    return _wish(run_id, "stop")


def cancel(run_id: str) -> Run:
    """Free the machine within two seconds; what the run saved last stays.

    Returns at once where the run's supervisor lives, which sees to it, and else when it is done.
    """
    run = _wish(run_id, "cancel")
    if run.state == "running":
        EXECUTOR.stop(run, run.handle, LIMITS.stop_grace_seconds)
    return run


def _wish(run_id: str, want: str) -> Run:
    # The wish lives in the row: a signal sent to a supervisor that is just dying would be lost.
    store.get(run_id)
    with store.writing() as db:
        stopped = db.execute("SELECT 1 FROM runs WHERE id = ? AND state = 'queued'", (run_id,)).fetchone()
        if stopped:
            store.assign(db, run_id, state="stopped")
        else:
            db.execute("UPDATE runs SET want = ? WHERE id = ? AND state = 'running'", (want, run_id))
    if stopped:
        events.append(store.folder(run_id), {"kind": "state", "state": "stopped"})
    return store.get(run_id)


def tick() -> None:
    """Judge runs whose processes are gone, see wishes through, start what there is room for.

    Cheap when there is nothing to do, and safe from any number of processes at once.
    """
    with store.reading() as db:
        live = store.select(db, "state IN ('queued', 'running')")
    for run in live:
        if run.state == "running" and not EXECUTOR.alive(run, run.handle):
            _judge(run)
        elif run.state == "running" and run.want == "cancel":
            EXECUTOR.stop(run, run.handle, LIMITS.stop_grace_seconds)
    if any(run.state == "queued" and run.module for run in live):
        while _start_next():
            pass


def _start_next() -> bool:
    """Start the run that has waited longest, if a place is free; returns whether there may be another one."""
    # Under the write lock from the choice to its record, so that two ticks cannot start the same run. If
    # this process dies in between, the row still says "queued", and the worker, not finding its
    # supervisor's name there, leaves again.
    with store.writing() as db:
        waiting = store.select(db, "state = 'queued' AND module != ''")
        working = db.execute("SELECT count(*) FROM runs WHERE state = 'running'").fetchone()[0]
        if not waiting or working >= LIMITS.runs_at_once:
            return False
        run = waiting[-1]
        try:
            handle = EXECUTOR.submit(run, [sys.executable, "-P", "-m", run.module, run.id])
        except OSError as error:
            state = "failed"
            refusal = Refused(N_("The run could not be started ({reason})."), reason=str(error))
            store.assign(db, run.id, state=state, message=store.to_message(refusal))
        else:
            state = "running"
            store.assign(db, run.id, state=state, handle=handle, started=time.time(), phase=N_("Starting"))
        events.append(run.folder, {"kind": "state", "state": state})
    return True


def _judge(run: Run) -> None:
    """Record the end of a run whose worker did not live to record it."""
    state, error = _verdict(run)
    with store.writing() as db:
        now = next(iter(store.select(db, "id = ? AND state = 'running'", run.id)), None)
        # Looked at again under the lock: it may have ended well, or have been started anew, meanwhile.
        if now is None or now.handle != run.handle or EXECUTOR.alive(now, now.handle):
            return
        store.assign(db, run.id, state=state, message=store.to_message(error) if error else None)
    events.append(run.folder, {"kind": "state", "state": state})


def _verdict(run: Run) -> tuple[str, XferError | None]:
    if run.want == "cancel":
        return "stopped", None
    facts = exit_of(run, run.handle)
    if facts.get("code"):
        return "failed", Refused(
            N_("The worker ended with exit code {code} before it could say why."),
            N_("Its log.txt holds what it wrote."),
            code=facts["code"],
        )
    if facts.get("signal") == 9:
        return "interrupted", Refused(
            N_("The worker was killed, most likely because memory ran out; it had used {mb} MB."),
            N_("Try a smaller batch or shorter texts."),
            mb=facts["peak_mb"],
        )
    return "interrupted", Refused(N_("The worker is gone: the machine or the process was stopped."))
