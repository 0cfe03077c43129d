"""Distances between domains whose distance is known: none, separable, and MMD written out as a double sum."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy.spatial.distance import cdist, pdist
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import cross_val_predict

from xfer_core.analysis.controls import folds, held_out, question
from xfer_core.analysis.domains import a_distance, mmd

RNG = np.random.default_rng


def distance(states, domains, seed=0):
    same, labels = np.arange(len(states)), np.zeros_like(domains)
    fold = folds(same, labels, domains, seed)
    [found] = held_out(states, fold, [question(domains, labels, same, seed)])
    return a_distance(found.scores, domains)


def test_a_distance_is_0_of_domains_alike_and_2_of_separable_ones():
    states, domains = RNG(0).normal(size=(2_000, 8)), np.arange(2_000) % 2
    assert distance(states, domains) == pytest.approx(0, abs=0.12)
    apart = states + 20 * domains[:, None]
    assert distance(apart, domains) == pytest.approx(2)


def test_between_them_it_is_that_of_a_probe_by_scikit_learn():
    states, domains = RNG(1).normal(size=(600, 8)), np.arange(600) % 2
    states[:, 0] += 1.5 * domains
    errors = cross_val_predict(RidgeClassifier(), states, domains, cv=5) != domains
    assert distance(states, domains) == pytest.approx(2 * (1 - 2 * errors.mean()), abs=0.08)


def test_of_several_domains_it_is_the_mean_over_pairs():
    """Two domains alike and a third one far away: (0 + 2 + 2) / 3."""
    states, domains = RNG(2).normal(size=(900, 5)), np.arange(900) % 3
    states[domains == 2] += 30
    assert distance(states, domains) == pytest.approx(4 / 3, abs=0.1)


def test_unequal_domains_alike_and_states_all_equal_are_no_distance():
    states, domains = RNG(3).normal(size=(600, 4)), (np.arange(600) % 6 == 0).astype(np.int64)
    assert distance(states, domains) == pytest.approx(0, abs=0.15)
    assert a_distance(np.tile([0.7, 0.3], (600, 1)), domains) == pytest.approx(0)
    assert a_distance(np.zeros((6, 2)), np.array([0, 0, 0, 1, 1, 1])) == 0
    assert np.isnan(a_distance(np.ones((4, 1)), np.zeros(4, np.int64)))


def by_hand(states, domains):
    """Gretton et al. 2012, equation 3, as double sums."""
    sigma = np.median(pdist(states))
    found = []
    for a, b in combinations(np.unique(domains), 2):
        x, y = states[domains == a], states[domains == b]

        def k(p, q):
            return np.exp(-cdist(p, q, "sqeuclidean") / (2 * sigma**2))

        within = [(k(z, z).sum() - len(z)) / (len(z) * (len(z) - 1)) for z in (x, y)]
        found.append(sum(within) - 2 * k(x, y).mean())
    return np.mean(found)


def test_mmd_is_the_published_sum():
    states, domains = RNG(4).normal(size=(70, 6)) + 3, RNG(5).integers(0, 3, 70)
    states[domains == 1] *= 1.7
    assert mmd(states, domains) == pytest.approx(by_hand(states, domains), abs=1e-10)
    assert mmd(states * 9, domains) == pytest.approx(mmd(states, domains))  # the median scales along


def test_mmd_of_domains_alike_is_0_and_grows_with_their_distance():
    states, domains = RNG(6).normal(size=(800, 10)), np.arange(800) % 2
    found = [mmd(states + shift * domains[:, None], domains) for shift in (0, 0.5, 2)]
    assert abs(found[0]) < 0.004 and found[0] < found[1] < found[2]


def test_mmd_of_too_little_is_not_known():
    states = RNG(7).normal(size=(5, 3))
    assert np.isnan(mmd(states, np.zeros(5, np.int64)))
    assert np.isnan(mmd(states, np.array([0, 0, 0, 0, 1])))
    assert np.isnan(mmd(np.full((6, 3), 0.1), np.array([0, 0, 0, 1, 1, 1])))
