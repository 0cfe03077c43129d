"""An adaptation at work: source only first, then method after method, each measured when it is through."""

from __future__ import annotations

import shutil
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from xfer_core.adaptation import reading, results, selftraining
from xfer_core.adaptation.dann import Dann
from xfer_core.adaptation.ground import PARTS, UNLABELLED, Ground
from xfer_core.adaptation.jobs import MethodJob
from xfer_core.adaptation.methods import METHODS, SOURCE_ONLY
from xfer_core.adaptation.mmd import Mmd
from xfer_core.adaptation.reading import Read
from xfer_core.adaptation.results import Adaptation, Outcome
from xfer_core.adaptation.settings import BEST, AdaptConfig
from xfer_core.adaptation.towards import Towards
from xfer_core.errors import Interrupted, XferError
from xfer_core.files import whole
from xfer_core.i18n import N_
from xfer_core.runs import store
from xfer_core.runs.worker import Job, explain
from xfer_core.tasks import task
from xfer_core.training import cost
from xfer_core.training.beside import Beside
from xfer_core.training.fit import fit
from xfer_core.training.fitted import Fitted
from xfer_core.training.material import Shared
from xfer_core.training.worker import evaluated, save

STOPPED = N_("You stopped the run before this method's turn.")
PRETRAINED = "pretrained"
"""The folder of the encoder that read on, while its method is at work."""


@dataclass(frozen=True)
class Trained:
    """A tuned model, what it makes of the texts measured, and what its method has to say."""

    fitted: Fitted
    validation: Read
    source: Read
    target: Read
    about: dict[str, Any]


