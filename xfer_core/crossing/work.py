"""A crossing at work: one process, its trainings one after the other, and the pass that all of them share."""

from __future__ import annotations

import traceback
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from xfer_core.corpora.corpus import Corpus
from xfer_core.crossing import results
from xfer_core.crossing.ground import Ground, Origin
from xfer_core.crossing.results import Training
from xfer_core.crossing.settings import CrossConfig
from xfer_core.crossing.shared import Everywhere
from xfer_core.errors import Interrupted, Refused, XferError
from xfer_core.i18n import N_
from xfer_core.models.sources import Source
from xfer_core.runs import store
from xfer_core.runs.inner import InnerJob
from xfer_core.runs.worker import Job, explain
from xfer_core.tasks import task
from xfer_core.training import cost
from xfer_core.training.fit import fit
from xfer_core.training.strategies import parse

STOPPED = N_("The run was stopped before this training.")


class TrainingJob(InnerJob):
    """Says nothing of its own phases and progress: the run's say which training it is, which tells more."""

    def phase(self, message: str) -> None:
        pass

    def report(self, fraction: float, message: str) -> None:
        self._told(None)

    def progress(self, step: int, steps: int, *, fraction: float | None = None, **values: Any) -> None:
        self._told(values.get("seconds_left"))


class Crossings:
    """A crossing at work: its trainings as they are now, and what they share."""

    def __init__(self, job: Job, config: CrossConfig, ground: Ground, source: Source) -> None:
        self.job, self.config, self.ground, self.source = job, config, ground, source
        self.what, self.shared = task("classification"), Everywhere(ground)
        self.corpora = [ground.of(origin) for origin in ground.origins]
        self.pass_ahead = 0.0
        self.trainings = self._plan()
        plans = [parse(name).plan(source.layers) for name in config.strategies]
        starts = [phase.prefix for plan in plans if not plan.solver for phase in plan.phases]
        self.shared.layers |= {layer for layer in starts if layer is not None}
        results.write_truth(job.folder, [ground.corpus.labels[rows] for rows in ground.tests])
        self._write()

    def _plan(self) -> tuple[Training, ...]:
        """Seed after seed and strategy after strategy, so that a stop leaves whole matrices."""
        found = []
        for seed in range(self.config.seed, self.config.seed + self.config.seeds):
            for strategy in self.config.strategies:
                for place, origin in enumerate(self.ground.origins):
                    predicted = cost.predict(
                        self.config.fit(strategy, seed), self.corpora[place], self.source
                    )
                    self.pass_ahead = max(self.pass_ahead, predicted.prefix_seconds)
                    row = self._row(origin)
                    seconds = predicted.seconds - predicted.prefix_seconds
                    found.append(
                        Training(
                            f"{strategy}-d{row + 1}-s{seed}",
                            strategy,
                            row,
                            seed,
                            predicted_seconds=seconds,
                        )
                    )
        return tuple(found)

    def _row(self, origin: Origin) -> int:
        return origin.domain + (len(self.ground.domains) if origin.all_but else 0)

    def all(self) -> None:
        """Every training; what goes wrong in one of them is its own, and a stop keeps what is done."""
        self.job.phase(N_("Tuning every strategy in every domain"))
        origins = {self._row(origin): place for place, origin in enumerate(self.ground.origins)}
        for training in self.trainings:
            if self.job.stop_requested():
                why = store.to_message(Refused(STOPPED))
                self._set(replace(training, state="skipped", message=why))
            elif training.seed != self.config.seed and parse(training.strategy).solver:
                self._copy(training)
            else:
                place = origins[training.source]
                self._train(training, self.ground.origins[place], self.corpora[place])

    def _train(self, training: Training, origin: Origin, corpus: Corpus) -> None:
        training = self._set(replace(training, state="running"))
        config = self.config.fit(training.strategy, training.seed)
        job = TrainingJob(self.job, self.job.folder / results.TRAININGS / training.id, self.tell)
        self.shared.turn(origin)
        passes = self.shared.pass_seconds
        try:
            fitted = fit(config, corpus, job, shared=self.shared, read_after=0)
            seconds = fitted.seconds - (self.shared.pass_seconds - passes)
            said = self.shared.labels(fitted, self.what, bf16=config.precision == "bf16")
        except Interrupted:
            self._set(replace(training, state="stopped"))
            return
        except Exception as error:
            self._set(replace(training, state="failed", message=self._told(error, job)))
            return
        if fitted.stopped:  # before its steps were over: no number to stand beside the others
            self._set(replace(training, state="stopped", seconds=seconds))
            return
        self._keep(training.id, said)
        self.pass_ahead = 0.0
        solver = config.parsed.solver
        cost.learn(config, corpus, self.source, seconds, steps=None if solver else fitted.steps)
        self._set(
            replace(
                training, state="done", seconds=seconds, trainable_parameters=fitted.trainable_parameters,
                best_step=None if solver else fitted.best_step,
            )
        )  # fmt: skip

    def _copy(self, training: Training) -> None:
        """A solver has no chance in it: another seed gives what the first one gave."""
        first = next(
            each
            for each in self.trainings
            if (each.strategy, each.source, each.seed)
            == (training.strategy, training.source, self.config.seed)
        )
        if first.state == "done":
            path = self.job.folder / results.PREDICTED / f"{first.id}.npy"
            self._keep(training.id, np.load(path, allow_pickle=False))
        self._set(replace(first, id=training.id, seed=training.seed, seconds=0.0))

    def _keep(self, name: str, said: np.ndarray) -> None:
        folder = self.job.folder / results.PREDICTED
        folder.mkdir(exist_ok=True)
        np.save(folder / f"{name}.npy", said)

    def _told(self, error: Exception, job: Job) -> dict[str, Any]:
        if not isinstance(error, XferError):
            with suppress(OSError), (job.folder / "log.txt").open("a", encoding="utf-8") as log:
                traceback.print_exception(error, file=log)
        return store.to_message(explain(job, error))

    def tell(self, own: float | None) -> None:
        """Progress of the run while a training is at work that will take *own* seconds more."""
        over = sum(each.state not in ("waiting", "running") for each in self.trainings)
        now = next((each for each in self.trainings if each.state == "running"), None)
        rest = sum(self._seconds(each) for each in self.trainings if each.state == "waiting")
        if own is None:
            own = self.pass_ahead + (self._seconds(now) if now else 0.0)
        self.job.progress(over, len(self.trainings), seconds_left=rest + own)

    def _seconds(self, training: Training) -> float:
        """As the same strategy took so far, else as predicted; a solver's copies take none."""
        if training.seed != self.config.seed and parse(training.strategy).solver:
            return 0.0
        took = [
            each.seconds for each in self.trainings if each.strategy == training.strategy and each.seconds
        ]
        return sum(took) / len(took) if took else training.predicted_seconds

    def _set(self, training: Training) -> Training:
        self.trainings = tuple(training if each.id == training.id else each for each in self.trainings)
        self._write()
        if training.state != "waiting":
            self.job.event("training", training=training.id, state=training.state, seconds=training.seconds)
        return training

    def _write(self) -> None:
        results.write(self.job.folder, self.ground.domains, self.trainings, self.ground.notes)
