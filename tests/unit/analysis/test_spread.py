"""Standard errors of the measures of shape against what leaving texts out, or new samples, really do."""

from __future__ import annotations

import numpy as np
import pytest

from xfer_core.analysis import spread
from xfer_core.analysis.domains import a_distance
from xfer_core.analysis.geometry import anisotropy, intrinsic_dimension
from xfer_core.analysis.similarity import linear_cka

RNG = np.random.default_rng(0)


def left_out(measure, n: int) -> float:
    """The jackknife as the textbook has it, each text really left out."""
    rows = np.arange(n)
    values = np.array([measure(rows != row) for row in rows])
    return float(np.sqrt((n - 1) / n * ((values - values.mean()) ** 2).sum()))


def test_anisotropy_and_cka_are_the_jackknife_of_every_text_left_out():
    x = RNG.normal(size=(30, 5)) + 0.7
    y = x @ RNG.normal(size=(5, 4)) + 0.8 * RNG.normal(size=(30, 4))
    assert spread.of_anisotropy(x) == pytest.approx(left_out(lambda kept: anisotropy(x[kept]), 30))
    expected = left_out(lambda kept: linear_cka(x[kept], y[kept]), 30)
    assert spread.of_cka(x @ x.T, y @ y.T) == pytest.approx(expected)


def test_mmd_leaves_each_text_out_of_its_domain():
    domains = np.repeat([0, 2, 5], [8, 9, 10])
    places = RNG.normal(size=(27, 3)) + 0.4 * domains[:, None]
    kernel = np.exp(-((places[:, None] - places) ** 2).sum(axis=2) / 4)
    np.fill_diagonal(kernel, 0.0)

    def value(rows: np.ndarray) -> float:
        mean = {}
        for a in (0, 2, 5):
            for b in (0, 2, 5):
                block = kernel[np.ix_(rows & (domains == a), rows & (domains == b))]
                mean[a, b] = block.sum() / (len(block) * (block.shape[1] - (a == b)))
        pairs = ((0, 2), (0, 5), (2, 5))
        return float(np.mean([mean[a, a] + mean[b, b] - 2 * mean[a, b] for a, b in pairs]))

    variance = 0.0
    for code in (0, 2, 5):
        rows = np.flatnonzero(domains == code)
        values = np.array([value(np.arange(27) != row) for row in rows])
        variance += (len(rows) - 1) / len(rows) * ((values - values.mean()) ** 2).sum()
    assert spread.of_mmd(kernel, domains) == pytest.approx(np.sqrt(variance))


def test_a_distance_moves_as_much_as_it_does_with_new_texts():
    domains = np.repeat([0, 1, 2], 60)

    def sample(seed: int) -> np.ndarray:
        return np.random.default_rng(seed).normal(size=(180, 3)) + 1.5 * np.eye(3)[domains]

    seen = np.std([a_distance(sample(seed), domains) for seed in range(400)])
    told = np.mean([spread.of_a_distance(sample(seed), domains) for seed in range(20)])
    assert told == pytest.approx(seen, rel=0.15)


def test_intrinsic_dimension_is_scikit_dimensions_and_moves_as_it_does_with_new_texts():
    def sample(seed: int) -> np.ndarray:
        return np.random.default_rng(seed).normal(size=(300, 4)) @ np.eye(4, 9)

    ratios = spread.neighbour_ratios(sample(0))
    assert spread.two_nn(ratios) == pytest.approx(intrinsic_dimension(sample(0)), rel=1e-6)
    seen = np.std([spread.two_nn(spread.neighbour_ratios(sample(seed))) for seed in range(60)])
    assert spread.of_dimension(ratios, 0) == pytest.approx(seen, rel=0.35)


def test_of_nothing_nothing_is_known():
    assert np.isnan(spread.of_mean(np.array([1.0]))) and np.isnan(spread.of_anisotropy(np.ones((2, 3))))
    assert np.isnan(spread.of_mmd(np.zeros((4, 4)), np.zeros(4, int)))
    assert np.isnan(spread.of_a_distance(np.zeros((4, 1)), np.zeros(4, int)))