class Adapting:
    """Does what *config* asks for on *ground*; ``found`` is written after every method."""

    def __init__(self, job: Job, config: AdaptConfig, ground: Ground, corpus_id: str) -> None:
        self.job, self.config, self.ground = job, config, ground
        self.began = time.monotonic()
        self.what = task("classification")
        self.shared = Shared(parts=PARTS)
        self.fit_config = config.fit(ground.learnt.part("train").n)
        self.source = self.shared.source(config.model)
        self.before: Trained | None = None
        self.kept: tuple[Outcome, Trained] | None = None
        parts = ("train", "validation", "test", UNLABELLED)
        texts = {part: ground.learnt.part(part).n for part in parts} | {"target_test": ground.target.n}
        self.found = Adaptation(
            job.run.id, corpus_id, config, self._planned(), texts, notes=ground.notes, state="running"
        )
        self._write()

    def _planned(self) -> tuple[Outcome, ...]:
        once = cost.predict(self.fit_config, self.ground.learnt, self.source).seconds
        return tuple(
            Outcome(name, predicted_seconds=once * METHODS[name].work) for name in self.config.methods
        )

    def method(self, name: str) -> None:
        """Do one method; what goes wrong in it harms no other, except source only, which all need.

        Raises
        ------
        XferError or a defect
            If source only cannot be trained.
        """
        if self.job.stop_requested():
            self._set(replace(self.found.outcome(name), state="skipped", message=_message(STOPPED)))
            return
        began = time.monotonic()
        self._set(replace(self.found.outcome(name), state="running"))
        job = MethodJob(self.job, name, self._told(name, began))
        try:
            trained = self._trained(name, job)
            outcome = self._measured(name, trained, time.monotonic() - began)
            self._put(name, trained)
        except Interrupted as error:
            self._set(replace(self.found.outcome(name), state="stopped", message=store.to_message(error)))
            return
        except Exception as error:
            self._set(
                replace(self.found.outcome(name), state="failed", message=store.to_message(_told(job, error)))
            )
            if name == SOURCE_ONLY:
                raise
            return
        finally:
            for heavy in ("checkpoints", "masked", PRETRAINED):
                shutil.rmtree(job.folder / heavy, ignore_errors=True)
        if name == SOURCE_ONLY:
            self.before = trained
            self._paced(outcome)
        self._set(outcome)
        if self._better(outcome):
            self.kept = outcome, trained
            self.found = replace(self.found, chosen=name)
            self._write()

    def _trained(self, name: str, job: MethodJob) -> Trained:
        config, weight = self.config, self.config.weight
        ways: dict[str, Callable[[], tuple[Fitted, dict[str, Any]]]] = {
            SOURCE_ONLY: lambda: (self._fit(job), {}),
            "dann": lambda: self._towards(job, Dann(self.ground, config.batch_size, config.seed, weight)),
            "mmd": lambda: self._towards(job, Mmd(self.ground, config.batch_size, config.seed, weight)),
            "pretrain": lambda: self._pretrained(job),
            "self-training": lambda: self._self_trained(job),
        }
        fitted, about = ways[name]()
        job.phase(N_("Reading the test texts"))
        learnt = self.ground.learnt
        texts = [learnt.part("validation").texts, learnt.part("test").texts, self.ground.target.texts]
        validation, source, target = (reading.read(fitted, each) for each in texts)
        return Trained(fitted, validation, source, target, about)

    def _fit(self, job: MethodJob, beside: Beside | None = None) -> Fitted:
        return fit(self.fit_config, self.ground.learnt, job, shared=self.shared, read_after=0, beside=beside)

    def _towards(self, job: MethodJob, beside: Towards) -> tuple[Fitted, dict[str, Any]]:
        return self._fit(job, beside), {"domains": beside.told}

    def _pretrained(self, job: MethodJob) -> tuple[Fitted, dict[str, Any]]:
        from xfer_core.adaptation.pretrain import pretrain

        folder = job.folder / PRETRAINED
        about = pretrain(self.ground, self.config, self.source, job, folder)
        config = replace(self.fit_config, model=str(folder))
        fitted = fit(config, self.ground.learnt, job, shared=Shared(parts=PARTS), read_after=0)
        return replace(fitted, source=self.source), about

    def _self_trained(self, job: MethodJob) -> tuple[Fitted, dict[str, Any]]:
        assert self.before is not None
        fitted, believed, told = self.before.fitted, None, []
        texts, names = self.ground.learnt.part(UNLABELLED).texts, self.ground.learnt.label_names
        for number in range(1, self.config.rounds + 1):
            job.phase(N_("Labelling the target texts"))
            seen = selftraining.believe(reading.read(fitted, texts).logits, self.config.confidence)
            told.append(selftraining.told(number, seen, believed, len(texts), names))
            believed = seen
            fitted = self._fit(job, selftraining.Pseudo(self.ground, seen))
            if fitted.stopped:
                break
        return fitted, {"rounds": told}

    def _measured(self, name: str, trained: Trained, seconds: float) -> Outcome:
        learnt, target, before = self.ground.learnt, self.ground.target.labels, self.before
        source, seed = learnt.part("test").labels, self.config.seed
        validation = reading.macro_f1(learnt.part("validation").labels, trained.validation)
        return replace(
            self.found.outcome(name),
            state="stopped" if trained.fitted.stopped else "done",
            validation=validation.value if validation else None,
            source=reading.macro_f1(source, trained.source),
            target=reading.macro_f1(target, trained.target),
            source_gain=reading.gained(source, before.source, trained.source) if before else None,
            target_gain=reading.gained(target, before.target, trained.target) if before else None,
            domain=reading.told_apart(trained.source, trained.target, seed),
            seconds=seconds,
            steps=trained.fitted.steps,
            best_step=trained.fitted.best_step,
            about=trained.about,
        )

    def _put(self, name: str, trained: Trained) -> None:
        """The logits, and the picture, in the method's folder."""
        folder = self.job.folder / results.METHODS / name
        for part in ("validation", "source", "target"):
            np.save(folder / f"{part}.npy", getattr(trained, part).logits)
        found = reading.drawn(self.ground, trained.source, trained.target, self.config.seed)
        with whole(folder / results.POINTS) as draft:
            np.savez(draft, at=found.at, target=found.target, labels=found.labels)

    def _better(self, outcome: Outcome) -> bool:
        """Whether its model is to be kept instead of the one so far: by source validation texts alone.

        Of methods that read them equally well the cheapest is kept.
        """
        if self.kept is None or outcome.method == self.config.keep:
            return True
        if self.config.keep == BEST:
            held = self.kept[0]
            whole_one, before = outcome.state == "done", held.state == "done"
            costs, cost_before = METHODS[outcome.method].work, METHODS[held.method].work
            return (whole_one, outcome.validation or 0.0, -costs) > (
                before, held.validation or 0.0, -cost_before,
            )  # fmt: skip
        return False

    def close(self) -> None:
        """Leave the chosen model in the run's ``model/``, with its card and predictions of the source."""
        if self.kept is None:
            return
        outcome, trained = self.kept
        learnt, config = self.ground.learnt, self.fit_config
        result = evaluated(config, learnt, trained.fitted, trained.validation.logits, trained.source.logits)
        save(config, learnt, trained.fitted, result, trained.source.logits, self.job)
        card = self.job.folder / "model" / "README.md"
        card.write_text(card.read_text(encoding="utf-8") + _card(self.config, outcome), encoding="utf-8")
        store.update(self.job.run.id, metrics=_row(outcome))
        self.found = replace(self.found, seconds=time.monotonic() - self.began)
        self._write()

    def _paced(self, before: Outcome) -> None:
        """What the others will take, now that the time of source only is known."""
        seconds = before.seconds or 0.0
        self.found = replace(self.found, outcomes=tuple(
            replace(each, predicted_seconds=seconds * METHODS[each.method].work)
            if each.state == "waiting" else each
            for each in self.found.outcomes
        ))  # fmt: skip

    def _told(self, name: str, began: float) -> Callable[[float | None], None]:
        """Progress of the run, told while a method is at work."""

        def told(phase_left: float | None) -> None:
            outcomes = self.found.outcomes
            over = sum(each.state not in ("waiting", "running") for each in outcomes)
            spent = time.monotonic() - began
            own = max((self.found.outcome(name).predicted_seconds or 0.0) - spent, phase_left or 0.0)
            left = own + sum(each.predicted_seconds or 0.0 for each in outcomes if each.state == "waiting")
            done = time.monotonic() - self.began
            self.job.progress(over, len(outcomes), seconds_left=left, fraction=done / max(done + left, 1e-9),
                              method=name)  # fmt: skip

        return told

    def _set(self, outcome: Outcome) -> None:
        self.found = replace(self.found, outcomes=tuple(
            outcome if each.method == outcome.method else each for each in self.found.outcomes
        ))  # fmt: skip
        self._write()
        self.job.event("method", method=outcome.method, state=outcome.state)

    def _write(self) -> None:
        results.write(self.job.folder, self.found)


