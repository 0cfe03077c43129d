"""A sweep at work: one process, its arms one after the other, and what they share."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from xfer_core.corpora.corpus import Corpus
from xfer_core.errors import Refused
from xfer_core.files import write_json
from xfer_core.i18n import N_, Said, as_message
from xfer_core.runs import events, store
from xfer_core.runs.worker import Job
from xfer_core.sweep import effects, results, schedule
from xfer_core.sweep.answer import next_strategies
from xfer_core.sweep.arms import ArmJob, Trained, failed, scored, told, train
from xfer_core.sweep.check import Checked
from xfer_core.sweep.comparison import PROBE, compare, numbers
from xfer_core.sweep.evidence import Evidence, probes
from xfer_core.sweep.held import Held
from xfer_core.sweep.kept import Kept, keep, restored
from xfer_core.sweep.leaving import leave
from xfer_core.sweep.reading import Reader
from xfer_core.sweep.recommend import recommend
from xfer_core.sweep.results import Arm
from xfer_core.tasks import task
from xfer_core.training import cost
from xfer_core.training.material import Shared
from xfer_core.training.strategies import parse

ADDED = N_(
    "{strategy} was not chosen and was added: of the untuned model, layer {layer} reads the validation texts "
    "best, and a classifier on it, which takes seconds, must be beaten."
)
COPIED = N_("There is no chance in this strategy, so one more seed gives what the first one gave.")
NO_CHOICE = N_("None of the strategy's learning rates was tried to its end.")
STOPPED = N_("The comparison was stopped before this training.")
NOT_MEASURED = N_("What the tuning of {strategy} changed could not be measured: {reason}")
NOT_KEPT = N_("The weights of the training {arm} could not be put away: {reason}")
NO_RUN = N_("The recommended model could not be kept as a run: {reason}")

_TOLD = ("strategy", "state", "seed", "learning_rate", "validation_macro_f1", "seconds")
"""What an ``arm`` event of the sweep tells of the arm whose state is another now."""


class Sweeping:
    """A sweep at work: its arms as they are now, and what they share."""

    def __init__(self, job: Job, checked: Checked, corpus: Corpus) -> None:
        self.job, self.corpus = job, corpus
        self.config, self.source = checked.config, checked.source
        self.what, self.shared, self.held = task("classification"), Shared(), Held()
        self.bf16 = self.config.precision == "bf16"
        self.reader = Reader(corpus, self.what, self.shared, bf16=self.bf16)
        self.states: np.ndarray | None = None  # means of the untuned model, once it was probed
        self.arms: tuple[Arm, ...] = ()
        self.pass_ahead = (
            0.0  # seconds of the pass through the frozen layers, until the first arm has made it
        )
        self.given_up: set[str] = set()
        self.kept: dict[str, Kept] = {}
        self.was: effects.Before | None = None
        self.notes: list[Said] = [*checked.notes]
        self.about: dict[str, Any] = {
            "depth": self.source.layers, "strategies": [], "arms": [], "notes": [],
            "shift": {}, "forgetting": {}, "measured": {},
        }  # fmt: skip
        self._write()

    def probe(self, found: Evidence) -> None:
        """A probe on every layer of the untuned model, added to what was *found*."""
        if self.job.stop_requested():
            return
        self.job.phase(N_("Probing every layer of the untuned model"))
        length = min(self.config.max_length, self.source.max_positions)
        self.states = probes(found, self.corpus, self.source, length, self.shared, self.job.report, self.bf16)
        found.write(self.job.folder / results.EVIDENCE)

    def with_features(self, strategies: tuple[str, ...], found: Evidence) -> tuple[str, ...]:
        """*strategies* with the classifier on the layer that was best when it was probed, to be beaten."""
        layer = found.references.get(PROBE, {}).get("layer")
        added = f"features-{layer}"
        names, _ = schedule.distinct((*strategies, added), self.source.layers)
        if layer is None or added in strategies or added not in names:
            return strategies
        self.notes.append(as_message(ADDED, strategy=added, layer=layer))
        return names

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
                if not self.arms and not parse(arm.strategy).solver:  # a solver's was that of the probes
                    self.pass_ahead = max(self.pass_ahead, predicted.prefix_seconds)
                without = predicted.seconds - predicted.prefix_seconds
                known[arm.id] = replace(arm, predicted_seconds=without)
                results.write_arm(self.job.folder, known[arm.id])
        self.arms = schedule.with_rates(tuple(known.values()), self.config, self.given_up)
        plans = [parse(name).plan(self.source.layers) for name in strategies]
        starts = [phase.prefix for plan in plans for phase in plan.phases]
        self.shared.layers |= {layer for layer in starts if layer is not None}
        self.about["strategies"], self.about["arms"] = list(strategies), [arm.id for arm in self.arms]
        self._write()

    def strategy(self, name: str) -> None:
        """All arms of one strategy: its trials, the choice among them, and one more arm for each seed."""
        self.job.phase(N_("Training every strategy"))
        solver = parse(name).solver
        best = None if solver else self._search(name)
        if best is None and not solver:
            self.given_up.add(name)
            self._become(self.arms)
            self._end(name, "skipped", STOPPED if self.job.stop_requested() else NO_CHOICE)
            return
        for arm in self._of(name):
            if arm.role == "final" and self._ready(arm):
                if best is not None and solver:
                    self._copy(best, arm)
                else:
                    best = self._final(arm, best)
        if best is not None:
            self._measure(name, best)

    def _search(self, name: str) -> Kept | None:
        """Try the learning rates; the winner, chosen and with its test numbers, or None without one."""
        best: Kept | None = None
        for arm in self._of(name):
            if arm.role == "trial" and self._ready(arm):
                best = self._trial(arm, best)
        if best is None or schedule.choice(self._of(name)) is None:
            return None
        try:
            trained = replace(best.trained, fitted=restored(best, self.corpus, self.what))
        except Exception as error:
            self._set(failed(best.trained.arm, error, self.job))
            return None
        arm_chosen = self._score(trained)
        return replace(best, trained=replace(best.trained, arm=arm_chosen)) if arm_chosen else None

    def _trial(self, arm: Arm, best: Kept | None) -> Kept | None:
        """Train a trial; the better one of it and the *best* so far, whose weights alone are kept."""
        trained = self._train(arm)
        if trained.arm.state != "done" or not _better(trained, best):
            return best
        try:
            return self._put_away(trained, best)
        except Exception as error:  # a full disk, say: the others may need less
            self._set(failed(trained.arm, error, self.job))
            return best

    def _final(self, arm: Arm, best: Kept | None) -> Kept | None:
        """Train an arm of a further seed; as :meth:`_trial`, but it is compared in any case."""
        trained = self._train(arm)
        scored_arm = self._score(trained) if trained.arm.state == "done" else None
        if scored_arm is None:
            return best
        trained = replace(trained, arm=scored_arm)
        if not _better(trained, best):
            return best
        try:
            return self._put_away(trained, best)
        except Exception as error:  # it has been measured, which is what it was for
            self._note(NOT_KEPT, error, arm=arm.id)
            return best

    def _put_away(self, trained: Trained, instead_of: Kept | None) -> Kept:
        kept = keep(trained, self.job.folder)
        if instead_of is not None:
            instead_of.path.unlink(missing_ok=True)
        return kept

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
        trained = train(arm, config, self.corpus, job, self.shared, self.reader, self.held)
        self._set(trained.arm)
        if not config.parsed.solver:
            self.pass_ahead = 0.0
        if trained.arm.state == "done" and trained.arm.seconds:
            cost.learn(config, self.corpus, self.source, trained.arm.seconds, steps=trained.arm.steps)
        return trained

    def _told(self, arm: Arm) -> Callable[[float | None], None]:
        """Progress of the sweep, told while *arm* is at work."""

        def told(own: float | None) -> None:
            ended = sum(each.state not in ("waiting", "running") for each in self.arms)
            rest = schedule.seconds_left(self.arms)
            if own is None:
                own = self.pass_ahead + (arm.predicted_seconds or 0.0)
            left = None if rest is None else rest + own
            done = sum(each.seconds or 0.0 for each in self.arms)
            self.job.progress(
                ended, len(self.arms), seconds_left=left, arm=arm.id,
                fraction=None if left is None else done / max(done + left, 1e-9),
            )  # fmt: skip

        return told

    def _score(self, trained: Trained) -> Arm | None:
        """Choose an arm: from now on it is compared, and only now are the test texts read with it.

        Returns the arm with its test numbers; None if that failed, and then the arm did.
        """
        try:
            test = self.reader.logits(trained.model, "test")
            arm = scored(self._now(trained.arm), test, self.corpus, self.job.folder, self.what)
        except Exception as error:
            self._set(failed(trained.arm, error, self.job))
            return None
        self._set(arm)
        return arm

    def _copy(self, first: Kept, arm: Arm) -> None:
        source, place = (self.job.folder / results.ARMS / a.id for a in (first.trained.arm, arm))
        for name in (results.VALIDATION, results.TEST, events.NAME):
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
        if self.job.stop_requested() or self.states is None:
            return
        try:
            trained = replace(best.trained, fitted=restored(best, self.corpus, self.what))
            if self.was is None:
                length = trained.model.max_length
                second = self.config.second
                self.was = effects.before(self.corpus, second, self.source, self.states, length, self.bf16)
                write_json(self.job.folder / results.SAMPLED, effects.sampled(self.was, self.corpus))
            self.about["measured"][name] = best.trained.arm.id
            self.about["shift"][name] = effects.moved(self.was, trained)
            forgotten = effects.forgotten(self.was, trained)
            if forgotten is not None:
                self.about["forgetting"][name] = forgotten
        except Exception as error:  # not worth an arm, still less a sweep
            self._note(NOT_MEASURED, error, strategy=name)
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
        comparison = compare(sweep)
        numbers(sweep, comparison).to_csv(self.job.folder / results.TABLE, index=False)
        advice = recommend(sweep, comparison)
        if advice is not None:
            arms = {arm.id: arm for arm in self.arms}
            best = self.kept.get(arms[advice.arm].strategy) if advice.arm else None
            self.about["recommendation"] = events.plain(advice.as_dict())
            if best is not None:
                self.about["recommendation"]["arm"] = best.trained.arm.id
            self._write()
            self.job.metrics(recommendation=advice.strategy)
            if best is not None:
                self._leave(best, sweep.references)

    def _leave(self, best: Kept, references: dict[str, Any]) -> None:
        folder = self.job.folder
        for other in self.kept.values():  # not needed any more, and the disk may be
            if other.path != best.path:
                other.path.unlink(missing_ok=True)
        try:
            self.about["recommended_run"] = leave(best, self.corpus, self.what, references, folder)
        except Exception as error:  # the comparison is done, whatever becomes of the model
            self._note(NO_RUN, error)
            return
        self._write()

    def _note(self, message: str, error: Exception, **values: Any) -> None:
        """Something to say of what went wrong without harm to the arms."""
        why = store.to_message(told(self.job, error))
        self.notes.append(as_message(message, reason=as_message(why["what"], **why["values"]), **values))
        with suppress(OSError):  # on a full disk; what stands there is whole, and the next one tries again
            self._write()

    def _of(self, name: str) -> list[Arm]:
        return [arm for arm in self.arms if arm.strategy == name]

    def _now(self, arm: Arm) -> Arm:
        return next(each for each in self.arms if each.id == arm.id)

    def _set(self, arm: Arm) -> None:
        """Replace an arm, and with it the rates that follow from it."""
        before = self._now(arm)
        self._become(tuple(arm if each.id == arm.id else each for each in self.arms))
        if before.state != arm.state:
            self.job.event("arm", arm=arm.id, **{name: getattr(arm, name) for name in _TOLD})

    def _become(self, arms: tuple[Arm, ...]) -> None:
        """Have these arms, with the rates that can be known by now, here and in the folder."""
        before, self.arms = self.arms, schedule.with_rates(arms, self.config, self.given_up)
        for was, now in zip(before, self.arms, strict=True):
            if was != now:
                results.write_arm(self.job.folder, now)

    def _write(self) -> None:
        self.about["notes"] = [*self.notes, *schedule.said_of_solvers(self.about["strategies"])]
        write_json(self.job.folder / results.SWEEP, events.plain(self.about))


def _better(trained: Trained, best: Kept | None) -> bool:
    """Whether validation prefers an arm to the best one so far."""
    return best is None or schedule.score(trained.arm) > schedule.score(best.trained.arm)


def _message(what: str) -> dict[str, Any]:
    return store.to_message(Refused(what))
