"""The bootstrap against scikit-learn on the same draws, and against that of a single reader."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from xfer_core.analysis.resampling import AT_ONCE, bounds, macro_f1, resampled
from xfer_core.analysis.scores import gain, score


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
    exact = macro_f1(true, said, np.ones((1, 180)))[0]
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
