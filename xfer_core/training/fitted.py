"""What a training run gives back, however it was tuned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from xfer_core.i18n import N_
from xfer_core.models.sources import Source
from xfer_core.training.plans import Plan

ALL, SOME, NONE = "all", "some", "none"
TOO_LARGE = N_(
    "The states of the frozen layers do not fit into the space allowed for them, so the layers ran at every "
    "step, with the same result."
)
"""Why nothing was cached although something could have been; the other three words need no sentence."""


@dataclass(frozen=True)
class Fitted:
    """A tuned model in eval mode, on the device it was trained on, and how it came about.

    Attributes
    ----------
    model : object
        With ``config``, ``device`` and a forward that gives ``logits``.
    curve : list of dict
        The points of the ``metric`` events.
    best_step : int
        The step whose weights the model has; 0: no step was usable and the weights are the untuned ones.
    cached : str
        ``"all"`` if every step started from states computed once, ``"some"``, ``"none"`` if the strategy has
        no frozen layers to compute once, or :data:`TOO_LARGE`.
    trainable_parameters : int
        Numbers that training could change at any time.
    memory_mb : float
        The most memory the process (on a GPU: its tensors) held while tuning.
    truncated : int
        Texts of the whole corpus that were cut.
    seconds : float
        Loading and cached states included.
    """

    model: Any
    tokenizer: Any
    source: Source
    plan: Plan
    max_length: int
    curve: list[dict[str, Any]]
    best_step: int
    steps: int
    cached: str
    trainable_parameters: int
    parameters: int
    memory_mb: float
    truncated: int
    stopped: bool
    seconds: float

    @property
    def frozen_layers(self) -> int | None:
        """Layers at the bottom that never learn (0: the embeddings only; None: nothing)."""
        return self.plan.prefix
