"""Quality of maps against scikit-learn, exact and on a sample."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.manifold import trustworthiness
from sklearn.metrics import pairwise_distances, silhouette_samples, silhouette_score
from sklearn.neighbors import NearestNeighbors

from xfer_core.analysis import quality as module
from xfer_core.analysis.neighbours import nearest, unit
from xfer_core.analysis.quality import measured, quality, separation, separation_on_map

N, K = 300, 15


@pytest.fixture(scope="module")
def layer() -> tuple[np.ndarray, np.ndarray]:
    """Unit states [300, 12] and a poor map of them."""
    rng = np.random.default_rng(2)
    states = unit(rng.normal(size=(N, 12)).astype(np.float32))
    return states, (states[:, :2] + rng.normal(scale=0.1, size=(N, 2))).astype(np.float32)


def of(layer, rows):
    states, points = layer
    return quality(states, points, nearest(states, K + 1, rows)[0][:, 1:], rows)


def test_trustworthiness_and_continuity_equal_scikit_learn(layer):
    states, points = layer
    found = of(layer, np.arange(N))
    trust = trustworthiness(states, points, n_neighbors=K, metric="cosine")
    between = pairwise_distances(states, metric="cosine")
    continuity = _trustworthiness_of_distances(points, between)
    assert found.trustworthiness == pytest.approx(trust, abs=1e-6)
    assert found.continuity == pytest.approx(continuity, abs=1e-6)
    assert abs(trust - continuity) > 1e-3  # else the two could be mistaken for each other


def _trustworthiness_of_distances(x: np.ndarray, near_by: np.ndarray) -> float:
    """Continuity as scikit-learn would: neighbours by the layer, ranks by the map, whole lists sorted."""
    ranks = pairwise_distances(x).argsort(axis=1).argsort(axis=1)
    near = near_by.argsort(axis=1)[:, 1 : K + 1]
    penalty = np.maximum(np.take_along_axis(ranks, near, axis=1) - K, 0).sum()
    return 1 - 2 * penalty / (N * K * (2 * N - 3 * K - 1))


def test_neighbours_kept(layer):
    states, points = layer
    in_layer = NearestNeighbors(n_neighbors=K, metric="cosine", algorithm="brute").fit(states).kneighbors()[1]
    on_map = NearestNeighbors(n_neighbors=K).fit(points).kneighbors()[1]
    expected = np.mean([len(set(a) & set(b)) / K for a, b in zip(in_layer, on_map, strict=True)])
    assert of(layer, np.arange(N)).kept == pytest.approx(expected, abs=1e-9)


def test_of_points_alone_all_is_kept():
    points = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
    circle = unit(points)
    angles = np.arctan2(circle[:, 1], circle[:, 0])
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    found = quality(circle, ring, nearest(circle, 6)[0][:, 1:], np.arange(60))
    assert found.trustworthiness == found.continuity == found.kept == 1


def test_points_on_one_spot_are_no_obstacle(layer):
    found = quality(layer[0], np.zeros((N, 2), np.float32), nearest(layer[0], K + 1)[0][:, 1:], np.arange(N))
    assert np.isfinite(found.trustworthiness) and found.continuity == 1  # no rank is worse than another


def test_a_sample_comes_near_the_whole_and_is_seeded(layer, monkeypatch):
    monkeypatch.setattr(module, "EXACT", 200)
    rows = measured(N, 3, 150)
    assert len(np.unique(rows)) == 150 and (rows == measured(N, 3, 150)).all()
    assert (rows != measured(N, 4, 150)).any()
    every, some = of(layer, np.arange(N)), of(layer, rows)
    assert some.trustworthiness == pytest.approx(every.trustworthiness, abs=0.02)
    assert some.kept == pytest.approx(every.kept, abs=0.02)


def test_up_to_5000_texts_all_are_measured():
    assert len(measured(5_000, 0)) == 5_000
    assert len(measured(5_001, 0)) == 2_000


def test_separation_equals_scikit_learn(layer):
    states, points = layer
    groups = np.random.default_rng(4).integers(3, size=N)
    states = unit(states + 0.3 * np.eye(12, dtype=np.float32)[groups])
    states[5] = 0
    expected = silhouette_score(states, groups, metric="cosine")
    assert separation(states, groups) == pytest.approx(expected, abs=1e-6)
    assert separation_on_map(points, groups, np.arange(N)) == pytest.approx(
        silhouette_score(points, groups), abs=1e-5
    )
    rows = np.array([1, 8, 99])
    assert separation_on_map(points, groups, rows) == pytest.approx(
        silhouette_samples(points, groups)[rows].mean(), abs=1e-5
    )


def test_texts_without_a_group_are_left_out_and_lone_ones_count_nothing(layer):
    states, points = layer
    groups = np.random.default_rng(5).integers(-1, 2, size=N)
    groups[0] = 7
    known = groups >= 0
    assert separation(states, groups) == pytest.approx(
        silhouette_score(states[known], groups[known], metric="cosine"), abs=1e-6
    )
    assert separation_on_map(points, groups, np.arange(N)) == pytest.approx(
        silhouette_score(points[known], groups[known]), abs=1e-5
    )


@pytest.mark.parametrize("groups", [np.zeros(N, np.int64), np.full(N, -1), np.arange(N)])
def test_without_two_groups_there_is_no_separation(layer, groups):
    assert np.isnan(separation(layer[0], groups))
    assert np.isnan(separation_on_map(layer[1], groups, np.arange(N)))
