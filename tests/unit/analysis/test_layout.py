"""Where maps start: principal components against scikit-learn, and the rigid fit."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import lil_array
from sklearn.decomposition import PCA

from xfer_core.analysis.layout import common, gathered, matched, onto, principal
from xfer_core.analysis.neighbours import unit


def test_principal_components_equal_scikit_learn(layered):
    states = unit(layered[0][1])
    exact = PCA(n_components=2, svd_solver="full").fit_transform(states)
    found = principal(states)
    assert np.abs(found) == pytest.approx(np.abs(exact), abs=1e-4)
    assert (found[np.abs(found).argmax(axis=0), [0, 1]] > 0).all()  # never mirrored


def test_common_components_are_those_of_all_layers_side_by_side(layered):
    states = layered[0]
    side_by_side = np.concatenate([unit(state) for state in states], axis=1)
    exact = PCA(n_components=2, svd_solver="full").fit_transform(side_by_side)
    found = common(states, seed=0)
    for axis in (0, 1):
        assert abs(np.corrcoef(found[:, axis], exact[:, axis])[0, 1]) > 0.995
        assert found[:, axis].std() == pytest.approx(exact[:, axis].std(), rel=0.01)


def test_one_point_many_times_has_no_components():
    assert (principal(unit(np.ones((30, 8), np.float32))) == 0).all()
    one = np.arange(12, dtype=np.float32)[:, None]
    assert principal(unit(one - 5)).shape == (12, 2)  # of one number each there is one component


def test_the_rigid_fit_turns_but_does_not_stretch():
    rng = np.random.default_rng(3)
    base = rng.normal(size=(50, 2))
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    assert onto(base @ turn + 5, base) == pytest.approx(base, abs=1e-5)
    stretched = onto(3 * base, base)
    assert np.linalg.norm(stretched - stretched.mean(axis=0)) == pytest.approx(
        3 * np.linalg.norm(base - base.mean(axis=0)), rel=1e-5
    )


def test_a_point_thrown_off_comes_back_to_its_neighbours_and_a_group_apart_stays():
    points = np.random.default_rng(4).normal(size=(300, 2)).astype(np.float32)
    points[7] = 60, 0
    points[[8, 9]] = 0, 70
    edges = lil_array((300, 300))
    edges[7, [20, 21, 8]] = 3, 1, 9
    edges[8, 9] = edges[9, 8] = 1
    found = gathered(points, edges)
    assert found[7] == pytest.approx((3 * points[20] + points[21]) / 4, rel=1e-5)
    others = np.arange(300) != 7
    assert np.array_equal(found[others], points[others])


def test_layers_are_matched_by_relative_depth():
    planes = np.arange(13, dtype=np.float32)[:, None, None] * np.ones((1, 4, 2), np.float32)
    assert [plane[0, 0] for plane in matched(planes, 7)] == [0, 2, 4, 6, 8, 10, 12]
    assert [plane[0, 0] for plane in matched(planes[0], 3)] == [0, 0, 0]
    assert len(matched(planes, 1)) == 1
