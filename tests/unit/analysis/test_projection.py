"""Maps: repeatable, aligned, honest about quality, and not upset by duplicate texts."""

from __future__ import annotations

import numpy as np
import pytest

from xfer_core.analysis.projection import maps, onto
from xfer_core.errors import BadTable


@pytest.fixture(scope="module")
def points(layered):
    return maps(layered[0], seed=1)[0]


def test_same_seed_same_bytes_another_seed_another_map(layered, points):
    assert maps(layered[0], seed=1)[0].tobytes() == points.tobytes()
    assert maps(layered[0], seed=2)[0].tobytes() != points.tobytes()


def test_layers_stay_where_nothing_changes(layered):
    """Two equal layers are one map; a different layer moves the points."""
    states = layered[0]
    same = maps(np.stack([states[1], states[1], states[0]]), seed=0)[0]
    assert (same[0] == same[1]).all()
    assert np.linalg.norm(same[2] - same[0], axis=1).mean() > 0.05 * np.abs(same[0]).max()


def test_labels_part_in_the_layer_that_knows_them(layered, points):
    labels, domains = layered[1:]
    rows = domains == 1

    def own_label(layer: int) -> float:
        """Share of points whose nearest point on the map has their label: .5 by chance."""
        of = points[layer, rows]
        apart = np.linalg.norm(of[:, None] - of[None], axis=2)
        np.fill_diagonal(apart, np.inf)
        return float((labels[rows][apart.argmin(axis=1)] == labels[rows]).mean())

    assert own_label(1) > 0.8 > 0.65 > own_label(0)


def test_duplicate_texts_do_not_break_seeding(layered):
    states = layered[0].copy()
    states[:, 100:160] = states[:, [100]]
    states[:, 200:203] = 0  # texts of unknown tokens only
    first, trust = maps(states, seed=5)
    assert first.tobytes() == maps(states, seed=5)[0].tobytes()
    assert np.isfinite(first).all() and np.isfinite(trust).all()


def test_fewest_texts(layered):
    assert maps(layered[0][:, :10])[0].shape == (3, 10, 2)
    with pytest.raises(BadTable, match="at least 10 texts; there are 9"):
        maps(layered[0][:, :9])


def test_the_rigid_fit_turns_but_does_not_stretch():
    rng = np.random.default_rng(3)
    base = rng.normal(size=(50, 2))
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    assert onto(base @ turn + 5, base) == pytest.approx(base, abs=1e-5)
    stretched = onto(3 * base, base)
    assert np.linalg.norm(stretched - stretched.mean(axis=0)) == pytest.approx(
        3 * np.linalg.norm(base - base.mean(axis=0)), rel=1e-5
    )
