"""Scores of texts drawn again against scikit-learn on the drawn texts, and how many settle a difference."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from xfer_core.analysis import bootstrap

RNG = np.random.default_rng


def test_a_weighted_score_is_that_of_the_repeated_texts():
    rng = RNG(0)
    true, said = rng.integers(0, 3, size=(2, 4, 50))
    weights = bootstrap.draws(np.repeat([0, 1], 25), seed=0, resamples=6)
    f1 = bootstrap.macro_f1(weights, true, said, 3)
    right = bootstrap.accuracy(weights, true, said, 3)
    for draw, counts in enumerate(weights.astype(int)):
        for place in range(4):
            t, p = np.repeat(true[place], counts), np.repeat(said[place], counts)
            assert f1[draw, place] == pytest.approx(f1_score(t, p, average="macro"), abs=1e-6)
            assert right[draw, place] == pytest.approx(accuracy_score(t, p), abs=1e-6)


def test_every_domain_is_drawn_its_number_and_the_seed_decides():
    domains = np.array([0] * 30 + [1] * 2)
    weights = bootstrap.draws(domains, seed=3)
    assert (weights[:, :30].sum(axis=1) == 30).all() and (weights[:, 30:].sum(axis=1) == 2).all()
    assert np.array_equal(weights, bootstrap.draws(domains, seed=3))
    assert not np.array_equal(weights, bootstrap.draws(domains, seed=4))


def test_halves_are_disjoint_and_whole():
    rows = np.arange(10, 31)
    parts = bootstrap.halves(rows, seed=0)
    assert len(parts) == bootstrap.HALVES
    for a, b in zip(parts[::2], parts[1::2], strict=True):
        assert sorted([*a, *b]) == rows.tolist() and abs(len(a) - len(b)) <= 1


def test_halving_gives_the_error_of_a_mean():
    """Of a plain mean the jackknife that leaves out half is known: the standard error."""
    rng = RNG(1)
    found = []
    for seed in range(200):
        values = rng.normal(size=400)
        means = np.array([values[half].mean() for half in bootstrap.halves(np.arange(400), seed)])
        found.append((bootstrap.halving(means) ** 2).sum())
    assert np.sqrt(np.mean(found)) == pytest.approx(1 / np.sqrt(400), rel=0.12)


def test_texts_needed_find_the_difference_in_four_of_five_cases():
    """Simulated: a paired difference of .05 with a spread of .6 a text; 100 texts do not settle it."""
    rng = RNG(2)
    needed = float(bootstrap.texts_needed(np.array(0.05), np.array(0.6 / np.sqrt(100)), 100))
    drawn = rng.normal(0.05, 0.6, size=(4_000, round(needed)))
    error = drawn.std(axis=1) / np.sqrt(drawn.shape[1])
    assert (drawn.mean(axis=1) > 1.96 * error).mean() == pytest.approx(0.8, abs=0.03)
    assert np.isinf(bootstrap.texts_needed(np.array(0.0), np.array(0.1), 100))
