"""What switching off each head of a model does to what it says of one text: every head, exactly."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xfer_core.attention.opened import Opened, open_model
from xfer_core.attention.switching import (
    Whole,
    answers,
    effects,
    named,
    read_whole,
    substitutes,
    without,
)
from xfer_core.i18n import N_
from xfer_core.progress import Report, silent
from xfer_core.threads import single_threaded

if TYPE_CHECKING:
    from torch import Tensor

    from xfer_core.models.lens import Heads

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


def ablations_of(
    model: str,
    text: str,
    pair: str | None = None,
    *,
    how: str = "zero",
    donor: str = "",
    corpus: str = "",
    report: Report = silent,
) -> Ablations:
    """What switching off each head alone does to what *model* says of *text*, or of *text* and *pair*.

    The heads of a layer are one batch, a head off in each row, and layers below are not run again. The
    parameters and errors are those of :func:`~xfer_core.attention.switching.switched`.
    """
    from scipy.special import log_softmax

    from xfer_core.tasks.classification import probabilities

    report(0.0, N_("Loading the model"))
    opened = open_model(model)
    begun = time.perf_counter()
    whole = read_whole(opened, text, pair)
    instead = substitutes(opened, whole, text, pair, how=how, donor=donor, corpus=corpus, report=report)
    after = each_off(opened, whole, instead, report)
    seconds = time.perf_counter() - begun
    change = effects(opened, whole, after)
    column = named(opened, whole)
    control = np.abs(change[..., column]).ravel()
    gradient, agreement, probability = np.full(whole.size, np.nan), np.nan, None
    if opened.classifier:
        gradient = estimated(opened, whole, instead, column)
        loss = -log_softmax(after, -1)[..., column] + log_softmax(whole.answer)[column]
        agreement = rank_correlation(gradient, np.abs(loss))
        probability = (probabilities(after) - probabilities(whole.answer)).astype(np.float64)
    return Ablations(
        opened.class_names, opened.class_names[column] if opened.classifier else "", change, probability,
        gradient, agreement, control, how, donor, seconds,
    )  # fmt: skip


def each_off(opened: Opened, whole: Whole, instead: list[Tensor], report: Report = silent) -> Array:
    """Answers of the model with one head off, float64 [L, H, classes or hidden]."""
    import torch

    layers, heads = whole.size
    found = []
    for layer in range(layers):
        # The layers above are run, so the lower ones take longest.
        report(0.95 - 0.35 * (1 - layer / layers) ** 2, N_("Switching heads off"))
        off = torch.zeros(heads, layers, heads, dtype=torch.bool)
        off[:, layer] = torch.eye(heads, dtype=torch.bool)
        found.append(without(opened, whole, off, instead))
    return np.stack(found)


def estimated(opened: Opened, whole: Whole, instead: list[Tensor], label: int) -> Array:
    """How much the loss of *label* would change by each head, as its gradient says, float64 [L, H].

    With zeros *instead* it is ``|Σ output · ∂loss/∂output|``, the importance of Michel et al. 2019 (*Are
    sixteen heads really better than one?*, arXiv 1905.10650, §4.1), for one text: one backward pass for all
    heads. With means or a donor's outputs it is the same first-order step towards those.
    """
    import torch

    from xfer_core.models.lens import lens

    step = torch.zeros(whole.size, device=whole.heads[0].device, requires_grad=True)

    def change(layer: int, one: Heads) -> Tensor:
        assert one.output is not None
        return one.output + step[layer, :, None, None] * (instead[layer] - one.output.detach())

    with torch.enable_grad(), lens(opened.network.base_model, change):
        loss = -answers(opened, whole.batch)[0].log_softmax(-1)[label]
        (gradient,) = torch.autograd.grad(loss, step)
    return gradient.abs().double().cpu().numpy()


def rank_correlation(one: Array, other: Array) -> float:
    """Spearman's, of all values of two arrays; NaN where one of them does not vary."""
    from scipy.stats import spearmanr

    one, other = one.ravel(), other.ravel()
    if len(one) < 3 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return np.nan
    with single_threaded():
        return float(spearmanr(one, other).statistic)
