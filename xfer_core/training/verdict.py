"""What a learning curve says, in words: the kind of ending, and the numbers it was read from.

Both losses of the curve are taken in evaluation mode (no dropout), the training loss on a fixed sample, so
that they compare. Rules in the order tried; the first that holds decides.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from xfer_core.i18n import N_, fill

RISE = 1.10
"""Validation loss this much above its lowest point, with training loss still falling, is overfitting."""
GAP = 0.15
"""Accuracy this much better on training texts than on validation texts is learning by heart."""
MARGIN = 0.2
"""Of the way from always giving the commonest class to always being right, the least that must be gone."""
CLOSE = 1.2
"""Validation loss up to this multiple of the training loss is close to it."""
LATE = 0.15
"""The last share of the run: a best point in it, after steady gains, means that more steps would help."""
GAIN = 0.005
"""The least gain in macro-F1 that is called one."""

DIVERGED = N_(
    "Training diverged: at step {step} the loss was no longer a number. The learning rate is too high for "
    "this strategy; divide it by ten. The best model until then was kept."
)
WORSE = N_(
    "Training diverged: the training loss rose from {first} before training to {last}. The learning rate is "
    "too high for this strategy; divide it by ten."
)
SHORT = N_("Too few checks on the validation texts to judge the curve: train longer.")
UNDERFIT = N_(
    "Underfitting: even on its training texts the model is right in only {reached} of cases, while always "
    "giving the commonest class would be right in {majority}. Raise the learning rate, train longer, or let "
    "more layers learn."
)
OVERFIT = N_(
    "Overfitting: after step {step} the training loss went on falling (to {train}) while the validation loss "
    "rose from {low} to {high}, so the model was learning its training texts by heart. The best model, of "
    "step {best}, was kept. Fewer epochs or more texts help; so do more frozen layers, where any still learn."
)
BY_HEART = N_(
    "Overfitting: the kept model, of step {best}, is right in {train} of the training texts but only in "
    "{validation} of the validation texts. More texts or more dropout help; "
    "so do more frozen layers, where any still learn."
)
IMPROVING = N_(
    "Still improving: the best macro-F1, {best}, came at step {step} of {end} and the validation loss was "
    "still falling. More epochs, or a higher learning rate, would probably help."
)
GOOD = N_(
    "A sound run: validation macro-F1 rose from {first} to {best} by step {step} and then levelled off, with "
    "training and validation loss close together ({train} and {validation})."
)
APART = N_(
    "A sound run: validation macro-F1 rose from {first} to {best} by step {step} and then levelled off. "
    "Training texts are read better than validation texts (loss {train} and {validation}), as is usual, but "
    "the validation loss hardly rose."
)
UNDERFIT_SOLVED = N_(
    "Underfitting: even on its training texts the classifier is right in only {reached} of cases, while "
    "always giving the commonest class would be right in {majority}. The means do not hold what the labels "
    "need: try another layer, or a strategy that trains some."
)
BY_HEART_SOLVED = N_(
    "Overfitting: the classifier is right in {train} of the training texts but only in {validation} of the "
    "validation texts, hardly more than by always giving the commonest class. More texts help, or another "
    "layer."
)
APART_SOLVED = N_(
    "A sound classifier: right in {validation} of the validation texts, macro-F1 {best}, with the penalty "
    "that reads them best. It knows its training texts better ({train}), as is usual where a text has "
    "hundreds of numbers; more texts would bring the two together."
)
GOOD_SOLVED = N_(
    "A sound classifier: right in {train} of the training texts and in {validation} of the validation texts, "
    "macro-F1 {best}, with the penalty that reads the validation texts best."
)


@dataclass(frozen=True)
class Verdict:
    """*kind*: diverged, short, underfit, overfit, improving or good. *message* is a template for *values*."""

    kind: str
    message: str
    values: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "sentence": fill(self.message, self.values)}


def verdict(curve: Sequence[Mapping[str, Any]], majority: float = 0.0) -> Verdict:
    """Judge a run by its curve.

    Parameters
    ----------
    curve : sequence of mappings
        The ``metric`` events in order, the untuned model (step 0) first: ``step``, ``train_loss``,
        ``validation_loss``, ``train_accuracy``, ``validation_accuracy``, ``validation_macro_f1``.
    majority : float
        Share of the commonest class among the training texts.
    """
    points = list(curve)
    if lost := next((p for p in points if not _finite(p["train_loss"], p["validation_loss"])), None):
        return Verdict("diverged", DIVERGED, {"step": lost["step"]})
    if len(points) < 3:
        return Verdict("short", SHORT, {})
    return (
        _worse(points)
        or _underfit(points, majority)
        or _overfit(points)
        or _improving(points)
        or _good(points)
    )


def solved(curve: Sequence[Mapping[str, Any]], majority: float = 0.0) -> Verdict:
    """Judge a classifier that was solved for, not trained: its curve has a point for each strength tried."""
    best = _best(list(curve)[1:])
    values = {
        "train": _r(best["train_accuracy"]),
        "validation": _r(best["validation_accuracy"]),
        "best": _r(best["validation_macro_f1"]),
    }
    reached = max(point["train_accuracy"] for point in curve)
    if reached < majority + MARGIN * (1 - majority):
        return Verdict("underfit", UNDERFIT_SOLVED, {"reached": _r(reached), "majority": _r(majority)})
    if best["train_accuracy"] - best["validation_accuracy"] > GAP:
        learnt = best["validation_accuracy"] >= majority + MARGIN * (1 - majority)
        if learnt:
            return Verdict("good", APART_SOLVED, values)
        return Verdict("overfit", BY_HEART_SOLVED, values)
    return Verdict("good", GOOD_SOLVED, values)


def _best(points: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    return max(points, key=lambda p: (p["validation_macro_f1"], -p["validation_loss"]))


def _worse(points: Sequence[Mapping[str, Any]]) -> Verdict | None:
    first, last = points[0]["train_loss"], points[-1]["train_loss"]
    if last <= 1.2 * first or min(p["train_loss"] for p in points[1:]) <= first:
        return None
    return Verdict("diverged", WORSE, {"first": _r(first), "last": _r(last)})


def _underfit(points: Sequence[Mapping[str, Any]], majority: float) -> Verdict | None:
    reached = max(p["train_accuracy"] for p in points)
    if reached >= majority + MARGIN * (1 - majority):
        return None
    return Verdict("underfit", UNDERFIT, {"reached": _r(reached), "majority": _r(majority)})


def _overfit(points: Sequence[Mapping[str, Any]]) -> Verdict | None:
    best, last = _best(points), points[-1]
    lowest = min(points, key=lambda p: p["validation_loss"])
    rises = last["validation_loss"] > RISE * lowest["validation_loss"]
    if rises and last["train_loss"] < lowest["train_loss"]:
        return Verdict(
            "overfit",
            OVERFIT,
            {
                "step": lowest["step"],
                "train": _r(last["train_loss"]),
                "low": _r(lowest["validation_loss"]),
                "high": _r(last["validation_loss"]),
                "best": best["step"],
            },
        )
    if best["train_accuracy"] - best["validation_accuracy"] <= GAP:
        return None
    return Verdict(
        "overfit",
        BY_HEART,
        {
            "best": best["step"],
            "train": _r(best["train_accuracy"]),
            "validation": _r(best["validation_accuracy"]),
        },
    )


def _improving(points: Sequence[Mapping[str, Any]]) -> Verdict | None:
    best, end = _best(points), points[-1]["step"]
    before = max(p["validation_macro_f1"] for p in points if p["step"] <= (1 - 2 * LATE) * end)
    falling = points[-1]["validation_loss"] <= min(p["validation_loss"] for p in points[:-1])
    late = best["step"] >= (1 - LATE) * end
    if not (late and falling and best["validation_macro_f1"] > before + GAIN):
        return None
    return Verdict(
        "improving",
        IMPROVING,
        {
            "best": _r(best["validation_macro_f1"]),
            "step": best["step"],
            "end": end,
        },
    )


def _good(points: Sequence[Mapping[str, Any]]) -> Verdict:
    first, best = points[0], _best(points)
    close = best["validation_loss"] <= CLOSE * best["train_loss"]
    return Verdict(
        "good",
        GOOD if close else APART,
        {
            "first": _r(first["validation_macro_f1"]),
            "best": _r(best["validation_macro_f1"]),
            "step": best["step"],
            "train": _r(best["train_loss"]),
            "validation": _r(best["validation_loss"]),
        },
    )


def _finite(*numbers: float) -> bool:
    return all(math.isfinite(n) for n in numbers)


def _r(number: float) -> float:
    return round(float(number), 3)
