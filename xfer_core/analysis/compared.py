"""From what every probe said of every test text to scores, differences and means, all with their bounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xfer_core.analysis.resampling import FEW, bounds, resampled
from xfer_core.analysis.scores import RESAMPLES
from xfer_core.analysis.transfer import (
    CHOICES,
    TFIDF,
    Array,
    Mean,
    Transfer,
    chosen,
    pairs_of,
    rest_pairs_of,
)


def compared(
    true: Sequence[NDArray[np.int64]],
    predicted: Sequence[NDArray[np.int64]],
    *,
    domains: tuple[str, ...],
    labels: tuple[str, ...],
    layers: tuple[int, ...],
    trained: NDArray[np.int64],
    seed: int = 0,
) -> Transfer:
    """What the labels that probes gave say about pairs, layers and means.

    Parameters
    ----------
    true : list of int64 [tested texts]
        One array a target.
    predicted : list of int64 [sources, layers + 1, tested texts]
        As *true*; TF-IDF last; -1 throughout for a source that could not be trained.
    """
    sources, inputs = predicted[0].shape[:2]
    shape = sources, len(true), inputs
    macro_f1, accuracy = np.full(shape, np.nan), np.full(shape, np.nan)
    draws = np.full((RESAMPLES, *shape), np.nan)
    for t, (truth, said) in enumerate(zip(true, predicted, strict=True)):
        known = np.flatnonzero((said >= 0).all(axis=(1, 2))) if len(truth) else []
        if len(known):
            exact, drawn = resampled(truth, said[known].reshape(-1, len(truth)), seed=seed + t)
            macro_f1[known, t] = exact.reshape(len(known), inputs)
            draws[:, known, t] = drawn.reshape(RESAMPLES, len(known), inputs)
            accuracy[known, t] = (said[known] == truth).mean(axis=2)
    own = np.einsum("rttl->rtl", draws[:, : len(true)])
    few = np.array([len(truth) < FEW for truth in true])
    low, high = _within(draws, few, (0.0, 1.0), macro_f1)
    gap_low, gap_high = _within(own[:, None] - draws, few, (-1.0, 1.0), macro_f1)
    lead_low, lead_high = _within(draws - draws[..., TFIDF - 1, None], few, (-1.0, 1.0), macro_f1)
    return Transfer(
        domains=domains,
        labels=labels,
        layers=layers,
        macro_f1=macro_f1,
        low=low,
        high=high,
        accuracy=accuracy,
        trained=trained,
        tested=np.array([len(truth) for truth in true]),
        gap_low=gap_low,
        gap_high=gap_high,
        lead_low=lead_low,
        lead_high=lead_high,
        chance=np.array([guessing(truth) for truth in true]),
        means=_means(macro_f1, draws, layers, pairs_of(macro_f1[: len(true)])),
        rest_means=_means(macro_f1, draws, layers, rest_pairs_of(macro_f1)),
        seed=seed,
    )


def _within(draws: Array, few: NDArray[np.bool_], whole: tuple[float, float], known: Array) -> Any:
    """Bounds of *draws* [resamples, sources, targets, layers]; for *few* texts all that is possible."""
    low, high = bounds(draws)
    low[:, few], high[:, few] = whole
    return np.where(np.isnan(known), np.nan, low), np.where(np.isnan(known), np.nan, high)


def guessing(true: NDArray[np.int64]) -> float:
    """Macro-F1 expected of giving every class that occurs equally often, without looking at the text.

    Of a class with share p among K the precision is p and the recall 1/K, so F1 = 2p / (Kp + 1).
    """
    if not len(true):
        return float("nan")
    shares = np.unique(true, return_counts=True)[1] / len(true)
    return float((2 * shares / (len(shares) * shares + 1)).mean())


def _means(
    macro_f1: Array, draws: Array, layers: tuple[int, ...], pairs: Sequence[tuple[int, int]]
) -> tuple[Mean, ...]:
    """Of every layer, TF-IDF and every choice that can be made for all *pairs*."""
    if not pairs:
        return ()
    rows, columns = (np.array(side) for side in zip(*pairs, strict=True))
    inputs = len(layers) + 1
    places: dict[int | str, NDArray[np.int64]] = {
        layer: np.full(len(pairs), place) for place, layer in enumerate((*layers, TFIDF))
    }
    places |= {how: chosen(macro_f1, how)[rows, columns] for how in CHOICES}
    last = np.full(len(pairs), inputs - 2)

    def of(exact: Array, drawn: Array) -> tuple[float, float, float]:
        low, high = bounds(drawn.mean(axis=1))
        return float(exact.mean()), float(low), float(high)

    result = []
    for how, place in places.items():
        if (place < 0).any():
            continue
        score, drawn = macro_f1[rows, columns, place], draws[:, rows, columns, place]
        lead, drawn_lead = score - macro_f1[rows, columns, last], drawn - draws[:, rows, columns, last]
        gap, drawn_gap = macro_f1[columns, columns, place] - score, draws[:, columns, columns, place] - drawn
        result.append(
            Mean(how, *of(score, drawn), *of(lead, drawn_lead), *of(gap, drawn_gap))
        )
    return tuple(result)
