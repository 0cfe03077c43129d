"""From what every probe said of every test text to scores, differences and means, all with their bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from xfer_core.analysis.resampling import FEW, RESAMPLES, bounds, macro_f1, resampled
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

_NONE = np.empty(0, np.int64)


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
    scores, accuracy = np.full(shape, np.nan), np.full(shape, np.nan)
    known = [np.flatnonzero((said >= 0).all(axis=(1, 2))) if said.size else _NONE for said in predicted]
    for t, (truth, said) in enumerate(zip(true, predicted, strict=True)):
        if len(known[t]):
            read = said[known[t]].reshape(-1, len(truth))
            exact = macro_f1(np.ones((1, len(truth))), truth, read)
            scores[known[t], t] = exact.reshape(-1, inputs)
            accuracy[known[t], t] = (said[known[t]] == truth).mean(axis=2)
    means = Means(scores, layers, pairs_of(scores[: len(true)]))
    rest_means = Means(scores, layers, rest_pairs_of(scores))
    sides = np.full((6, *shape), np.nan)  # low and high of score, gap and lead
    for t, (truth, said) in enumerate(zip(true, predicted, strict=True)):
        if not len(known[t]):
            continue
        draws = np.full((RESAMPLES, sources, inputs), np.nan)
        read = said[known[t]].reshape(-1, len(truth))
        draws[:, known[t]] = resampled(truth, read, seed=seed + t).reshape(RESAMPLES, -1, inputs)
        for place, each in enumerate((draws, draws[:, t, None] - draws, draws - draws[..., TFIDF - 1, None])):
            if len(truth) < FEW:  # all that is possible
                sides[2 * place, known[t], t], sides[2 * place + 1, known[t], t] = (0 if not place else -1), 1
            else:
                sides[2 * place : 2 * place + 2, known[t], t] = bounds(each[:, known[t]])
        means.hear(t, draws)
        rest_means.hear(t, draws)
    low, high, gap_low, gap_high, lead_low, lead_high = sides
    return Transfer(
        domains=domains,
        labels=labels,
        layers=layers,
        macro_f1=scores,
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
        means=means.told(),
        rest_means=rest_means.told(),
        seed=seed,
    )


def guessing(true: NDArray[np.int64]) -> float:
    """Macro-F1 expected of giving every class that occurs equally often, without looking at the text.

    Of a class with share p among K the precision is p and the recall 1/K, so F1 = 2p / (Kp + 1).
    """
    if not len(true):
        return float("nan")
    shares = np.unique(true, return_counts=True)[1] / len(true)
    return float((2 * shares / (len(shares) * shares + 1)).mean())


class Means:
    """Means over *pairs* of every layer, of TF-IDF and of every choice that all pairs allow.

    The draws of one target after the other are added up, so that those of all need not be held at once.
    """

    def __init__(self, scores: Array, layers: tuple[int, ...], pairs: Sequence[tuple[int, int]]) -> None:
        self.scores, self.pairs = scores, pairs
        self.places: dict[int | str, NDArray[np.int64]] = {}
        if pairs:
            rows, columns = (np.array(side) for side in zip(*pairs, strict=True))
            places: dict[int | str, NDArray[np.int64]] = {
                layer: np.full(len(pairs), place) for place, layer in enumerate(layers)
            }
            places[TFIDF] = np.full(len(pairs), len(layers))
            places |= {how: chosen(scores, how)[rows, columns] for how in CHOICES}
            self.places = {how: place for how, place in places.items() if (place >= 0).all()}
        self.sums = {how: np.zeros((3, RESAMPLES)) for how in self.places}

    def hear(self, target: int, draws: Array) -> None:
        """*draws* float64 [RESAMPLES, sources, layers + 1] of one target."""
        for how, places in self.places.items():
            for (s, t), place in zip(self.pairs, places, strict=True):
                if t == target:
                    self.sums[how] += _three(draws[:, s], draws[:, t], place)

    def told(self) -> tuple[Mean, ...]:
        layers = [how for how in self.places if isinstance(how, int) and how != TFIDF]
        best = np.argmax([self.sums[how][0] for how in layers], axis=0) if layers else _NONE
        first: dict[int | str, float] = {
            how: float((best == place).mean()) for place, how in enumerate(layers)
        }
        result = []
        for how, places in self.places.items():
            exact = np.zeros(3)
            for (s, t), place in zip(self.pairs, places, strict=True):
                exact += _three(self.scores[s, t], self.scores[t, t], place)
            low, high = bounds(self.sums[how].T / len(self.pairs))
            middle = exact / len(self.pairs)
            values = np.stack([middle, low, high], axis=1).ravel().tolist()
            result.append(replace(Mean(how, *values), first=first.get(how, 0.0)))
        return tuple(result)


def _three(cell: Array, own: Array, place: int) -> Array:
    """Score, lead over the last layer and gap to in-domain training of one pair, [3, …]."""
    score = cell[..., place]
    return np.stack([score, score - cell[..., TFIDF - 1], own[..., place] - score])
