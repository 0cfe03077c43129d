"""The frame of every worker: the process that does one run, from its row to its end.

A new kind of run is one file, say ``xfer_core/inference/worker.py``::

    from xfer_core.runs import worker

    def body(job: worker.Job) -> None:
        import torch                                    # heavy imports here, not at the top
        for step in range(job.config["steps"]):
            ...                                         # the work
            job.progress(step + 1, job.config["steps"])
            if job.stop_requested():                    # finish the step, save, return
                break
        job.metrics(accuracy=0.9)                       # what the list of runs shows
        # files go to job.folder; an XferError raised here is shown to the user as it is

    if __name__ == "__main__":
        worker.main(body)

and ``queue.submit("classify", config, name, "xfer_core.inference.worker")`` runs it in a process of its own;
``run_here(run_id, body)`` runs the same body in this one. The worker itself writes how it ended; if it is
killed first, the next tick of the queue does.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import current_thread, main_thread
from types import FrameType
from typing import Any

from xfer_core.errors import Interrupted, Refused, XferError, no_space
from xfer_core.files import write_json
from xfer_core.i18n import N_
from xfer_core.progress import Report, seconds_left, silent
from xfer_core.runs import events, processes, queue, store
from xfer_core.runs.executor import WORKER
from xfer_core.runs.store import Run
from xfer_core.settings import child_environment

POLL_SECONDS = 0.5
"""How often the row is asked for a wish to stop, and progress is written."""

Body = Callable[["Job"], None]


class Terminated(BaseException):
    """SIGTERM, as an exception: the run is cancelled, or the machine goes down."""


class Job:
    """What a body sees of its run."""

    def __init__(self, run: Run, watch: Report = silent) -> None:
        self.run = run
        self.stopping = False
        self._watch = watch
        self._phase = ""
        self._pace: tuple[float, float] | None = None  # the first progress of the phase: when, how far
        self._polled = self._written = -POLL_SECONDS

    @property
    def folder(self) -> Path:
        return self.run.folder

    @property
    def config(self) -> dict[str, Any]:
        return self.run.config

    def event(self, kind: str, **values: Any) -> None:
        """Append an event: ``job.event("metric", step=12, train_loss=0.3)``; NaN is kept as NaN."""
        events.append(self.folder, {"kind": kind, **values})

    def metrics(self, **values: Any) -> None:
        """Numbers for the run's row, added to those it has."""
        kept = store.get(self.run.id).metrics
        store.update(self.run.id, metrics={**kept, **values})

    def phase(self, message: str) -> None:
        """Say what is being done now (a message marked by ``N_``)."""
        if message == self._phase:
            return
        self._phase, self._pace = message, None
        self.event("phase", phase=message)
        store.update(self.run.id, phase=message)

    def report(self, fraction: float, message: str) -> None:
        """Progress of something without steps; fits wherever a ``Report`` is asked for."""
        self.phase(message)
        self._watch(fraction, message)
        if self._due(fraction >= 1):
            self._tell(fraction=fraction, seconds_left=self._left(fraction))

    def progress(self, step: int, steps: int, *, fraction: float | None = None, **values: Any) -> None:
        """Progress in steps; *values* may hold ``throughput`` (texts/s) or a better ``seconds_left``.

        Where steps are not alike, *fraction* says how much of the work is done. May be called at every step:
        it is written twice a second at most, and at the last step.
        """
        fraction = step / max(steps, 1) if fraction is None else fraction
        self._watch(fraction, self._phase)
        if not self._due(step >= steps):
            return
        self._tell(**{"step": step, "steps": steps, "seconds_left": self._left(fraction), **values})
        with _spoken("progress"):
            store.update(self.run.id, step=step, steps=steps)

    def _due(self, last: bool) -> bool:
        now = time.monotonic()
        if not last and now - self._written < POLL_SECONDS:
            return False
        self._written = now
        return True

    def _left(self, fraction: float) -> float | None:
        """Seconds until this phase ends, at its own speed: loading says nothing about reading texts."""
        now = time.monotonic()
        if self._pace is None:
            self._pace = now, fraction
        began, first = self._pace
        return seconds_left(now - began, (fraction - first) / (1 - first)) if first < 1 else 0.0

    def _tell(self, **values: Any) -> None:
        with _spoken("progress"):
            self.event("progress", **values)

    def stop_requested(self) -> bool:
        """Whether to finish the step, save and return; cheap enough to ask at every step.

        Of a run that is cancelled it does not return: there is nothing to save any more.
        """
        if not self.stopping and time.monotonic() - self._polled >= POLL_SECONDS:
            self._polled = time.monotonic()
            with _spoken("stop"):
                now = store.find(self.run.id)
                if now is None or now.want or now.state != "running":  # and never back: Ctrl-C may come now
                    self.stopping = True
                if now is not None and now.want == "cancel":
                    raise Terminated
        return self.stopping

    def request_stop(self) -> None:
        """Stop from inside this process (Ctrl-C)."""
        self.stopping = True


