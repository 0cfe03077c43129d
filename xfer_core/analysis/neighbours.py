"""Exact neighbours by matrix products, a block of rows at a time: memory grows with the texts, not their
square. At a few thousand texts this is faster than any index.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from xfer_core.analysis.reading import Reading
from xfer_core.errors import BadSetting
from xfer_core.i18n import N_
from xfer_core.progress import Report, part, silent
from xfer_core.threads import single_threaded

Nearest = tuple[NDArray[np.int64], NDArray[np.float32]]
"""Indices and distances, both [n, k], nearest first; each point is its own first neighbour."""

ROUNDING = 1e-6
"""Cosine distances below this are rounding of float32: equal texts, at distance 0."""
BLOCK = 256
"""Rows whose distances to all others are held at once: 20 MB at 20,000 texts."""


@dataclass(frozen=True)
class Neighbours:
    """The texts nearest to one text, in every layer.

    Attributes
    ----------
    layers : tuple of int
        0 for the embeddings, then 1 and on.
    rows : int64 [layers, k]
        Positions among the texts of the map (its ``rows[position]`` is the position in the corpus), nearest
        first; never the text itself.
    distances : float64 [layers, k]
        By cosine, 0 to 2.
    stays : float64 [layers - 1]
        Share of a layer's k neighbours that are neighbours in the next layer too.
    """

    layers: tuple[int, ...]
    rows: NDArray[np.int64]
    distances: NDArray[np.float64]
    stays: NDArray[np.float64]
    truncated: bool = False
    """Whether the model saw only the beginning of a typed text."""


def unit(states: NDArray[np.float32]) -> NDArray[np.float32]:
    """The rows of *states* [n, hidden] at length 1, so that products are cosines; zeros stay zeros."""
    lengths = np.linalg.norm(states, axis=1, keepdims=True)
    return np.divide(states, lengths, out=np.zeros_like(states, np.float32), where=lengths > 0)


def blocks(n: int) -> Iterator[slice]:
    """Slices of at most ``BLOCK`` rows that cover 0 … n."""
    return (slice(start, min(start + BLOCK, n)) for start in range(0, n, BLOCK))


def nearest(states: NDArray[np.float32], k: int, rows: NDArray[np.int64] | None = None) -> Nearest:
    """The *k* nearest by cosine of each of *states* [n, hidden], unit rows, or of those at *rows* only.

    Itself first, ties by position.
    """
    asked = np.arange(len(states)) if rows is None else rows
    indices, distances = np.empty((len(asked), k), np.int64), np.empty((len(asked), k), np.float32)
    for block in blocks(len(asked)):
        apart = states[asked[block]] @ states.T
        np.subtract(1, apart, out=apart)
        apart[apart < ROUNDING] = 0
        apart[np.arange(len(apart)), asked[block]] = -1
        indices[block], distances[block] = smallest(apart, k)
    return indices, np.maximum(distances, 0)


def smallest(apart: NDArray[np.float32], k: int) -> Nearest:
    """Columns and values of the *k* smallest of each row, ascending, ties by column."""
    found = np.argpartition(apart, k - 1, axis=1)[:, :k]
    found.sort(axis=1)
    ordered = np.take_along_axis(apart, found, axis=1).argsort(axis=1, kind="stable")
    columns = np.take_along_axis(found, ordered, axis=1)
    return columns, np.take_along_axis(apart, columns, axis=1)


def stays(rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of each layer's neighbours [layers, k] that the next layer keeps, float64 [layers - 1]."""
    return np.array([np.isin(before, after).mean() for before, after in pairwise(rows)], np.float64)


def neighbours_of(
    reading: Reading,
    *,
    row: int | None = None,
    text: str = "",
    k: int = 10,
    report: Report = silent,
) -> Neighbours:
    """The *k* nearest texts, in every layer, of one: *row* of the map of the same reading, or a typed text.

    Raises
    ------
    BadSetting
        If neither or no such text is given.
    """
    found = reading.features(reading.draw()[0].texts, part(report, 0, 0.8))
    states, cut = found.array, False
    n = states.shape[1]
    if text.strip():
        asked = reading.features([text])
        queries, cut = asked.array[:, 0], asked.truncated > 0
    elif row is not None and 0 <= row < n:
        queries = states[:, row]
    else:
        raise BadSetting(
            N_("There is no such text on the map."),
            N_("Type a text, or give a position from 0 to {last}."),
            last=n - 1,
        )
    k = min(k, n - 1)
    rows, distances = np.empty((len(states), k), np.int64), np.empty((len(states), k))
    with single_threaded():
        for layer, state in enumerate(states):
            apart = 1 - unit(queries[[layer]]) @ unit(state).T
            apart[apart < ROUNDING] = 0
            if not text.strip():
                apart[0, row] = np.inf
            near, far = smallest(apart, k)
            rows[layer], distances[layer] = near[0], far[0]
            report(0.8 + 0.2 * (layer + 1) / len(states), N_("Finding neighbours in each layer"))
    return Neighbours(found.layers, rows, distances, stays(rows), cut)
