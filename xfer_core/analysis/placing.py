"""New texts on an existing map: each among its neighbours, and no old point moves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xfer_core.analysis.features import MAX_LENGTH, TEXTS, Pool, features, of_corpus
from xfer_core.analysis.neighbours import ROUNDING, blocks, smallest, unit
from xfer_core.analysis.projection import maps_of
from xfer_core.errors import BadSetting
from xfer_core.i18n import N_
from xfer_core.progress import Report, part, silent
from xfer_core.threads import single_threaded


def place(
    points: NDArray[np.float32], states: NDArray[np.float32], new: NDArray[np.float32], k: int = 15
) -> NDArray[np.float32]:
    """Places [m, 2] of *new* states [m, hidden] on a map *points* [n, 2] of *states* [n, hidden].

    Each is the mean of the places of its *k* nearest by cosine, weighted by ``1 / distance``: a text that is
    on the map already comes to lie on itself.
    """
    old, found = unit(states), np.empty((len(new), 2), np.float32)
    for rows in blocks(len(new)):
        apart = 1 - unit(new[rows]) @ old.T
        near, far = smallest(apart, min(k, len(old)))
        weights = 1 / np.maximum(far, ROUNDING * ROUNDING)
        found[rows] = (points[near] * weights[:, :, None]).sum(axis=1) / weights.sum(axis=1)[:, None]
    return found


def places_of(
    model: str,
    corpus_id: str,
    new: list[str],
    *,
    pool: Pool = "mean",
    texts: int = TEXTS,
    max_length: int = MAX_LENGTH,
    seed: int = 0,
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
    drawn = maps_of(
        model, corpus_id, pool=pool, texts=texts, max_length=max_length, seed=seed, hold=hold,
        base_model=base_model, report=part(report, 0.0, 0.7),
    )  # fmt: skip
    _, _, known = of_corpus(model, corpus_id, pool=pool, texts=texts, max_length=max_length, seed=seed)
    asked = features(model, new, pool=pool, max_length=max_length, report=part(report, 0.7, 0.9))
    with single_threaded():
        every = zip(drawn.points, known.array, asked.array, strict=True)
        return np.stack([place(points, states, of_new) for points, states, of_new in every])