@contextmanager
def _spoken(what: str) -> Iterator[None]:
    """A run is not lost over a progress line or a question that could not be written or asked."""
    try:
        yield
    except (Refused, OSError) as error:
        print(f"{what}: {error}", file=sys.stderr)


def main(body: Body) -> None:
    """The whole life of a worker process, ``python -m MODULE RUN_ID``; does not return.

    Exit codes: 0 finished or stopped, 2 an XferError, 1 a defect, 143 terminated.
    """
    run = _register(sys.argv[1])
    if run is None:
        print(f"{sys.argv[1]}: not mine to run", file=sys.stderr)
        sys.exit(0)
    signal.signal(signal.SIGTERM, _terminate)
    code = _carry_out(Job(run), body)[0]
    with _spoken("tick"):
        queue.tick()
    sys.exit(code)


def _register(run_id: str) -> Run | None:
    """Take the run over from the queue, unless it has given it to another process or taken it back."""
    with store.writing() as db:
        run = next(iter(store.select(db, "id = ? AND state = 'running'", run_id)), None)
        if run is None or run.handle != processes.identity(os.getppid()):
            return None
        # Inside the transaction: from here on the run lives even if its supervisor does not.
        write_json(run.folder / WORKER, {"identity": processes.identity(os.getpid())})
    return run


def run_here(run_id: str, body: Body, watch: Report = silent) -> Run:
    """Do a run made by ``store.create(kind, config, name)`` in this process, to its end.

    Ctrl-C is a stop (a second one does not wait): the run comes back as "stopped". *watch* hears the
    progress. Raises what the body raised, once it is recorded; Refused if the run has ended before.
    """
    me = processes.identity(os.getpid())
    run = store.get(run_id)
    write_json(run.folder / WORKER, {"identity": me})
    if not store.update(run_id, state="running", handle=me, started=time.time()):
        raise Refused(N_("The run {run} has ended already."), run=run_id)
    os.environ.update(child_environment())
    job = Job(store.get(run_id), watch)
    with _signals(job):
        error = _carry_out(job, body)[1]
    if error is not None and not isinstance(error, Terminated | KeyboardInterrupt | Interrupted):
        if no_space(error):
            raise explain(job, error) from error
        raise error
    return store.get(run_id)


@contextmanager
def _signals(job: Job) -> Iterator[None]:
    """Ctrl-C stops *job*, SIGTERM ends it; only the main thread of a process can be told."""
    if current_thread() is not main_thread():
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        if job.stopping:
            raise KeyboardInterrupt
        job.request_stop()

    before = signal.signal(signal.SIGINT, interrupt), signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before[0])
        signal.signal(signal.SIGTERM, before[1])


def _terminate(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once: the end must be written down in peace
    raise Terminated


def _carry_out(job: Job, body: Body) -> tuple[int, BaseException | None]:
    """Run *body* and write down how it ended; returns the exit code and what was raised."""
    raised: BaseException | None = None
    try:
        body(job)
        state, code = ("stopped" if job.stopping else "finished"), 0
    except (Terminated, KeyboardInterrupt) as error:
        cancelled = isinstance(error, KeyboardInterrupt) or store.get(job.run.id).want == "cancel"
        state, code, raised = ("stopped" if cancelled else "interrupted"), 143, error
    except Interrupted as error:
        state, code, raised = "stopped", 0, error
    except XferError as error:
        state, code, raised = "failed", 2, error
    except BaseException as error:
        state, code, raised = "failed", 1, error
        with _spoken("log"), (job.folder / "log.txt").open("a", encoding="utf-8") as log:
            traceback.print_exception(error, file=log)
    message = explain(job, raised) if state == "failed" else None
    store.update(job.run.id, state=state, message=store.to_message(message) if message else None)
    return code, raised


def explain(job: Job, error: BaseException | None) -> XferError:
    """What ended a run, as something to tell: the error itself if it was made for that."""
    if isinstance(error, XferError):
        return error
    if no_space(error) or store.full(job.folder):
        return Refused(N_("The disk is full."), N_("Free some space, then start the run again."))
    if isinstance(error, MemoryError):
        return Refused(N_("Memory ran out."), N_("Try a smaller batch or shorter texts."))
    return Refused(
        N_("A defect in Xfer Lab ended the run ({kind}: {text})."),
        N_("Its log.txt holds the details."),
        kind=type(error).__name__,
        text=str(error)[:300],
    )
