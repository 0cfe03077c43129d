"""The tuned models of a sweep: what has to be kept of them until one becomes a run.

Of the best arm of each strategy only the numbers that training changed are kept, in ``kept/`` of the sweep's
folder, and only until the sweep ends: of ``head`` they are kilobytes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from xfer_core.corpora.corpus import Corpus
from xfer_core.models.load import load
from xfer_core.models.pooled_head import PooledClassifier
from xfer_core.sweep.arms import Trained
from xfer_core.sweep.results import KEPT
from xfer_core.tasks import Task
from xfer_core.training.fitted import Fitted

HEAD = ("weight", "bias")
"""What a solver's classifier has besides its encoder."""


@dataclass(frozen=True)
class Kept:
    """An arm's training without its model, which lies in *path* as far as it differs from the untuned one."""

    trained: Trained
    test: np.ndarray
    path: Path


def keep(trained: Trained, test: np.ndarray, corpus: Corpus, what: Task, folder: Path) -> Kept:
    """Put away what *trained* learnt; *test* are its logits of the test texts."""
    fitted = trained.model
    path = folder / KEPT / f"{trained.arm.id}.safetensors"
    path.parent.mkdir(exist_ok=True)
    tuned = {name: value.detach().cpu() for name, value in fitted.model.state_dict().items()}
    if fitted.plan.solver:
        changed = {name: value for name, value in tuned.items() if name in HEAD}
    else:
        untuned = _untuned(trained, corpus, what).state_dict()
        changed = {n: value for n, value in tuned.items() if not torch.equal(untuned[n], value)}
    # Cloned: tensors that share memory cannot be written.
    save_file({name: value.clone().contiguous() for name, value in changed.items()}, path)
    return Kept(replace(trained, fitted=replace(fitted, model=None)), test, path)


def restored(kept: Kept, corpus: Corpus, what: Task) -> Fitted:
    """The tuned model again, in eval mode; equal to the one that was put away."""
    fitted, learnt = kept.trained.model, load_file(kept.path)
    if fitted.plan.solver:
        encoder = load(fitted.source, "encoder")[0]
        layers, (weight, bias) = fitted.plan.pooled, (learnt[name] for name in HEAD)
        head = PooledClassifier(encoder, layers, weight, bias, corpus.label_names)
        return replace(fitted, model=head.eval())
    model = _untuned(kept.trained, corpus, what)
    wrong = model.load_state_dict(learnt, strict=False)
    if wrong.unexpected_keys:
        raise RuntimeError(f"kept weights do not fit: {wrong.unexpected_keys[:3]}")
    return replace(fitted, model=model.eval())


def _untuned(trained: Trained, corpus: Corpus, what: Task) -> Any:
    return what.load(trained.model.source, corpus, trained.config.dropout)[0]
