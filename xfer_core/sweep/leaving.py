"""What a sweep leaves behind: a finished training run with the recommended model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from xfer_core import runs
from xfer_core.corpora.corpus import Corpus
from xfer_core.errors import Refused
from xfer_core.i18n import N_
from xfer_core.runs import store
from xfer_core.runs.worker import Job, Terminated
from xfer_core.sweep.kept import Kept, restored
from xfer_core.tasks import Task
from xfer_core.training import worker
from xfer_core.training.settings import request


def leave(kept: Kept, corpus: Corpus, what: Task, references: dict[str, Any]) -> str:
    """Make a run of kind ``train`` of an arm, as if it had been trained on its own; returns the run's id.

    Raises
    ------
    Refused
        If it could not be written.
    """
    trained = kept.trained
    config = replace(trained.config, learning_rate=trained.arm.learning_rate)
    run = store.create("train", request(config, corpus.id), f"{corpus.name}-{config.strategy}")
    store.update(run.id, step=trained.arm.steps or 0, steps=trained.arm.steps or 0)

    def body(job: Job) -> None:
        fitted = restored(kept, corpus, what)
        if trained.validation is None:
            raise ValueError(f"arm {trained.arm.id} was not read")
        result = worker.evaluated(config, corpus, fitted, trained.validation, kept.test)
        worker.save(config, corpus, fitted, {**result, "references": references}, kept.test, job)

    ended = runs.run_here(run.id, body)
    if ended.state == "interrupted":  # the whole process was told to end, and this body heard it first
        raise Terminated
    if ended.state != "finished":
        raise Refused(N_("The recommended model could not be kept as a run."))
    return run.id
