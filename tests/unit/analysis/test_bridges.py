"""Each way to bridge two domains against what is known of it: hand computations and constructed cases."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import sklearn
from sklearn.decomposition import PCA

from xfer_core.analysis.alignment import METHODS, bridges
from xfer_core.analysis.alignment.bridges import BRIDGES
from xfer_core.threads import single_threaded


@pytest.fixture(autouse=True)
def one_thread():
    with single_threaded():
        yield


def clouds(n=400, width=5, seed=0):
    """Two clouds with other means and other covariances."""
    rng = np.random.default_rng(seed)
    mix = rng.normal(size=(width, width))
    return rng.normal(size=(n, width)), rng.normal(size=(n, width)) @ mix + 2.0


def test_every_method_is_described_and_implemented():
    assert list(METHODS) == list(BRIDGES)
    assert all(each.title and each.what and each.when_not for each in METHODS.values())


def test_doing_nothing_does_nothing():
    source, target = clouds()
    bridge = bridges.none(source, target, 0)
    assert bridge.source(source) is source and bridge.target(target) is target and bridge.weights is None


def test_each_domain_is_standardised_by_itself():
    source, target = clouds()
    bridge = bridges.standardise(source, target, 0)
    for moved in (bridge.source(source), bridge.target(target)):
        assert moved.mean(axis=0) == pytest.approx(np.zeros(5), abs=1e-9)
        assert moved.std(axis=0) == pytest.approx(np.ones(5))


def test_subspace_alignment_is_that_of_the_paper(monkeypatch):
    monkeypatch.setattr(bridges, "SUBSPACE", 3)
    source, target = clouds()
    bridge = bridges.subspace(source, target, 0)
    here, there = PCA(3).fit(source), PCA(3).fit(target)
    ps, pt = here.components_, there.components_
    expected = (source - source.mean(axis=0)) @ ps.T @ ps @ pt.T @ pt
    assert bridge.source(source) == pytest.approx(expected)
    assert bridge.target(target) == pytest.approx((target - target.mean(axis=0)) @ pt.T @ pt)


def test_coral_gives_the_source_the_covariance_of_the_target():
    source, target = clouds(n=4_000)
    before = np.abs(np.cov(source.T) - np.cov(target.T)).max()
    after = np.abs(np.cov(bridges.coral(source, target, 0).source(source).T) - np.cov(target.T)).max()
    assert after < 0.05 * before


def test_exact_transport_undoes_a_shift():
    source, _ = clouds(n=60)
    target = np.random.default_rng(1).permutation(source) + np.array([1.0, 0, 0, 0, 0.5])
    moved = bridges.exact_transport(source, target, 0).source(source)
    assert moved == pytest.approx(source + np.array([1.0, 0, 0, 0, 0.5]))


def test_entropic_transport_keeps_all_mass_of_the_target():
    source, target = clouds(n=100)
    bridge = bridges.transport(source, target, 0)
    assert bridge.source(source).mean(axis=0) == pytest.approx(target.mean(axis=0), abs=1e-3)
    assert bridge.target(target) == pytest.approx(target)


def test_transport_does_not_depend_on_the_unit_of_the_features():
    source, target = clouds(n=80)
    small = bridges.transport(source, target, 0).source(source)
    large = bridges.transport(1_000 * source, 1_000 * target, 0).source(1_000 * source)
    assert large / 1_000 == pytest.approx(small, rel=1e-3, abs=1e-3)


def test_source_texts_that_look_like_the_target_count_more():
    rng = np.random.default_rng(0)
    source = rng.normal(size=(200, 4))
    source[:100, 0] += 4
    target = rng.normal(size=(100, 4)) + np.array([4, 0, 0, 0])
    weights = bridges.reweight(source, target, 0).weights
    assert weights.mean() == pytest.approx(1)
    assert weights[:100].mean() > 1.3 * weights[100:].mean()


def test_features_dead_in_either_domain_are_found():
    source, target = clouds()
    source[:, 1] = 7.0
    target[:, 3] = -1e3 + 1e-9 * np.arange(len(target))
    assert bridges.live(source, target).tolist() == [True, False, True, False, True]


@pytest.mark.parametrize("name", BRIDGES)
def test_more_features_than_texts_give_finite_numbers(name):
    source, target = clouds(n=20, width=60)
    bridge = BRIDGES[name](source[:14], target[:12], 0)
    for moved, given in ((bridge.source(source), source), (bridge.target(target), target)):
        assert moved.shape == given.shape and np.isfinite(moved).all()


def test_scikit_learn_is_left_as_it_was(monkeypatch):
    """skada's own import would switch metadata routing on for every estimator of the process."""
    monkeypatch.delitem(sys.modules, "skada", raising=False)
    bridges.skada.cache_clear()
    before = sklearn.get_config()
    assert bridges.skada().CORALAdapter and sklearn.get_config() == before
