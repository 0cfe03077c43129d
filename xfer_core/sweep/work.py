"""A sweep at work: one process, its arms one after the other, and what they share."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from xfer_core.corpora.corpus import Corpus
from xfer_core.errors import Refused
from xfer_core.files import write_json
from xfer_core.i18n import N_, Said
from xfer_core.runs import events, store
from xfer_core.runs.worker import Job
from xfer_core.sweep import effects, results, schedule
from xfer_core.sweep.answer import next_strategies
from xfer_core.sweep.arms import ArmJob, Trained, failed, scored, train
from xfer_core.sweep.check import Checked
from xfer_core.sweep.evidence import Evidence, probes
from xfer_core.sweep.kept import Kept, keep, restored
from xfer_core.sweep.leaving import leave
from xfer_core.sweep.reading import Reader
from xfer_core.sweep.recommend import recommend
from xfer_core.sweep.results import Arm
from xfer_core.tasks import task
from xfer_core.training import cost
from xfer_core.training.material import Shared
from xfer_core.training.strategies import parse

COPIED = N_("There is no chance in this strategy, so one more seed gives what the first one gave.")
NO_CHOICE = N_("None of the strategy's learning rates was tried to its end.")
STOPPED = N_("The sweep was stopped before this arm.")

_TOLD = ("strategy", "state", "seed", "learning_rate", "validation_macro_f1", "seconds")
"""What an ``arm`` event of the sweep tells of the arm whose state is another now."""


class Sweeping:
    """A sweep at work: its arms as they are now, and what they share."""

    def __init__(self, job: Job, checked: Checked, corpus: Corpus) -> None:
        self.job, self.corpus = job, corpus
        self.config, self.source = checked.config, checked.source
        self.what, self.shared = task("classification"), Shared()
        self.reader = Reader(corpus, self.what)
        self.arms: tuple[Arm, ...] = ()
        self.saved: dict[str, float] = {}  # seconds that an arm does not need, for another one did its part
        self.kept: dict[str, Kept] = {}
        self.was: effects.Before | None = None
        self.notes: list[Said] = [*checked.notes]
        self.about: dict[str, Any] = {
            "depth": self.source.layers, "strategies": [], "arms": [], "notes": [],
            "shift": {}, "forgetting": {},
        }  # fmt: skip
        self._write()

    def probe(self, found: Evidence) -> None:
        """A probe on every layer of the untuned model, added to what was *found*."""
        if self.job.stop_requested():
            return
        self.job.phase(N_("Probing every layer of the untuned model"))
        length = min(self.config.max_length, self.source.max_positions)
        self.states = probes(found, self.corpus, self.source, length, self.shared, self.job.report)
        found.write(self.job.folder / results.EVIDENCE)

    def answer(self) -> None:
        """Strategy after strategy, as long as another one could change the recommendation."""
        while not self.job.stop_requested():
            tried = {arm.strategy for arm in self.arms}
            names = [n for n in next_strategies(results.load(self.job.run.id)) if n not in tried]
            if not names:
                return
            self.plan((*dict.fromkeys(arm.strategy for arm in self.arms), *names))
            for name in names:
                self.strategy(name)

    def plan(self, strategies: tuple[str, ...]) -> None:
        """Make the arms of *strategies*, those that are there already left as they are."""
        texts = self.corpus.part("train").n
        known = {arm.id: arm for arm in self.arms}
        for arm in schedule.arms(strategies, self.config):
            if arm.id not in known:
                config = self.config.fit(arm.strategy, arm.seed, arm.learning_rate, texts)
                predicted = cost.predict(config, self.corpus, self.source)
                # The frozen layers are read once for all arms, so only the first one pays.
                self.saved[arm.id] = predicted.prefix_seconds if known else 0.0
                known[arm.id] = replace(arm, predicted_seconds=predicted.seconds - self.saved[arm.id])
                results.write_arm(self.job.folder, known[arm.id])
        self.arms = schedule.with_rates(tuple(known.values()), self.config)
        plans = [parse(name).plan(self.source.layers) for name in strategies]
        starts = [phase.prefix for plan in plans for phase in plan.phases]
        self.shared.layers |= {layer for layer in starts if layer is not None}
        self.about["strategies"], self.about["arms"] = list(strategies), [arm.id for arm in self.arms]
        self._write()

    def strategy(self, name: str) -> None:
        """All arms of one strategy: its trials, the choice among them, and one more arm for each seed."""
        self.job.phase(N_("Training the arms"))
        first = None if parse(name).solver else self._search(name)
        if first is None and not parse(name).solver:
            self._end(name, "skipped", STOPPED if self.job.stop_requested() else NO_CHOICE)
            return
        best = first
        for arm in self._of(name):
            if arm.role == "final" and self._ready(arm):
                if best is not None and parse(name).solver:
                    self._copy(best, arm)
                else:
                    best = self._better(best, self._final(arm))
        if best is not None:
            self._measure(name, best)

    def _search(self, name: str) -> Kept | None:
        """Try the learning rates; the winner with its test logits, which only it will be judged by."""
        best: Kept | None = None
        for arm in self._of(name):
            if arm.role == "trial" and self._ready(arm):
                trained = self._train(arm)
                if trained.arm.state == "done" and (
                    best is None or schedule.score(trained.arm) > schedule.score(best.trained.arm)
                ):
                    best = self._better(best, self._keep(trained))
        winner = schedule.choice(self._of(name))
        if winner is None or best is None:
            return None
        return self._score(best)

    def _final(self, arm: Arm) -> Kept | None:
        trained = self._train(arm)
        kept = self._keep(trained) if trained.arm.state == "done" else None
        return self._score(kept) if kept else None

    def _ready(self, arm: Arm) -> bool:
        """Whether the arm may begin: neither it nor the sweep was stopped."""
        if self.job.stop_requested():
            self._set(replace(self._now(arm), state="skipped", message=_message(STOPPED)))
        elif (self.job.folder / results.ARMS / arm.id / results.STOP).exists():
            self._set(replace(self._now(arm), state="stopped"))
        return self._now(arm).state == "waiting"

    def _train(self, arm: Arm) -> Trained:

        arm = replace(self._now(arm), state="running")
        self._set(arm)
        config = self.config.fit(arm.strategy, arm.seed, arm.learning_rate, self.corpus.part("train").n)
        job = ArmJob(self.job, arm, self._told(arm))
        job.report(0.0, N_("Loading the model"))
        trained = train(arm, config, self.corpus, job, self.shared, self.reader)
        self._set(trained.arm)
        if trained.arm.state == "done" and trained.arm.seconds:
            seconds = trained.arm.seconds + self.saved[arm.id]
            cost.learn(config, self.corpus, self.source, seconds, steps=trained.arm.steps)
        return trained

    def _told(self, arm: Arm) -> Callable[[float | None], None]:
        """Progress of the sweep, told while *arm* is at work."""

        def told(own: float | None) -> None:
            ended = sum(each.state not in ("waiting", "running") for each in self.arms)
            rest = schedule.seconds_left(self.arms)
            left = None if rest is None else rest + (own if own is not None else arm.predicted_seconds or 0)
            done = sum(each.seconds or 0.0 for each in self.arms)
            self.job.progress(
                ended, len(self.arms), seconds_left=left, arm=arm.id,
                fraction=None if left is None else done / max(done + left, 1e-9),
            )  # fmt: skip

        return told

    def _keep(self, trained: Trained) -> Kept | None:
        """An arm's weights put away, and the test texts read, if not looked at before the arm is chosen."""
        try:
            test = self.reader.logits(trained.model, "test")
            return keep(trained, test, self.corpus, self.what, self.job.folder)
        except Exception as error:  # a full disk, say: the others may need less
            self._set(failed(trained.arm, error, self.job))
            return None

    def _score(self, kept: Kept) -> Kept:
        """Choose an arm: from now on it is compared, and its test numbers are looked at."""
        arm = scored(self._now(kept.trained.arm), kept.test, self.corpus, self.job.folder, self.what)
        self._set(arm)
        return replace(kept, trained=replace(kept.trained, arm=arm))

    def _better(self, a: Kept | None, b: Kept | None) -> Kept | None:
        """Of two arms of a strategy the one that validation prefers; the other one's weights are let go."""
        if a is None or b is None:
            return a or b
        a, b = sorted((a, b), key=lambda kept: schedule.score(kept.trained.arm))
        a.path.unlink(missing_ok=True)
        return b

    def _copy(self, first: Kept, arm: Arm) -> None:
        source, place = (self.job.folder / results.ARMS / a.id for a in (first.trained.arm, arm))
        for name in ("validation.npy", "test.npy", events.NAME):
            shutil.copyfile(source / name, place / name)
        self._set(
            replace(
                first.trained.arm, id=arm.id, seed=arm.seed, seconds=0.0,
                predicted_seconds=arm.predicted_seconds, message=_message(COPIED),
            )
        )  # fmt: skip

    def _measure(self, name: str, best: Kept) -> None:
        """What the tuning did to the layers, and to another corpus, by the strategy's best arm."""
        self.kept[name] = best
        if self.job.stop_requested():
            return
        try:
            trained = replace(best.trained, fitted=restored(best, self.corpus, self.what))
            if self.was is None:
                length = trained.model.max_length
                second = self.config.second
                self.was = effects.before(self.corpus, second, self.source, self.states, length)
            self.about["shift"][name] = effects.moved(self.was, trained)
            forgotten = effects.forgotten(self.was, trained)
            if forgotten is not None:
                self.about["forgetting"][name] = forgotten
        except Exception as error:  # not worth an arm, still less a sweep
            message = failed(best.trained.arm, error, self.job).message or {}
            note = {"message": message["what"], "values": message["values"]}
            self.notes += [] if note in self.notes else [note]
        self._write()

    def _end(self, name: str, state: Any, why: str) -> None:
        for arm in self._of(name):
            if arm.state == "waiting":
                self._set(replace(arm, state=state, message=_message(why)))

    def close(self) -> None:
        """Recommend, leave the recommended model as a run, and clear away what is no longer needed."""
        for arm in self.arms:
            if arm.state == "waiting":
                self._ready(arm)
        self.job.phase(N_("Weighing up"))
        sweep = results.load(self.job.run.id)
        results.table(sweep).to_csv(self.job.folder / results.TABLE, index=False)
        advice = recommend(sweep)
        if advice is not None:
            arms = {arm.id: arm for arm in self.arms}
            best = self.kept.get(arms[advice.arm].strategy) if advice.arm else None
            self.about["recommendation"] = events.plain(advice.as_dict())
            if best is not None:
                self.about["recommendation"]["arm"] = best.trained.arm.id
            self._write()
            if best is not None:
                self.about["recommended_run"] = leave(best, self.corpus, self.what, sweep.references)
                self._write()
            self.job.metrics(recommendation=advice.strategy)

    def _of(self, name: str) -> list[Arm]:
        return [arm for arm in self.arms if arm.strategy == name]

    def _now(self, arm: Arm) -> Arm:
        return next(each for each in self.arms if each.id == arm.id)

    def _set(self, arm: Arm) -> None:
        """Replace an arm, here and in the folder, and with it the rates that follow from it."""
        before = {each.id: each for each in self.arms}
        changed = tuple(arm if each.id == arm.id else each for each in self.arms)
        self.arms = schedule.with_rates(changed, self.config)
        for each in self.arms:
            if before[each.id] != each:
                results.write_arm(self.job.folder, each)
        if before[arm.id].state != arm.state:
            told = {name: getattr(arm, name) for name in _TOLD}
            self.job.event("arm", arm=arm.id, **told)

    def _write(self) -> None:
        self.about["notes"] = [*self.notes, *schedule.said_of_solvers(self.about["strategies"])]
        write_json(self.job.folder / results.SWEEP, events.plain(self.about))


def _message(what: str) -> dict[str, Any]:
    return store.to_message(Refused(what))
