"""What a sweep leaves behind: a finished training run with the recommended model.

The sweep's own process writes it, so the run has no process of its own: whoever cancels it on the list of
runs must not end the sweep. While it is written it stands in the list as waiting, and can be deleted.
"""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from xfer_core.corpora.corpus import Corpus
from xfer_core.errors import XferError
from xfer_core.runs import store
from xfer_core.runs.worker import Job
from xfer_core.sweep.kept import Kept, restored
from xfer_core.sweep.results import ARMS, TEST
from xfer_core.tasks import Task
from xfer_core.training import worker
from xfer_core.training.results import MODEL
from xfer_core.training.settings import request


def leave(kept: Kept, corpus: Corpus, what: Task, references: dict[str, Any], folder: Path) -> str:
    """Make a run of kind ``train`` of an arm, as if it had been trained on its own; returns the run's id.

    *folder* is the sweep's. A run that cannot be written to its end is deleted again, and the error raised.
    One that was cancelled meanwhile counts as stopped, and has its model all the same.
    """
    trained = kept.trained
    config = replace(trained.config, learning_rate=trained.arm.learning_rate)
    run = store.create("train", request(config, corpus.id), f"{corpus.name}-{config.strategy}")
    try:
        steps = trained.arm.steps or 0
        store.update(run.id, started=time.time(), step=steps, steps=steps)
        if trained.validation is None:
            raise ValueError(f"arm {trained.arm.id} was not read")
        test = np.load(folder / ARMS / trained.arm.id / TEST, allow_pickle=False)
        fitted = restored(kept, corpus, what)
        result = worker.evaluated(config, corpus, fitted, trained.validation, test)
        worker.save(config, corpus, fitted, {**result, "references": references}, test, Job(run))
    except BaseException:  # also where the whole sweep is told to end
        shutil.rmtree(run.folder / MODEL, ignore_errors=True)  # on a full disk the row needs the room
        with suppress(XferError, OSError):
            store.delete(run.id)
        raise
    store.update(run.id, state="finished")
    return run.id
