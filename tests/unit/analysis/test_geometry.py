"""Shapes that are known: dimension, direction and neighbours by construction, or by scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.neighbors import NearestNeighbors

from xfer_core.analysis.geometry import anisotropy, intrinsic_dimension, purity

RNG = np.random.default_rng


def test_anisotropy_is_the_mean_cosine_of_all_pairs():
    states = RNG(0).normal(size=(60, 9)) + 0.4
    cosines = cosine_similarity(states)[np.triu_indices(60, 1)]
    assert anisotropy(states) == pytest.approx(cosines.mean(), abs=1e-10)
    assert anisotropy(np.full((5, 3), 2.0)) == pytest.approx(1)
    assert np.isnan(anisotropy(states[:1]))


@pytest.mark.parametrize("dimension", [2, 6])
def test_intrinsic_dimension_of_a_plane_bent_into_many_columns(dimension):
    rng = RNG(1)
    flat = rng.uniform(size=(1_000, dimension))
    bent = np.tanh(flat @ rng.normal(size=(dimension, 40)) * 0.3)
    assert intrinsic_dimension(bent) == pytest.approx(dimension, rel=0.15)


def test_intrinsic_dimension_is_the_slope_of_facco_et_al():
    states = RNG(2).normal(size=(300, 30))
    distances = NearestNeighbors(n_neighbors=3).fit(states).kneighbors()[0]
    ratios = np.sort(distances[:, 1] / distances[:, 0])[:270]
    x, y = np.log(ratios), -np.log(1 - np.arange(1, 271) / 300)
    assert intrinsic_dimension(states) == pytest.approx((x @ y) / (x @ x), rel=1e-6)


def test_equal_states_count_once_and_too_few_have_no_dimension():
    states = RNG(3).normal(size=(100, 30))
    assert intrinsic_dimension(np.vstack([states, states[:40]])) == pytest.approx(intrinsic_dimension(states))
    assert np.isnan(intrinsic_dimension(np.full((100, 30), 0.2)))


def test_purity_is_that_of_scikit_learns_neighbours():
    rng = RNG(4)
    states = rng.normal(size=(300, 8)).astype(np.float32)
    labels = (states[:, 0] > 0).astype(np.int64)
    near = NearestNeighbors(n_neighbors=10, metric="cosine").fit(states).kneighbors(return_distance=False)
    rows = np.arange(0, 300, 3)
    expected = (labels[near[rows]] == labels[rows, None]).mean()
    other = rng.integers(0, 5, 300)
    assert purity(states, rows, labels, other)[0] == pytest.approx(expected)
    assert purity(states, rows, labels, other)[1] == pytest.approx(0.2, abs=0.05)


def test_purity_of_equal_states_is_not_known():
    codes = np.arange(30) % 2
    assert np.isnan(purity(np.full((30, 4), 0.5), np.arange(30), codes)).all()
    assert np.isnan(purity(np.ones((1, 4)), np.arange(1), codes[:1])).all()
