"""Linear CKA against its other formulation, HSIC of Gram matrices, and what it must not see."""

from __future__ import annotations

import numpy as np
import pytest

from xfer_core.analysis.similarity import linear_cka, shift


def hsic_cka(x: np.ndarray, y: np.ndarray) -> float:
    """HSIC(K, L) / √(HSIC(K, K) HSIC(L, L)) with K = x xᵀ, L = y yᵀ and the centring matrix written out."""
    n = len(x)
    centre = np.eye(n) - np.ones((n, n)) / n
    k, gram = x @ x.T, y @ y.T

    def hsic(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.trace(a @ centre @ b @ centre)) / (n - 1) ** 2

    return hsic(k, gram) / np.sqrt(hsic(k, k) * hsic(gram, gram))


@pytest.fixture
def states():
    rng = np.random.default_rng(0)
    return rng.normal(size=(80, 12)) + 5, rng.normal(size=(80, 7)) - 3


@pytest.mark.parametrize("n", [5, 10, 80])
def test_both_formulations_agree(states, n):
    x, y = (each[:n] for each in states)
    assert linear_cka(x, y) == pytest.approx(hsic_cka(x, y), abs=1e-12)
    assert linear_cka(x, x + 0.3 * x**2) == pytest.approx(hsic_cka(x, x + 0.3 * x**2), abs=1e-12)


def test_rotation_shift_and_scale_do_not_count_but_a_stretch_does(states):
    x, _ = states
    rotation = np.linalg.qr(np.random.default_rng(1).normal(size=(12, 12)))[0]
    assert linear_cka(x, 3 * x @ rotation + 7) == pytest.approx(1)
    assert linear_cka(x, x * np.geomspace(0.01, 100, 12)) < 0.7
    assert linear_cka(x, states[1]) == linear_cka(states[1], x)


def test_unrelated_states_are_far_apart_when_texts_are_many():
    rng = np.random.default_rng(2)
    assert linear_cka(rng.normal(size=(3_000, 10)), rng.normal(size=(3_000, 10))) < 0.02


def test_states_that_say_the_same_of_all_texts_have_no_likeness(states):
    assert np.isnan(linear_cka(states[0], np.full((80, 4), 0.1)))


def test_shift_is_one_number_a_layer(states):
    before = np.stack([states[0], states[0], states[0]]).astype(np.float32)
    after = before.copy()
    after[2] += np.random.default_rng(3).normal(scale=2, size=after[2].shape)
    found = shift(before, after)
    assert found.dtype == np.float64 and found[:2] == pytest.approx([1, 1]) and found[2] < 0.9
