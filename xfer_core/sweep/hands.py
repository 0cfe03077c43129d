"""The hands of a sweep: processes that train its arms side by side, or this process, one arm after the other.

Each hand is a process of its own, spawned, for to fork is unsafe once OpenMP has threads. It has its corpus
and its own plain job of the run, whose row it asks for a wish to stop; states of frozen layers it maps from
the disk, where the sweep's process has put them before. It is a pipe's two ends away: in goes what is to be
trained, out comes what became of it, without the model, whose weights lie in the sweep's folder.

A hand stays in the process group of its worker, and ends by itself when that process does. One that is killed
takes only its arm with it: another takes its place.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from threading import Thread
from types import ModuleType
from typing import Any

import torch

from xfer_core import corpora
from xfer_core.corpora.corpus import Corpus
from xfer_core.errors import Interrupted, Refused
from xfer_core.i18n import N_
from xfer_core.runs import events, store
from xfer_core.runs.worker import POLL_SECONDS, Job, Terminated
from xfer_core.sweep import schedule
from xfer_core.sweep.arms import ArmJob, failed, scored, told, train
from xfer_core.sweep.crew import Crew
from xfer_core.sweep.held import Held
from xfer_core.sweep.kept import Kept, keep
from xfer_core.sweep.reading import Reader
from xfer_core.sweep.results import ARMS, STOP, Arm
from xfer_core.tasks import task
from xfer_core.training.material import Shared
from xfer_core.training.pooled_fit import stoppable
from xfer_core.training.settings import FitConfig

GONE = N_("The process of this training was ended from outside.")
GONE_CURE = N_("If memory ran out, try a smaller batch or shorter texts.")

Rank = tuple[float, ...]
Watch = Callable[[dict[str, float | None]], None]
"""Hears, from time to time, how long each arm at work will still take, by its id (None: not known yet)."""


@dataclass(frozen=True)
class Given:
    """An arm to be trained; *place* is its place among all arms, *at_once* how many go side by side.

    Its weights are put away if validation prefers it to *best*, the rank of the best arm of its strategy that
    is known. With a ``final`` the test texts are read too.
    """

    arm: Arm
    config: FitConfig
    place: int
    best: Rank | None
    at_once: int = 1


@dataclass(frozen=True)
class Ended:
    """An arm that has ended. *kept*: if its weights were put away; *lost*: why that failed, as a message."""

    given: Given
    arm: Arm
    kept: Kept | None = None
    lost: dict[str, Any] | None = None


def rank(arm: Arm, place: int) -> Rank:
    """What the validation texts say of *arm*, ties to the earlier one, whichever ended first."""
    return *schedule.score(arm), -place


class Bench:
    """Where one process trains arms of a sweep: everything that they share."""

    def __init__(self, job: Job, corpus: Corpus, *, bf16: bool) -> None:
        self.job, self.corpus, self.bf16 = job, corpus, bf16
        self.what, self.shared, self.held = task("classification"), Shared(), Held()
        self.reader = Reader(corpus, self.what, self.shared, bf16=bf16)

    def train(self, given: Given, told_left: Callable[[float | None], None]) -> Ended:
        """Train an arm, read the texts that it is judged by, and put its weights away if they may be needed.

        What goes wrong in it is in the arm that comes back; what ends the process is raised.
        """
        job = ArmJob(self.job, given.arm, told_left)
        job.report(0.0, N_("Loading the model"))
        trained = train(given.arm, given.config, self.corpus, job, self.shared, self.reader, self.held)
        if trained.arm.state != "done":
            return Ended(given, trained.arm)
        compared = given.arm.role == "final"
        if compared:
            try:
                test = self.reader.logits(trained.model, "test")
                arm = scored(trained.arm, test, self.corpus, self.job.folder, self.what)
            except Exception as error:
                return Ended(given, failed(trained.arm, error, self.job))
            trained = replace(trained, arm=arm)
        if given.best is not None and rank(trained.arm, given.place) <= given.best:
            return Ended(given, trained.arm)
        try:
            return Ended(given, trained.arm, keep(trained, self.job.folder))
        except Exception as error:  # a full disk, say: the others may need less
            if compared:  # it has been measured, which is what it was for
                return Ended(given, trained.arm, lost=store.to_message(told(self.job, error)))
            return Ended(given, failed(trained.arm, error, self.job))

    def on_disk(self, config: FitConfig) -> bool:
        """Make the pass through the frozen layers that *config* needs; whether its states lie on the disk."""
        source = self.shared.source(config.model)
        plan = config.parsed.plan(source.layers)
        wanted = {phase.prefix for phase in plan.phases if phase.prefix is not None}
        if not wanted:
            return True
        model, tokenizer = self.what.load(source, self.corpus, config.dropout)
        length = min(config.max_length, source.max_positions)
        known = self.shared.material(self.corpus, self.what, tokenizer, length, config.seed)
        found = self.shared.states(
            model, source, known.encodings, wanted, max_length=length, bf16=self.bf16,
            report=stoppable(self.job),
        )  # fmt: skip
        return found.keys() == wanted and not any(states.held_mb for states in found.values())


class Hands:
    """Those who train the arms of a sweep, as many at once as its *crew* has hands.

    With one hand it is this process, at *bench*. Processes are started by the first arms that need them.
    """

    def __init__(self, bench: Bench, crew: Crew) -> None:
        self.bench, self.crew = bench, crew
        self._idle: list[_Hand] = []
        self._busy: dict[_Hand, Given] = {}
        self._passed: dict[str, bool] = {}  # of each strategy, whether its states lie on the disk

    def start(self) -> None:
        """Begin to start the processes, which takes them seconds; returns at once."""
        self._idle = [hand for hand in self._idle if hand.process.is_alive()]
        while self.crew.hands > 1 and len(self._idle) + len(self._busy) < self.crew.hands:
            self._idle.append(_Hand(self.bench.job.run.id, self.crew.threads, bf16=self.bench.bf16))

    def ready(self, config: FitConfig) -> bool:
        """Whether arms of *config* can be trained side by side; makes the pass that they need first."""
        if config.strategy not in self._passed:
            self.start()
            try:
                self._passed[config.strategy] = self.bench.on_disk(config)
            except Interrupted:  # whoever begins the arms sees it too
                return False
            except Exception:  # the arm meets it again, and can tell of it
                return False
        return self._passed[config.strategy]

    def train(self, arms: Iterable[Given], watch: Watch, *, together: bool) -> Iterator[Ended]:
        """Train *arms*, asking for the next one when a hand is free; gives back each one as it ends."""
        if not together:
            for given in arms:
                yield self.bench.train(given, lambda left, own=given.arm.id: watch({own: left}))  # type: ignore[misc]
            return
        waiting = iter(arms)
        while True:
            self.start()
            while self._idle and (following := next(waiting, None)) is not None:
                self._give(following)
            if not self._busy:
                return
            at_work = {hand.pipe: hand for hand in self._busy}
            over = wait(list(at_work), POLL_SECONDS)
            self._heed(watch)
            for pipe in over:
                yield self._take(at_work[pipe])  # type: ignore[index]

    def close(self) -> None:
        """End all processes, whatever they do."""
        for hand in (*self._idle, *self._busy):
            hand.end()
        self._idle, self._busy = [], {}

    def _give(self, given: Given) -> None:
        hand = self._idle.pop()
        self._busy[hand] = given
        with suppress(OSError):  # it was killed, which is seen when its answer is awaited
            hand.pipe.send(given)

    def _take(self, hand: _Hand) -> Ended:
        given = self._busy.pop(hand)
        try:
            ended: Ended = hand.pipe.recv()
        except (EOFError, OSError):
            hand.end()
            time.sleep(POLL_SECONDS)  # for an answer that is no older: the hands of a cancelled run end too,
            self.bench.job.stop_requested()  # and then this does not return
            if self.bench.job.stopping:
                return Ended(given, replace(given.arm, state="stopped"))
            return Ended(given, failed(given.arm, Refused(GONE, GONE_CURE), self.bench.job))
        self._idle.append(hand)
        return ended

    def _heed(self, watch: Watch) -> None:
        """Pass on a wish to stop that only this process knows of (Ctrl-C), and tell how far the arms are."""
        folders = {given.arm.id: self.bench.job.folder / ARMS / given.arm.id for given in self._busy.values()}
        if self.bench.job.stop_requested():
            for folder in folders.values():
                (folder / STOP).touch()
        watch({arm: _left(events.last(folder, "progress")) for arm, folder in folders.items()})


def _left(progress: dict[str, Any]) -> float | None:
    """Seconds that an arm will still take by its newest *progress*; None before its first step."""
    left = progress.get("seconds_left")
    return left if "step" in progress and isinstance(left, int | float) else None


class _Hand:
    """One process that trains arms, and this end of the pipe to it."""

    def __init__(self, run_id: str, threads: int, *, bf16: bool) -> None:
        spawning = multiprocessing.get_context("spawn")
        self.pipe, theirs = spawning.Pipe()
        self.process = spawning.Process(target=_serve, args=(theirs, run_id, threads, bf16), daemon=True)
        resource_tracker.ensure_running()  # the first process would start it, and that unblocks the signal
        # Ctrl-C is told to all, and the sweep's process heeds it; a hand must not even while it imports.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        try:
            with _no_main():
                self.process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


@contextmanager
def _no_main() -> Iterator[None]:
    """A spawned process would run the main module again: nothing of it is needed, and it may be a script."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _serve(pipe: Connection, run_id: str, threads: int, bf16: bool) -> None:
    """The life of a hand: arm after arm, until the other end of the pipe is closed."""
    Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(threads)
    job = Job(store.get(run_id))
    bench = Bench(job, corpora.load(job.config["corpus"]), bf16=bf16)
    with suppress(EOFError, Terminated):
        while True:
            pipe.send(bench.train(pipe.recv(), _unheard))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _unheard(left: float | None) -> None:
    """The sweep's process reads the events of the arm instead."""
