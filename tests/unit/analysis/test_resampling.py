"""Texts drawn again against scikit-learn on the drawn texts; halves of the training texts."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from xfer_core.analysis import resampling
from xfer_core.analysis.resampling import AT_ONCE, bounds, macro_f1, resampled
from xfer_core.analysis.scores import gain, score

RNG = np.random.default_rng


@pytest.fixture(scope="module")
def readers() -> tuple[np.ndarray, np.ndarray]:
    """180 texts of three classes; five readers, the last like the one before it."""
    rng = np.random.default_rng(2)
    true = rng.integers(0, 3, 180)
    said = np.where(rng.random((5, 180)) < 0.6, true, rng.integers(0, 4, (5, 180)))
    said[3] = np.where(rng.random(180) < 0.7, true, 0)
    said[4] = np.where(np.arange(180) < 3, 1, said[3])
    return true, said


def test_every_draw_is_macro_f1_of_the_same_texts_for_all(readers):
    true, said = readers
    draws = resampled(true, said, seed=4)
    exact = macro_f1(np.ones((1, 180)), true, said)[0]
    assert exact == pytest.approx([f1_score(true, each, average="macro") for each in said])
    counts = np.random.default_rng(4).multinomial(180, np.full(180, 1 / 180), size=AT_ONCE)
    for draw in (0, 17):
        rows = np.repeat(np.arange(180), counts[draw])
        expected = [f1_score(true[rows], each[rows], average="macro") for each in said]
        assert draws[draw] == pytest.approx(expected)


def test_bounds_agree_with_those_of_a_single_reader(readers):
    true, said = readers
    draws = resampled(true, said)
    low, high = bounds(draws)
    for place, each in enumerate(said):
        alone = score(true, each)
        assert (low[place], high[place]) == pytest.approx((alone.low, alone.high), abs=0.015)
    both = bounds(draws[:, 4] - draws[:, 0])
    assert both == pytest.approx(gain(true, said[0], said[4]), abs=0.02)


def test_alike_readers_differ_less_than_either_is_known(readers):
    draws = resampled(*readers)
    low, high = bounds(draws)
    apart_low, apart_high = bounds(draws[:, 3] - draws[:, 4])
    assert apart_high - apart_low < 0.5 * (high[3] - low[3])


def test_a_weighted_score_is_that_of_the_repeated_texts():
    true, said = RNG(0).integers(0, 3, size=(2, 4, 50))
    weights = resampling.draws(np.repeat([0, 1], 25), seed=0, resamples=6)
    weights[0] = 50 * (np.arange(50) == 3)  # one text only: most classes are absent
    f1 = resampling.macro_f1(weights, true, said)
    right = resampling.accuracy(weights, true, said)
    for draw, counts in enumerate(weights.astype(int)):
        for place in range(4):
            t, p = np.repeat(true[place], counts), np.repeat(said[place], counts)
            assert f1[draw, place] == pytest.approx(f1_score(t, p, average="macro"), abs=1e-6)
            assert right[draw, place] == pytest.approx(accuracy_score(t, p), abs=1e-6)


def test_of_no_text_nothing_is_known():
    nothing = np.zeros((1, 3))
    assert np.isnan(resampling.macro_f1(nothing, np.arange(3), np.arange(3)[None])).all()


def test_every_domain_is_drawn_its_number_and_the_seed_decides():
    domains = np.array([0] * 30 + [1] * 2)
    weights = resampling.draws(domains, seed=3)
    assert (weights[:, :30].sum(axis=1) == 30).all() and (weights[:, 30:].sum(axis=1) == 2).all()
    assert np.array_equal(weights, resampling.draws(domains, seed=3))
    assert not np.array_equal(weights, resampling.draws(domains, seed=4))


def test_halves_are_disjoint_and_whole():
    rows = np.arange(10, 31)
    parts = resampling.halves(rows, seed=0)
    assert len(parts) == resampling.HALVES
    for a, b in zip(parts[::2], parts[1::2], strict=True):
        assert sorted([*a, *b]) == rows.tolist() and abs(len(a) - len(b)) <= 1


def test_halving_gives_the_error_of_a_mean():
    """Of a plain mean the jackknife that leaves out half is known: the standard error."""
    rng = RNG(1)
    found = []
    for seed in range(200):
        values = rng.normal(size=400)
        means = np.array([values[half].mean() for half in resampling.halves(np.arange(400), seed)])
        found.append((resampling.halving(means) ** 2).sum())
    assert np.sqrt(np.mean(found)) == pytest.approx(1 / np.sqrt(400), rel=0.12)


def test_texts_needed_find_the_difference_in_four_of_five_cases():
    """Simulated: a paired difference of .05 with a spread of .6 a text; 100 texts do not settle it."""
    rng = RNG(2)
    needed = float(resampling.texts_needed(np.array(0.05), np.array(0.6 / np.sqrt(100)), 100))
    drawn = rng.normal(0.05, 0.6, size=(4_000, round(needed)))
    error = drawn.std(axis=1) / np.sqrt(drawn.shape[1])
    assert (drawn.mean(axis=1) > 1.96 * error).mean() == pytest.approx(0.8, abs=0.03)
    assert np.isinf(resampling.texts_needed(np.array(0.0), np.array(0.1), 100))
