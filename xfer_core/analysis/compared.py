"""From what every probe said of every test text to scores, differences and means, all with their bounds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xfer_core.analysis.controls import SHUFFLES
from xfer_core.analysis.ranking import Ranking, ranked
from xfer_core.analysis.resampling import FEW, HALVES, RESAMPLES, bounds, halving, macro_f1, resampled
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

Ints = NDArray[np.int64]


def compared(
    true: Sequence[Ints],
    predicted: Sequence[Ints],
    halved: Array,
    *,
    domains: tuple[str, ...],
    labels: tuple[str, ...],
    layers: tuple[int, ...],
    trained: Ints,
    texts: float,
    seed: int = 0,
) -> Transfer:
    """What the labels that probes gave say about pairs, layers and means.

    A draw takes other texts to test on, the same for every probe, and moves each score as other texts to
    train on would (:func:`~xfer_core.analysis.resampling.halving`), all scores of one source together. Bounds
    are cut to what is possible.

    Parameters
    ----------
    true : list of int64 [tested texts]
        One array a target.
    predicted : list of int64 [sources, layers + 1, tested texts]
        As *true*; TF-IDF last; -1 throughout for a source that could not be trained.
    halved : float64 [sources, targets, layers + 1, HALVES]
        Macro-F1 of the same probes trained on half of their texts.
    texts : float
        In a domain, the mean.
    """
    scores, accuracy = exact(true, predicted)
    pairs = pairs_of(scores[: len(true)])
    means, rest_means = Means(scores, layers, pairs), Means(scores, layers, rest_pairs_of(scores))
    luck = np.random.default_rng([seed, 3]).normal(size=(RESAMPLES, len(scores), HALVES))
    sides = np.full((6, *scores.shape), np.nan)  # low and high of score, gap and lead
    for t, (truth, said) in enumerate(zip(true, predicted, strict=True)):
        known = np.flatnonzero(~np.isnan(scores[:, t, 0]))
        if not len(known):
            continue
        draws = np.full((RESAMPLES, *scores[:, t].shape), np.nan)
        read = said[known].reshape(-1, len(truth))
        draws[:, known] = resampled(truth, read, seed=seed + t).reshape(RESAMPLES, len(known), -1)
        draws += np.einsum("rsh,slh->rsl", luck, halving(halved[:, t]))
        sides[:, known, t] = _sides(draws, t, len(truth))[:, known]
        means.hear(t, draws)
        rest_means.hear(t, draws)
    low, high, gap_low, gap_high, lead_low, lead_high = sides
    return Transfer(
        domains=domains, labels=labels, layers=layers, macro_f1=scores, low=low, high=high,
        accuracy=accuracy, trained=trained, tested=np.array([len(truth) for truth in true]),
        ranking=means.ranking(layers, floor(true, predicted, pairs, seed), texts),
        gap_low=gap_low, gap_high=gap_high, lead_low=lead_low, lead_high=lead_high,
        chance=np.array([guessing(truth) for truth in true]),
        means=means.told(), rest_means=rest_means.told(), seed=seed,
    )  # fmt: skip


def exact(true: Sequence[Ints], predicted: Sequence[Ints]) -> tuple[Array, Array]:
    """Macro-F1 and accuracy, float64 [sources, targets, layers + 1] each; NaN where nothing was said."""
    sources, inputs = predicted[0].shape[:2]
    scores, accuracy = (np.full((sources, len(true), inputs), np.nan) for _ in range(2))
    for t, (truth, said) in enumerate(zip(true, predicted, strict=True)):
        for s in np.flatnonzero((said >= 0).all(axis=(1, 2))) if len(truth) else ():
            scores[s, t] = macro_f1(np.ones((1, len(truth))), truth, said[s])[0]
            accuracy[s, t] = (said[s] == truth).mean(axis=1)
    return scores, accuracy


def _sides(draws: Array, target: int, texts: int) -> Array:
    """Bounds of score, gap and lead, float64 [6, sources, layers + 1], of *draws* [draws, sources, …]."""
    sides = np.empty((6, *draws.shape[1:]))
    against = draws[:, target, None] - draws, draws - draws[..., TFIDF - 1, None]
    for place, each in enumerate((draws, *against)):
        widest = (-1, 1) if place else (0, 1)  # all that is possible
        found = widest if texts < FEW else np.clip(bounds(each), *widest)
        sides[2 * place], sides[2 * place + 1] = found
    return sides


def floor(
    true: Sequence[Ints], predicted: Sequence[Ints], pairs: Sequence[tuple[int, int]], seed: int
) -> Array:
    """95 % of the mean over *pairs* lies below where the labels tested are shuffled, float64 [layers].

    Answers then have as little to do with labels as those of a probe that has learnt shuffled ones.
    """
    rng = np.random.default_rng([seed, 4])
    shuffled = [np.stack([rng.permutation(truth) for _ in range(SHUFFLES)]) for truth in true]
    reached = np.zeros((SHUFFLES, predicted[0].shape[1] - 1))
    for s, t in pairs:
        for place, labels in enumerate(shuffled[t]):
            reached[place] += macro_f1(np.ones((1, len(labels))), labels, predicted[t][s, :TFIDF])[0]
    return np.asarray(np.quantile(reached / len(pairs), 0.95, axis=0))


def guessing(true: Ints) -> float:
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
        self.places: dict[int | str, Ints] = {}
        if pairs:
            rows, columns = (np.array(side) for side in zip(*pairs, strict=True))
            places: dict[int | str, Ints] = {
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
        result = []
        for how in self.places:
            low, high = bounds(self.sums[how].T / len(self.pairs))
            values = np.stack([self._exact(how), low, high], axis=1).ravel().tolist()
            result.append(Mean(how, *values))
        return tuple(result)

    def ranking(self, layers: tuple[int, ...], floor: Array, texts: float) -> Ranking:
        pairs = len(self.pairs)
        means = np.array([self._exact(layer)[0] for layer in layers])
        drawn = np.stack([self.sums[layer][0] for layer in layers], axis=1) / pairs
        return ranked(layers, means, drawn, floor, texts=texts, pairs=pairs)

    def _exact(self, how: int | str) -> Array:
        """Mean score, lead and gap, [3]."""
        each = [
            _three(self.scores[s, t], self.scores[t, t], place)
            for (s, t), place in zip(self.pairs, self.places[how], strict=True)
        ]
        return np.asarray(np.mean(each, axis=0))


def _three(cell: Array, own: Array, place: int) -> Array:
    """Score, lead over the last layer and gap to in-domain training of one pair, [3, …]."""
    score = cell[..., place]
    return np.stack([score, score - cell[..., TFIDF - 1], own[..., place] - score])
