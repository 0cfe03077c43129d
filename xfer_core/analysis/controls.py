"""Linear probes of many label sets at once, so that shuffled labels cost next to nothing.

A probe here is ridge regression on the indicators of the classes, and discriminant analysis on its answers:
penalised discriminant analysis (Hastie, Buja and Tibshirani 1995, Annals of Statistics 23, 73-102). The
largest answer alone would miss a class that lies between two others. With standardised states ``X = U S Vᵀ``
the coefficients are ``V (S² + λ)⁻¹ Vᵀ Xᵀ Y``: one eigendecomposition of ``Xᵀ X`` serves every label set ``Y``
and every penalty λ, chosen for each indicator by leaving one text out.

Shuffled labels are the control task of Hewitt and Liang 2019 (arXiv 1909.03368) for whole texts: what a probe
reaches on them it reaches without knowing anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xfer_core.threads import single_threaded

FOLDS = 5
SHUFFLES = 20
PENALTIES = np.geomspace(1e-3, 1e3, 13)
"""Of λ, in units of the mean eigenvalue of ``Xᵀ X``."""
AT_ONCE = 256
"""Indicators solved for together: bounds memory where there are many classes."""

_ROUNDING = 1e-10
_TINY = 1e-12
_NEVER = 1e-300
"""The share of a class that no training text has: its score is below every other."""


def groups(texts: Sequence[str]) -> NDArray[np.int64]:
    """The number of each row's text, int64 [n]: identical texts have one number."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(text, len(numbers)) for text in texts], dtype=np.int64)


def folds(
    same: NDArray[np.int64], labels: NDArray[np.int64], domains: NDArray[np.int64], seed: int
) -> NDArray[np.int64]:
    """The fold of each row, 0 to :data:`FOLDS` - 1, int64 [n].

    Every label × domain is dealt out evenly; rows of one text (*same*, of :func:`groups`) stay together, or a
    probe would be asked what it has learnt by heart.
    """
    _, first = np.unique(same, return_index=True)
    order = np.lexsort((np.random.default_rng(seed).random(len(first)), domains[first], labels[first]))
    dealt = np.empty(len(first), np.int64)
    dealt[order] = np.arange(len(first)) % FOLDS
    return dealt[same]


@dataclass(frozen=True)
class Question:
    """What probes are asked: the true classes of the texts, and shuffled ones.

    *codes* is int64 [1 + shuffles, n], the truth first; every code is below *classes*.
    """

    codes: NDArray[np.int64]
    classes: int

    @property
    def truth(self) -> NDArray[np.int64]:
        return self.codes[0]


def question(
    codes: NDArray[np.int64], within: NDArray[np.int64], same: NDArray[np.int64], seed: int
) -> Question:
    """*codes* [n] and :data:`SHUFFLES` shuffles of them.

    They are shuffled *within* groups, labels within domains and domains within labels: so the floor holds
    what, say, knowing the domain alone tells of the label. Identical texts get the same shuffled class, as
    the control task wants it.
    """
    rng = np.random.default_rng(seed)
    _, first = np.unique(same, return_index=True)
    rows = [codes]
    for _ in range(SHUFFLES):
        mixed = codes[first]
        for group in np.unique(within[first]):
            members = np.flatnonzero(within[first] == group)
            mixed[members] = rng.permutation(mixed[members])
        rows.append(mixed[same])
    return Question(np.stack(rows), int(codes.max()) + 1)


