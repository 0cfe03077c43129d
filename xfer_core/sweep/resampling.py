"""How far scores could be otherwise, had other texts been drawn and other seeds been used.

The bootstrap draws texts with replacement, the same ones for all that is compared, since a text that is hard
for one strategy is mostly hard for the other. Seeds are drawn as well (Bouthillier et al. 2021, arXiv
2103.03098: both vary, and leaving one out makes differences look surer than they are).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xfer_core.analysis.resampling import bounds, macro_f1

DRAWS = 2_000
CELLS_AT_ONCE = 20_000_000
"""Of one block of draws [draws, kinds of texts], in single precision: 80 MB."""
FEWEST_DRAWS = 500
WORK = 500_000_000
"""Draws × kinds of texts × arms beyond which draws are fewer: scores of so many texts vary little."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Better:
    """How much better one is than the other, in macro-F1.

    *low* and *high* hold the difference with 95 % confidence, *probability* is the share of resamples in
    which it is positive (ties count half).
    """

    difference: float
    low: float
    high: float
    probability: float


@dataclass(frozen=True)
class Resampled:
    """Macro-F1 of everything compared, as measured and in every resample.

    Attributes
    ----------
    exact : dict name → float64 [seeds]
    by_seed : dict name → float64 [seeds, draws]
        Texts resampled.
    draws : dict name → float64 [draws]
        Texts and seeds resampled.
    n : int
        Texts.
    """

    exact: dict[str, Floats]
    by_seed: dict[str, Floats]
    draws: dict[str, Floats]
    n: int

    def mean(self, name: str) -> float:
        return float(self.exact[name].mean())

    def spread(self, name: str) -> float:
        """Standard deviation over seeds; 0 where there is only one."""
        scores = self.exact[name]
        return float(scores.std(ddof=1)) if len(scores) > 1 else 0.0

    def of_texts(self, a: str, b: str) -> float:
        """Variance of the difference of *a* and *b* that the choice of texts makes."""
        return float((self.by_seed[a].mean(axis=0) - self.by_seed[b].mean(axis=0)).var())

    def of_seed(self, name: str) -> float:
        """Variance over seeds that would remain if the texts were without number.

        On a few texts, seeds of equal quality differ too, since each trips over other texts: by half the
        variance of the difference of two of them when texts are resampled. That much is taken off.
        """
        drawn = self.by_seed[name]
        if len(drawn) == 1:
            return 0.0
        tripping = drawn - drawn.mean(axis=0)
        chance = tripping.var(axis=1).sum() / (len(drawn) - 1)
        return max(0.0, self.spread(name) ** 2 - float(chance))

    def error(self, a: str, b: str) -> float:
        """Standard error of the difference of *a* and *b*: other texts, other seeds."""
        of_seeds = sum(self.of_seed(name) / len(self.exact[name]) for name in (a, b))
        return float(np.sqrt(self.of_texts(a, b) + of_seeds))

    def bounds(self, name: str) -> tuple[float, float]:
        return _bounds(self.draws[name])

    def bounds_of_seed(self, name: str, place: int) -> tuple[float, float]:
        """95 % bounds of one seed alone, the one in that *place*: other texts, the same training."""
        return _bounds(self.by_seed[name][place])

    def better(self, a: str, b: str) -> Better:
        """How much better *a* is than *b*."""
        gaps = self.draws[a] - self.draws[b]
        ahead = float((gaps > 0).mean() + (gaps == 0).mean() / 2)
        return Better(self.mean(a) - self.mean(b), *_bounds(gaps), ahead)


def resample(truth: Ints, predicted: Mapping[str, Ints], *, draws: int = DRAWS, seed: int = 0) -> Resampled:
    """Bootstrap of all at once.

    Parameters
    ----------
    truth : int64 [n]
        n may not be 0.
    predicted : mapping name → int64 [seeds, n]
    """
    rng = np.random.default_rng(seed)
    places = np.cumsum([0, *(len(each) for each in predicted.values())])
    together = np.vstack([truth[None], *predicted.values()])
    # Texts alike in truth and all predictions are interchangeable: drawing n texts is drawing how many of
    # each kind, and of kinds there are far fewer.
    kinds, counts = _kinds(together)
    draws = min(draws, max(FEWEST_DRAWS, WORK // kinds.size))
    blocks = _blocks(rng, counts, draws)
    scores = np.concatenate([macro_f1(block, kinds[0], kinds[1:]) for block in blocks]).T
    exact = macro_f1(counts[None], kinds[0], kinds[1:])[0]
    seeds = {name: slice(places[i], places[i + 1]) for i, name in enumerate(predicted)}
    return Resampled(
        exact={name: exact[rows] for name, rows in seeds.items()},
        by_seed={name: scores[rows] for name, rows in seeds.items()},
        draws={name: _over_seeds(scores[rows], rng) for name, rows in seeds.items()},
        n=len(truth),
    )


def _kinds(labels: Ints) -> tuple[Ints, Ints]:
    """The distinct columns of *labels* [arms, n], and how often each occurs."""
    rows = np.ascontiguousarray(labels.T.astype(np.int32))
    as_bytes = rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1]))).ravel()
    _, first, counts = np.unique(as_bytes, return_index=True, return_counts=True)
    return labels[:, first], counts


def _blocks(rng: np.random.Generator, counts: Ints, draws: int) -> Iterator[NDArray[np.float32]]:
    n = int(counts.sum())
    size = max(1, CELLS_AT_ONCE // len(counts))
    for start in range(0, draws, size):
        yield rng.multinomial(n, counts / n, size=min(size, draws - start)).astype(np.float32)


def _over_seeds(scores: Floats, rng: np.random.Generator) -> Floats:
    """Mean over seeds drawn anew in every draw; *scores* [seeds, draws].

    Means of S values drawn from S vary (S-1)/S as much as means of S new ones would; that is made good.
    """
    seeds, draws = scores.shape
    mean = scores.mean(axis=0)
    if seeds == 1:
        return mean
    drawn = rng.integers(seeds, size=(seeds, draws))
    again = np.take_along_axis(scores, drawn, axis=0).mean(axis=0)
    return mean + np.sqrt(seeds / (seeds - 1)) * (again - mean)


def _bounds(values: Floats) -> tuple[float, float]:
    low, high = bounds(values)
    return float(low), float(high)
