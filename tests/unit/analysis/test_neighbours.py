"""Neighbours and trustworthiness against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.manifold import trustworthiness as sklearn_trustworthiness
from sklearn.neighbors import NearestNeighbors

from xfer_core.analysis.neighbours import cosine, nearest, trustworthiness


def test_neighbours_equal_an_exhaustive_search():
    states = np.random.default_rng(0).normal(size=(120, 10)).astype(np.float32)
    indices, distances = nearest(cosine(states), 9)
    search = NearestNeighbors(n_neighbors=9, metric="cosine", algorithm="brute").fit(states)
    expected_distances, expected = search.kneighbors(states)
    assert (indices == expected).all()
    assert distances == pytest.approx(expected_distances, abs=1e-6)


def test_equal_texts_are_at_distance_zero_and_each_is_its_own_first():
    states = np.random.default_rng(1).normal(size=(20, 6)).astype(np.float32)
    states[5:10] = states[5]
    states[19] = 0
    indices, distances = nearest(cosine(states), 5)
    assert (indices[:, 0] == np.arange(20)).all()
    assert (distances[5:10] == 0).all()
    assert np.isfinite(distances).all()


def test_trustworthiness_equals_scikit_learn():
    rng = np.random.default_rng(2)
    states = rng.normal(size=(150, 12)).astype(np.float32)
    points = states[:, :2] + rng.normal(scale=0.3, size=(150, 2))
    expected = sklearn_trustworthiness(states, points, n_neighbors=15, metric="cosine")
    assert trustworthiness(cosine(states), points, 15) == pytest.approx(expected, abs=1e-6)