def _told(job: Job, error: Exception) -> XferError:
    """What went wrong, as something to tell; of a defect ``log.txt`` in the method's folder tells more."""
    if not isinstance(error, XferError):
        with suppress(OSError), (job.folder / "log.txt").open("a", encoding="utf-8") as log:
            traceback.print_exception(error, file=log)
    return explain(job, error)


def _message(what: str) -> dict[str, Any]:
    return store.to_message(Interrupted(what))


def _row(outcome: Outcome) -> dict[str, Any]:
    """What the list of runs shows of the model that is kept: the target's numbers, where they are known."""
    told = {"method": outcome.method}
    numbers = {"target_macro_f1": outcome.target, "target_gain": outcome.target_gain}
    return told | {name: measure.value for name, measure in numbers.items() if measure is not None}


def _card(config: AdaptConfig, outcome: Outcome) -> str:
    """What the model's card says of the adaptation, in English."""
    lines = ["", "## Adaptation", "", f"Method `{outcome.method}`, from {config.source} to {config.target}; "
             "labels of the target were never seen. The test numbers above are the source's."]  # fmt: skip
    if outcome.target is not None:
        on = outcome.target
        lines.append(
            f"On {on.n} test texts of the target: macro-F1 {on.value:.3f} ({on.low:.3f}–{on.high:.3f})."
        )
    if outcome.target_gain is not None:
        by = outcome.target_gain
        lines.append(f"Over source only: {by.value:+.3f} ({by.low:+.3f} to {by.high:+.3f}).")
    return "\n".join([*lines, ""])