class Ridge:
    """The eigendecomposition of one set of training states, ready for any label set.

    Parameters
    ----------
    states : array [m, hidden]
        Standardised here; a column without variance is left out.
    """

    def __init__(self, states: NDArray[np.floating]) -> None:
        given = np.asarray(states, dtype=np.float64)
        self.mean = given.mean(axis=0)
        spread = given.std(axis=0)
        alive = spread > _ROUNDING * (1 + np.abs(self.mean))
        self.scale = np.divide(1.0, spread, out=np.zeros_like(spread), where=alive)
        self.x = (given - self.mean) * self.scale
        m, hidden = self.x.shape
        squares, vectors = np.linalg.eigh(self.x.T @ self.x if hidden <= m else self.x @ self.x.T)
        kept = squares > _ROUNDING * max(float(squares[-1]), _ROUNDING)
        self.squares = squares[kept]
        self.axes = vectors[:, kept] if hidden <= m else self.x.T @ vectors[:, kept] / np.sqrt(self.squares)

    def scores(
        self, codes: NDArray[np.int64], classes: int, asked: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        """How much the probes of *codes* [sets, m] are for each class, of the states *asked* [n, hidden].

        Returns
        -------
        float64 [sets, n, classes]; the largest is the prediction: ``z W⁻¹ μ - μ W⁻¹ μ / 2 + log π`` for
        answers z, their class means μ and spread W within classes, and the share π of the class.
        """
        sets = len(codes)
        x = (np.asarray(asked, dtype=np.float64) - self.mean) * self.scale
        found = np.empty((sets, len(x), classes))
        step = max(1, AT_ONCE // classes)
        for start in range(0, sets, step):
            block = codes[start : start + step]
            answered, means, within, counts = self._fit(block, classes)
            offsets = np.linalg.solve(within, means.swapaxes(1, 2))  # [sets, classes - 1, classes]
            bias = -(means.swapaxes(1, 2) * offsets).sum(axis=1) / 2 + np.log(np.maximum(counts, _NEVER))
            z = (x @ (self.axes @ answered)).reshape(len(x), len(block), classes - 1).swapaxes(0, 1)
            found[start : start + step] = z @ offsets + bias[:, None]
        return found

    def _fit(self, codes: NDArray[np.int64], classes: int) -> tuple[NDArray[np.float64], ...]:
        """Of *codes* [sets, m]: coefficients along the axes [rank, sets × (classes - 1)], means of the
        answers in each class [sets, classes, classes - 1], their covariance within classes, classes' shares.

        The answer for the last class is what the others leave to 1, so it is left out.
        """
        (sets, m), rank = codes.shape, len(self.squares)
        indicators = (codes.T[:, :, None] == np.arange(classes)).astype(np.float64)
        counts = indicators.mean(axis=0)  # [sets, classes]
        y = (indicators - counts)[:, :, :-1].reshape(m, -1)
        flat = self.axes.T @ (self.x.T @ indicators.reshape(m, -1))
        sums = flat.reshape(rank, sets, classes).swapaxes(0, 1)  # [sets, rank, classes]
        answered = self._coefficients(y, sums[:, :, :-1].swapaxes(0, 1).reshape(rank, y.shape[1]))
        each = answered.reshape(rank, sets, classes - 1).swapaxes(0, 1)  # [sets, rank, classes - 1]
        present = np.where(counts > 0, counts * m, 1.0)
        means = (sums / present[:, None]).swapaxes(1, 2) @ each
        total = each.swapaxes(1, 2) @ (self.squares[:, None] * each) / m
        within = total - (means.swapaxes(1, 2) * counts[:, None]) @ means
        size = np.trace(within, axis1=1, axis2=2)[:, None, None]
        return answered, means, within + (_ROUNDING * size + _TINY) * np.eye(classes - 1), counts

    def _coefficients(self, y: NDArray[np.float64], along: NDArray[np.float64]) -> NDArray[np.float64]:
        """[rank, columns] along the axes, for centred *y* [m, columns], each with its penalty.

        The error of leaving one text out is that of the fit over one minus the text's leverage, for every
        penalty from the same decomposition (Allen 1974, Technometrics 16, 125-127). Generalised
        cross-validation, cheaper still, fails where texts are fewer than features: it prefers to interpolate.
        """
        penalties = PENALTIES * (self.squares.mean() if len(self.squares) else 1.0)
        roots = np.sqrt(self.squares)
        left = self.x @ self.axes / roots  # [m, rank], orthonormal columns
        errors = np.empty((len(penalties), y.shape[1]))
        for place, penalty in enumerate(penalties):
            kept = self.squares / (self.squares + penalty)
            free = np.maximum(1 - 1 / len(y) - left**2 @ kept, _TINY)
            residual = y - left @ (kept[:, None] * along / roots[:, None])
            errors[place] = ((residual / free[:, None]) ** 2).sum(axis=0)
        return along / (self.squares[:, None] + penalties[errors.argmin(axis=0)])


@dataclass(frozen=True)
class HeldOut:
    """What probes said of texts they had not seen.

    *predicted* int64 [1 + shuffles, n]; *scores* float64 [n, classes], of the true labels' probe.
    """

    predicted: NDArray[np.int64]
    scores: NDArray[np.float64]


def held_out(
    states: NDArray[np.floating], fold: NDArray[np.int64], questions: Sequence[Question]
) -> list[HeldOut]:
    """Every question put to one layer's *states* [n, hidden]; one eigendecomposition a fold for all."""
    found = [
        HeldOut(np.empty(each.codes.shape, np.int64), np.empty((len(states), each.classes)))
        for each in questions
    ]
    with single_threaded():
        for part in np.unique(fold):
            test = fold == part
            ridge = Ridge(states[~test])
            for each, result in zip(questions, found, strict=True):
                scores = ridge.scores(each.codes[:, ~test], each.classes, states[test])
                result.predicted[:, test] = scores.argmax(axis=2)
                result.scores[test] = scores[0]
    return found
