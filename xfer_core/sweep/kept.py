"""The tuned models of a sweep: what has to be kept of them until one becomes a run.

Of the best arm of each strategy only the numbers that training changed are kept, in ``kept/`` of the sweep's
folder, and only until the sweep ends: of ``head`` they are kilobytes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from xfer_core.corpora.corpus import Corpus
from xfer_core.models.freezing import split, thaw
from xfer_core.models.load import load
from xfer_core.models.pooled_head import PooledClassifier
from xfer_core.sweep.arms import Trained
from xfer_core.sweep.results import KEPT
from xfer_core.tasks import Task
from xfer_core.training.fitted import Fitted
from xfer_core.training.optim import ever_learning

HEAD = ("weight", "bias")
"""What a solver's classifier has besides its encoder."""


@dataclass(frozen=True)
class Kept:
    """An arm's training without its model, which lies in *path* as far as it differs from the untuned one."""

    trained: Trained
    path: Path


def keep(trained: Trained, folder: Path) -> Kept:
    """Put away what *trained* learnt, in the *folder* of the sweep.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    fitted = trained.model
    path = folder / KEPT / f"{trained.arm.id}.safetensors"
    path.parent.mkdir(exist_ok=True)
    tuned = fitted.model.state_dict()
    names = HEAD if fitted.plan.solver else learnt(fitted)
    # Cloned: tensors that share memory cannot be written.
    weights = {name: tuned[name].detach().cpu().clone().contiguous() for name in names}
    try:
        save_file(weights, path)
    except SafetensorError as error:  # what safetensors makes of a full disk
        path.unlink(missing_ok=True)
        raise OSError(str(error)) from error
    return Kept(replace(trained, fitted=replace(fitted, model=None)), path)


def learnt(fitted: Fitted) -> list[str]:
    """The names of the weights that training could change at any time; of adapters, what they merged into."""
    phases = tuple(
        replace(phase, parts=tuple("weights" if state == "adapter" else state for state in phase.parts))
        for phase in fitted.plan.phases
    )
    model = fitted.model
    names = [*ever_learning(model, replace(fitted.plan, phases=phases), split(model))]
    thaw(model)
    model.eval()
    return names


def restored(kept: Kept, corpus: Corpus, what: Task) -> Fitted:
    """The tuned model again, in eval mode; equal to the one that was put away."""
    fitted, changed = kept.trained.model, load_file(kept.path)
    if fitted.plan.solver:
        encoder = load(fitted.source, "encoder")[0]
        layers, (weight, bias) = fitted.plan.pooled, (changed[name] for name in HEAD)
        head = PooledClassifier(encoder, layers, weight, bias, corpus.label_names)
        return replace(fitted, model=head.eval())
    model = what.load(fitted.source, corpus, kept.trained.config.dropout)[0]
    wrong = model.load_state_dict(changed, strict=False)
    if wrong.unexpected_keys:
        raise RuntimeError(f"kept weights do not fit: {wrong.unexpected_keys[:3]}")
    return replace(fitted, model=model.eval())
