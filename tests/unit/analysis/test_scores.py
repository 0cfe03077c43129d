"""Macro-F1 against scikit-learn, its interval against resampled texts."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from xfer_core.analysis.scores import gain, score


@pytest.mark.parametrize("classes", [2, 3, 40])
def test_equals_scikit_learn(classes):
    rng = np.random.default_rng(classes)
    true, predicted = rng.integers(classes, size=(2, 150))
    found = score(true, predicted)
    assert found.macro_f1 == pytest.approx(f1_score(true, predicted, average="macro"), abs=1e-12)
    assert found.accuracy == accuracy_score(true, predicted)


def test_interval_equals_that_of_resampled_texts():
    rng = np.random.default_rng(0)
    true = rng.integers(3, size=200)
    predicted = np.where(rng.random(200) < 0.7, true, rng.integers(3, size=200))
    found = score(true, predicted)
    draws = rng.integers(200, size=(1_000, 200))
    direct = [f1_score(true[rows], predicted[rows], average="macro") for rows in draws]
    assert [found.low, found.high] == pytest.approx(np.quantile(direct, [0.025, 0.975]), abs=0.012)


def test_gain_equals_that_of_resampled_texts_and_is_narrower_than_either_score():
    rng = np.random.default_rng(1)
    true = rng.integers(3, size=300)
    before = np.where(rng.random(300) < 0.6, true, rng.integers(3, size=300))
    after = np.where(rng.random(300) < 0.2, true, before)
    draws = rng.integers(300, size=(600, 300))
    direct = [
        f1_score(true[rows], after[rows], average="macro")
        - f1_score(true[rows], before[rows], average="macro")
        for rows in draws
    ]
    low, high = gain(true, before, after)
    assert [low, high] == pytest.approx(np.quantile(direct, [0.025, 0.975]), abs=0.012)
    one = score(true, after)
    assert low > 0 and high - low < one.high - one.low
    assert gain(true, after, after) == (0.0, 0.0)


def test_all_right_leaves_no_doubt_and_classes_never_seen_do_not_count():
    found = score(np.array([0, 0, 5, 5]), np.array([0, 0, 5, 5]))
    assert (found.macro_f1, found.low, found.high, found.accuracy) == (1, 1, 1, 1)
