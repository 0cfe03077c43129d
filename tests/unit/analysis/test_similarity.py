"""Debiased linear CKA against the estimator of HSIC as it is published, and what it must not see."""

from __future__ import annotations

import numpy as np
import pytest

from xfer_core.analysis.similarity import between, linear_cka, shift


def hsic_cka(x: np.ndarray, y: np.ndarray) -> float:
    """HSIC₁(K, L) / √(HSIC₁(K, K) HSIC₁(L, L)), equation 5 of Song et al. 2012 written out."""
    n = len(x)
    k, gram = x @ x.T, y @ y.T

    def hsic(a: np.ndarray, b: np.ndarray) -> float:
        a, b, one = a - np.diag(np.diag(a)), b - np.diag(np.diag(b)), np.ones(n)
        middle = (one @ a @ one) * (one @ b @ one) / ((n - 1) * (n - 2))
        return float(np.trace(a @ b) + middle - 2 / (n - 2) * (one @ a @ b @ one)) / (n * (n - 3))

    return hsic(k, gram) / np.sqrt(hsic(k, k) * hsic(gram, gram))


def biased_cka(x: np.ndarray, y: np.ndarray) -> float:
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    return np.linalg.norm(y.T @ x) ** 2 / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y))


@pytest.fixture
def states():
    rng = np.random.default_rng(0)
    return rng.normal(size=(80, 12)) + 5, rng.normal(size=(80, 7)) - 3


@pytest.mark.parametrize("n", [5, 10, 80])
def test_it_is_the_published_estimator(states, n):
    x = states[0][:n]
    y = x + 0.3 * x**2
    assert linear_cka(x, y) == pytest.approx(hsic_cka(x, y), abs=1e-10)
    x, y = (each[:80] for each in states)
    assert linear_cka(x, y) == pytest.approx(hsic_cka(x, y), abs=1e-10)


def test_rotation_shift_and_scale_do_not_count_but_a_stretch_does(states):
    x, _ = states
    rotation = np.linalg.qr(np.random.default_rng(1).normal(size=(12, 12)))[0]
    assert linear_cka(x, 3 * x @ rotation + 7) == pytest.approx(1)
    assert linear_cka(x, x * np.geomspace(0.01, 100, 12)) < 0.7
    assert linear_cka(x, states[1]) == linear_cka(states[1], x)


def test_unrelated_states_are_far_apart_with_fewer_texts_than_numbers():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(300, 384)), rng.normal(size=(300, 384))
    assert biased_cka(x, y) > 0.5
    assert abs(linear_cka(x, y)) < 0.02
    assert linear_cka(x, x) == pytest.approx(1)


def test_the_likeness_is_that_of_many_texts():
    """Half of the variance is shared: few texts and many give the same, which the biased form does not."""
    rng = np.random.default_rng(3)
    scale = np.geomspace(1, 0.1, 384)
    shared, own = rng.normal(size=(6_000, 384)) * scale, rng.normal(size=(6_000, 384)) * scale
    x, y = shared, np.sqrt(0.5) * shared + np.sqrt(0.5) * own
    truth = biased_cka(x, y)
    assert linear_cka(x[:300], y[:300]) == pytest.approx(truth, abs=0.05)
    assert biased_cka(x[:300], y[:300]) > truth + 0.1


def test_states_that_say_the_same_of_all_texts_have_no_likeness(states):
    assert np.isnan(linear_cka(states[0], np.full((80, 4), 0.1)))
    assert np.isnan(linear_cka(states[0][:3], states[0][:3]))


def test_shift_is_one_number_a_layer(states):
    before = np.stack([states[0], states[0], states[0]]).astype(np.float32)
    after = before.copy()
    after[2] += np.random.default_rng(3).normal(scale=2, size=after[2].shape)
    found = shift(before, after)
    assert found.dtype == np.float64 and found[:2] == pytest.approx([1, 1]) and found[2] < 0.9


def test_between_layers_is_the_same_number_for_every_two(states):
    layers = np.stack([states[0], states[0] ** 2, np.roll(states[0], 1, axis=0)])
    found = between(layers)
    for a in range(3):
        for b in range(3):
            assert found[a, b] == pytest.approx(linear_cka(layers[a], layers[b]), abs=1e-12)
    assert np.isnan(between(np.stack([states[0], np.full_like(states[0], 0.1)]))[0, 1])
    assert np.isnan(between(layers[:, :3])).all()
