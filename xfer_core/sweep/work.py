"""A sweep at work: which arm is trained when, what is chosen among them, and what is left behind.

Nothing depends on the order in which arms end that were trained side by side (:mod:`xfer_core.sweep.hands`):
a choice waits for all of them.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
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
from xfer_core.sweep.arms import Trained, failed, scored, told
from xfer_core.sweep.check import Checked
from xfer_core.sweep.comparison import PROBE, compare, numbers
from xfer_core.sweep.crew import crew
from xfer_core.sweep.evidence import Evidence, probes
from xfer_core.sweep.hands import Bench, Ended, Given, Hands, rank
from xfer_core.sweep.kept import Kept, restored
from xfer_core.sweep.leaving import leave
from xfer_core.sweep.recommend import recommend
from xfer_core.sweep.results import Arm
from xfer_core.training import cost
from xfer_core.training.settings import FitConfig
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
SIDE_BY_SIDE = N_(
    "{n} trainings ran side by side, each with its share of the processor; threads a training: {threads}. "
    "Alone each is quicker, so their seconds compare with each other only."
)
ALONE = N_(
    "From {strategy} on, trainings ran one after the other, each with the whole processor, for the states of "
    "the frozen layers found no room on the disk. Their seconds do not compare with those of earlier ones."
)
NO_RUN = N_("The recommended model could not be kept as a run: {reason}")

_TOLD = ("strategy", "state", "seed", "learning_rate", "validation_macro_f1", "seconds")
"""What an ``arm`` event of the sweep tells of the arm whose state is another now."""


class Sweeping:
    """A sweep at work: its arms as they are now, and what they share."""

    def __init__(self, job: Job, checked: Checked, corpus: Corpus) -> None:
        self.job, self.corpus = job, corpus
        self.config, self.source = checked.config, checked.source
        self.bf16 = self.config.precision == "bf16"
        bench = Bench(job, corpus, bf16=self.bf16)
        self.what, self.shared, self.reader = bench.what, bench.shared, bench.reader
        self.hands = Hands(bench, crew(self.config, corpus, self.source))
        self.at_once = self.hands.crew.hands
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
                at_once = 1 if parse(arm.strategy).solver else self.at_once
                predicted = cost.predict(config, self.corpus, self.source, at_once=at_once)
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
        if parse(name).solver:
            best = self._solved(name)
        else:
            best = self._searched(name)
            if best is None:
                self.given_up.add(name)
                self._become(self.arms)
                self._end(name, "skipped", STOPPED if self.job.stop_requested() else NO_CHOICE)
                return
            best = self._train(self._of(name, "final"), best)
        if best is not None:
            self._measure(name, best)

    def _solved(self, name: str) -> Kept | None:
        """A solver's arm, and copies of it for the other seeds: there is no chance in it."""
        best: Kept | None = None
        for arm in self._of(name, "final"):
            if best is None:
                best = self._train([arm], None)
            elif self._ready(arm):
                self._copy(best, arm)
        return best

    def _searched(self, name: str) -> Kept | None:
        """Try the learning rates; the winner, chosen and with its test numbers, or None without one."""
        best = self._train(self._of(name, "trial"), None)
        if best is None or schedule.choice(self._of(name)) is None:
            return None
        try:
            trained = replace(best.trained, fitted=restored(best, self.corpus, self.what))
        except Exception as error:
            self._set(failed(best.trained.arm, error, self.job))
            return None
        arm_chosen = self._score(trained)
        return replace(best, trained=replace(best.trained, arm=arm_chosen)) if arm_chosen else None

    def _train(self, arms: Iterable[Arm], best: Kept | None) -> Kept | None:
        """Train *arms* of one strategy; the best of them and the *best* so far, whose weights alone stay."""
        arms = list(arms)
        together = self._together(arms)

        def given() -> Iterator[Given]:
            for arm in arms:
                if self._ready(arm):
                    yield self._begun(arm, best, self.at_once if together else 1)

        for ended in self.hands.train(given(), self._told, together=together):
            self._over(ended)
            if ended.kept is not None:
                best = self._better(ended.kept, best)
        return best

    def _together(self, arms: list[Arm]) -> bool:
        """Whether *arms* can be trained side by side, after the pass through the frozen layers they need."""
        waiting = [arm for arm in arms if arm.state == "waiting"]
        if self.at_once < 2 or not waiting or parse(arms[0].strategy).solver or self.job.stop_requested():
            return False
        note = as_message(SIDE_BY_SIDE, n=self.at_once, threads=self.hands.crew.threads)
        together = self.hands.ready(self._fit(waiting[0]))
        self.pass_ahead = 0.0
        if self.job.stop_requested():
            return False
        if not together:
            note = as_message(ALONE, strategy=arms[0].strategy)
            self.hands.close()
            self.at_once = 1
        if note not in self.notes:
            self.notes.append(note)
            self._write()
        return together

    def _fit(self, arm: Arm) -> FitConfig:
        return self.config.fit(arm.strategy, arm.seed, arm.learning_rate, self.corpus.part("train").n)

    def _begun(self, arm: Arm, best: Kept | None, at_once: int) -> Given:
        arm = replace(self._now(arm), state="running")
        self._set(arm)
        known = None if best is None else self._rank(best)
        return Given(arm, self._fit(arm), self._place(arm), known, at_once)

    def _over(self, ended: Ended) -> None:
        arm, config = ended.arm, ended.given.config
        self._set(arm)
        if ended.lost is not None:
            self._say(NOT_KEPT, ended.lost, arm=arm.id)
        if not config.parsed.solver:
            self.pass_ahead = 0.0
        if arm.state == "done" and arm.seconds:
            cost.learn(
                config, self.corpus, self.source, arm.seconds, steps=arm.steps,
                at_once=ended.given.at_once,
            )  # fmt: skip

    def _better(self, kept: Kept, best: Kept | None) -> Kept:
        """The one that validation prefers; the weights of the other are deleted."""
        if best is None:
            return kept
        worse, better = sorted((kept, best), key=self._rank)
        worse.path.unlink(missing_ok=True)
        return better

    def _rank(self, kept: Kept) -> tuple[float, ...]:
        return rank(kept.trained.arm, self._place(kept.trained.arm))

    def _place(self, arm: Arm) -> int:
        return [each.id for each in self.arms].index(arm.id)

    def _ready(self, arm: Arm) -> bool:
        """Whether the arm may begin: neither it nor the sweep was stopped."""
        if self.job.stop_requested():
            self._set(replace(self._now(arm), state="skipped", message=_message(STOPPED)))
        elif (self.job.folder / results.ARMS / arm.id / results.STOP).exists():
            self._set(replace(self._now(arm), state="stopped"))
        return self._now(arm).state == "waiting"

    def _told(self, lefts: dict[str, float | None]) -> None:
        """Progress of the sweep, while the arms at work still need *lefts* seconds as far as it is known."""
        ended = sum(each.state not in ("waiting", "running") for each in self.arms)
        rest = schedule.seconds_left(self.arms)
        predicted = {each.id: self.pass_ahead + (each.predicted_seconds or 0.0) for each in self.arms}
        own = [predicted[arm] if left is None else left for arm, left in lefts.items()]
        left = None if rest is None else max((rest + sum(own)) / self.at_once, *own)
        done = sum(each.seconds or 0.0 for each in self.arms) / self.at_once
        self.job.progress(
            ended, len(self.arms), seconds_left=left, arm=", ".join(lefts),
            fraction=None if left is None else done / max(done + left, 1e-9),
        )  # fmt: skip

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
        self._say(message, store.to_message(told(self.job, error)), **values)

    def _say(self, message: str, why: dict[str, Any], **values: Any) -> None:
        self.notes.append(as_message(message, reason=as_message(why["what"], **why["values"]), **values))
        with suppress(OSError):  # on a full disk; what stands there is whole, and the next one tries again
            self._write()

    def _of(self, name: str, *roles: str) -> list[Arm]:
        return [a for a in self.arms if a.strategy == name and a.role in (roles or ("trial", "final"))]

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


def _message(what: str) -> dict[str, Any]:
    return store.to_message(Refused(what))
