"""What switching off each head of a model does to what it says of one text: every head, exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Ablations:
    """The effect of each head of a model on one text; L layers, H heads, C classes.

    Attributes
    ----------
    labels : tuple of str
        The classes in the order of the logits; empty where the model is no classifier.
    predicted : str
        The label the whole model names.
    change : float64 [L, H, C]
        Logits with the head off minus logits with all on; [L, H, 1], 1 - cosine of the text's vector with and
        without, where there are no labels.
    probability : float64 [L, H, C] or None
        The same of the probabilities.
    gradient : float64 [L, H]
        First-order estimate of the size of the change of the loss. NaN where there are no labels.
    rank_correlation : float
        Spearman's, of the estimate and the change of the loss it estimates. NaN where there are no labels.
    control : float64 [L * H]
        What a head drawn at random does: sizes of the change of the predicted class's logit, or distances.
    how, donor : str
    seconds : float
        What switching off all heads took.
    """

    labels: tuple[str, ...]
    predicted: str
    change: Array
    probability: Array | None
    gradient: Array
    rank_correlation: float
    control: Array
    how: str
    donor: str
    seconds: float
