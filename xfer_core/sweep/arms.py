"""One arm: a training of its own inside the sweep's process, which fails, stops and is watched alone."""

from __future__ import annotations

import time
import traceback
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from xfer_core.corpora.corpus import Corpus
from xfer_core.errors import Interrupted, XferError
from xfer_core.runs import store
from xfer_core.runs.inner import InnerJob, Told
from xfer_core.runs.worker import POLL_SECONDS, Job, explain
from xfer_core.sweep.held import Held
from xfer_core.sweep.reading import Reader
from xfer_core.sweep.results import ARMS, STOP, TEST, VALIDATION, Arm
from xfer_core.tasks import Task
from xfer_core.training.fit import fit
from xfer_core.training.fitted import Fitted
from xfer_core.training.material import Shared
from xfer_core.training.settings import FitConfig


class ArmJob(InnerJob):
    """What a training sees of its arm: besides the sweep's wish to stop it heeds one for the arm alone."""

    def __init__(self, job: Job, arm: Arm, told: Told) -> None:
        super().__init__(job, job.folder / ARMS / arm.id, told)
        self._looked = -POLL_SECONDS

    def stop_requested(self) -> bool:
        """Whether the sweep, or this arm alone, was asked to stop."""
        if self.whole.stop_requested():
            return True
        if not self.stopping and time.monotonic() - self._looked >= POLL_SECONDS:
            self._looked = time.monotonic()
            self.stopping = (self._folder / STOP).exists()
        return self.stopping


@dataclass(frozen=True)
class Trained:
    """An arm that has ended, and, if it was not stopped before there was one, its model.

    *validation* holds logits of all validation texts, float32 [n, classes].
    """

    arm: Arm
    config: FitConfig
    fitted: Fitted | None = None
    validation: np.ndarray | None = None

    @property
    def model(self) -> Fitted:
        """*fitted* of an arm that is known to have one."""
        if self.fitted is None:
            raise ValueError(f"arm {self.arm.id} has no model")
        return self.fitted


def train(
    arm: Arm, config: FitConfig, corpus: Corpus, job: ArmJob, shared: Shared, reader: Reader, held: Held
) -> Trained:
    """Train an arm and read the validation texts with it.

    Whatever goes wrong in it is its own: the arm comes back as ``failed``, with a message and, for a defect,
    a ``log.txt``. What ends the whole process is raised.
    """
    held.begin()
    passes = shared.pass_seconds
    try:
        fitted = fit(config, corpus, job, shared=shared, read_after=0)
        seconds = fitted.seconds - (shared.pass_seconds - passes)  # for all arms, though this one waited
        memory_mb = held.by(fitted.memory_mb)
        logits = reader.logits(fitted, "validation")
        measured = reader.what.metrics(logits, corpus.part("validation").labels)
    except Interrupted:
        return Trained(replace(arm, state="stopped"), config)
    except Exception as error:
        return Trained(failed(arm, error, job), config)
    np.save(job.folder / VALIDATION, logits)
    done = replace(
        arm,
        state="stopped" if fitted.stopped else "done",
        validation_macro_f1=measured["macro_f1"],
        validation_accuracy=measured["accuracy"],
        trainable_parameters=fitted.trainable_parameters,
        seconds=seconds,
        memory_mb=memory_mb,
        steps=None if config.parsed.solver else fitted.steps,
        best_step=None if config.parsed.solver else fitted.best_step,
    )
    return Trained(done, config, fitted, logits)


def failed(arm: Arm, error: Exception, job: Job) -> Arm:
    """The arm with what went wrong in it; for a defect, ``log.txt`` in the folder of *job* tells more."""
    return replace(arm, state="failed", message=store.to_message(told(job, error)))


def told(job: Job, error: Exception) -> XferError:
    """What went wrong as something to tell; of a defect ``log.txt`` in the folder of *job* tells more."""
    if not isinstance(error, XferError):
        with suppress(OSError), (job.folder / "log.txt").open("a", encoding="utf-8") as log:
            traceback.print_exception(error, file=log)
    return explain(job, error)


def scored(arm: Arm, logits: np.ndarray, corpus: Corpus, folder: Path, what: Task) -> Arm:
    """The arm as chosen: its test numbers, and its logits of the test texts in the sweep's *folder*."""
    measured = what.metrics(logits, corpus.part("test").labels)
    np.save(folder / ARMS / arm.id / TEST, logits)
    return replace(arm, chosen=True, macro_f1=measured["macro_f1"], accuracy=measured["accuracy"])
