"""New texts on an existing map: each among its neighbours, and no old point moves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xfer_core.analysis.neighbours import ROUNDING, blocks, smallest, unit
from xfer_core.analysis.projection import maps_of
from xfer_core.analysis.reading import Reading
from xfer_core.errors import BadSetting
from xfer_core.i18n import N_
from xfer_core.progress import Report, part, silent
from xfer_core.threads import single_threaded

AROUND = 0.5
"""Of a map that is some ±10 wide."""


def place(
    points: NDArray[np.float32], states: NDArray[np.float32], new: NDArray[np.float32], k: int = 15
) -> NDArray[np.float32]:
    """Places [m, 2] of *new* states [m, hidden] on a map *points* [n, 2] of *states* [n, hidden].

    A text's *k* nearest by cosine may lie in several places, and their mean in none. So the neighbour is
    found that has most of them around it on the map, by umap's attraction ``1 / (1 + distance²)`` weighted
    with one over the distance in the layer; the place is the mean of those within some ``AROUND`` of it.
    Texts kept out of a map of 2,000 have .23 of their 15 nearest around them, those on it .22, at the plain
    mean .11 (four domains, mean of seven layers). A text that is on the map comes to lie on itself.
    """
    old, found = unit(states), np.empty((len(new), 2), np.float32)
    for rows in blocks(len(new)):
        near, far = smallest(1 - unit(new[rows]) @ old.T, min(k, len(old)))
        weights = 1 / np.maximum(far, ROUNDING * ROUNDING).astype(np.float64)
        places = points[near].astype(np.float64)
        apart = ((places[:, :, None] - places[:, None]) ** 2).sum(axis=3)
        densest = (weights[:, None] / (1 + apart)).sum(axis=2).argmax(axis=1)
        weights *= np.exp(-apart[np.arange(len(near)), densest] / (2 * AROUND**2))
        found[rows] = (places * weights[:, :, None]).sum(axis=1) / weights.sum(axis=1)[:, None]
    return found


def places_of(
    reading: Reading,
    new: list[str],
    *,
    hold: float = 0.0,
    base_model: str = "",
    report: Report = silent,
) -> NDArray[np.float32]:
    """Places float32 [layers, m, 2] of the m *new* texts on the maps that ``maps_of`` gives for the rest.

    Raises
    ------
    BadSetting
        If there is no new text.
    """
    if not any(text.strip() for text in new):
        raise BadSetting(N_("There is no text to place."), N_("Type one."))
    drawn = maps_of(reading, hold=hold, base_model=base_model, report=part(report, 0.0, 0.7))
    known = reading.features(reading.draw()[0].texts)
    asked = reading.features(new, part(report, 0.7, 0.9))
    with single_threaded():
        every = zip(drawn.points, known.array, asked.array, strict=True)
        return np.stack([place(points, states, of_new) for points, states, of_new in every])
