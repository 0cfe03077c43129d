"""A transfer result with known numbers, and text that tries to be markup."""

from __future__ import annotations

import numpy as np
import pytest

from tests.profiles import ranking_of
from xfer_core.analysis.transfer import Transfer

HOSTILE = '<a href="https://example.org">x</a> %{x} <b>bold</b> $x^2$ &amp; {y}'


@pytest.fixture
def hostile() -> str:
    return HOSTILE


@pytest.fixture
def result() -> Transfer:
    """Three domains, the first with a hostile name, four layers; best layer 2 everywhere, TF-IDF .3."""
    scores = np.empty((3, 3, 5))
    scores[:] = [0.5, 0.6, 0.8, 0.7, 0.3]
    scores += 0.01 * np.arange(3)[:, None, None] + 0.02 * np.arange(3)[None, :, None]
    return Transfer(
        domains=(HOSTILE, "film", "news"), labels=("bad", "good"), layers=(0, 1, 2, 3), macro_f1=scores,
        low=scores - 0.05, high=scores + 0.05, accuracy=scores, trained=np.array([70, 70, 70]),
        tested=np.array([30, 31, 32]), ranking=ranking_of(scores[0, 0, :-1], 6),
    )  # fmt: skip
