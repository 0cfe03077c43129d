"""LogME against the evidence maximised directly, and a case whose ranking is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

from xfer_core.analysis.logme import logme

RNG = np.random.default_rng


def direct(states, labels):
    """The evidence as a Gaussian of n texts, its two precisions found by a general optimiser."""
    found = []
    for code in np.unique(labels):
        y = (labels == code).astype(float)

        def cost(logs, y=y):
            covariance = np.exp(-logs[1]) * np.eye(len(y)) + np.exp(-logs[0]) * states @ states.T
            return -multivariate_normal(cov=covariance, allow_singular=True).logpdf(y)

        best = min(
            (
                minimize(cost, start, method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-8})
                for start in ((0, 0), (3, 2))
            ),
            key=lambda result: result.fun,
        )
        found.append(-best.fun / len(y))
    return np.mean(found)


@pytest.mark.parametrize("shape", [(40, 5), (25, 40)], ids=["more texts", "more columns"])
def test_it_is_the_maximum_of_the_evidence(shape):
    rng = RNG(0)
    states = rng.normal(size=shape) + 0.5
    labels = (states[:, 0] + 0.8 * rng.normal(size=shape[0]) > 0.5).astype(np.int64)
    assert logme(states, labels) == pytest.approx(direct(states, labels), abs=2e-3)


def test_the_more_the_states_know_the_higher():
    rng = RNG(1)
    labels = np.arange(400) % 3
    noise = rng.normal(size=(400, 10))
    found = [logme(noise + strength * np.eye(3, 10)[labels], labels) for strength in (0, 0.5, 1, 3)]
    assert found == sorted(found) and found[-1] > found[0] + 0.3


def test_scale_does_not_count_and_one_class_is_not_known():
    rng = RNG(2)
    states, labels = rng.normal(size=(200, 6)), np.arange(200) % 2
    states[:, 2] += labels
    assert logme(100 * states, labels) == pytest.approx(logme(states, labels), abs=1e-3)
    assert np.isnan(logme(states, np.zeros(200, np.int64)))
    assert np.isfinite(logme(np.full((50, 4), 0.3), np.arange(50) % 2))
    assert np.isnan(logme(np.zeros((50, 4)), np.arange(50) % 2))
