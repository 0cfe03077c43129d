"""Which heads tuning has moved, and whether further than chance moves them.

The rows of one head before and after tuning are compared token by token, by their Jensen–Shannon divergence.
A second run of the same strategy with another seed says how far heads move apart for no reason: a head that
moved less from where it started than two such runs lie apart has not learnt anything that can be named (the
variance test of Wiegreffe & Pinter 2019, arXiv 1908.04626).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xfer_core.attention.divergence import divergence
from xfer_core.attention.habits import MAX_LENGTH, check_reading, looks
from xfer_core.attention.opened import Opened, open_model
from xfer_core.corpora.corpus import drawn
from xfer_core.corpora.corpus import load as load_corpus
from xfer_core.errors import BadModel
from xfer_core.i18n import N_
from xfer_core.progress import Report, silent

Array = NDArray[np.float64]

TEXTS = 100
STILL = 1e-9
"""Bits below which rows are the same but for rounding."""
SURE = 1.96


@dataclass(frozen=True)
class Moved:
    """How far each head moved from *before* to *after*; arrays are float64 [layers, heads], in bits.

    Attributes
    ----------
    jsd : mean over texts of the mean over a text's rows
        Of the last layer only the rows that reach the prediction count.
    low, high : 95 % of the mean, for other texts like these
    noise : as *jsd*, between *after* and *other*; None without another run
    other : str
        A second run of the same strategy with another seed; "" if there is none.
    order : int64 [layers * heads]
        Heads, furthest first.
    still : tuple of int
        Layers whose heads did not move at all: frozen, or below the first that was trained.
    texts : int
    """

    before: str
    after: str
    other: str
    corpus: str
    jsd: Array
    low: Array
    high: Array
    noise: Array | None
    order: NDArray[np.int64]
    still: tuple[int, ...]
    texts: int

    @property
    def beyond_noise(self) -> NDArray[np.bool_] | None:
        """Heads that moved, by the lower bound, further than two seeds lie apart; None without a second."""
        return None if self.noise is None else self.low > self.noise


def moved_of(
    before: str,
    after: str,
    corpus_id: str,
    *,
    other: str = "",
    texts: int = TEXTS,
    seed: int = 0,
    max_length: int = MAX_LENGTH,
    report: Report = silent,
) -> Moved:
    """How far the heads of *after* moved from *before*, over texts of a corpus.

    Raises
    ------
    BadSetting
        As :func:`~xfer_core.attention.habits.check_reading`.
    BadModel
        If a model cannot be loaded, or the two do not cut texts into the same tokens or have other heads.
    NotFound
        If there is no such corpus.
    """
    check_reading(texts, seed, max_length)
    report(0.0, N_("Loading the model"))
    models = [open_model(name) for name in (before, after, *([other] if other else []))]
    corpus = load_corpus(corpus_id)
    chosen = [corpus.texts[place] for place in drawn(corpus, min(texts, corpus.n), seed)]
    moves, apart = [], []
    for at, text in enumerate(chosen):
        report(0.1 + 0.9 * at / len(chosen), N_("Reading texts"))
        first, second, *third = _weights(models, text, max_length)
        moves.append(_apart(models[1], first, second))
        if third:
            apart.append(_apart(models[1], second, third[0]))
    found = np.array(moves)
    mean = found.mean(0)
    error = SURE * found.std(0, ddof=int(len(found) > 1)) / np.sqrt(len(found))
    return Moved(
        before, after, other, corpus_id, mean, np.maximum(mean - error, 0), mean + error,
        np.mean(apart, axis=0) if apart else None,
        np.argsort(-mean.ravel(), kind="stable"),
        tuple(np.flatnonzero(mean.max(1) < STILL).tolist()), len(found),
    )  # fmt: skip


def _weights(models: Sequence[Opened], text: str, max_length: int) -> list[NDArray[np.float32]]:
    found = [next(looks(model, [text], max_length)) for model in models]
    for model, (tokens, weights, _) in zip(models[1:], found[1:], strict=True):
        if tokens.shown != found[0][0].shown or weights.shape != found[0][1].shape:
            raise BadModel(
                N_("The heads of {a} and {b} cannot be compared: they differ in number, or in how a text is"
                   " cut into tokens."),
                N_("Compare a tuned model with the one it was tuned from."),
                a=models[0].source.id, b=model.source.id,
            )  # fmt: skip
    return [weights for _, weights, _ in found]


def _apart(model: Opened, first: NDArray[np.float32], second: NDArray[np.float32]) -> Array:
    """[layers, heads]: mean over the rows that count."""
    rows = divergence(first, second)
    found = rows.mean(-1)
    row = model.reach(rows.shape[-1])
    if row is not None:
        found[-1] = rows[-1][:, row]
    return found
