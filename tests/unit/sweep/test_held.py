"""An arm's memory does not depend on what went before it in the process."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from xfer_core.sweep.held import Held
from xfer_core.training import memory


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what is held")
def test_what_others_left_does_not_count() -> None:
    held = Held()

    def arm() -> float:
        held.begin()
        memory.reset_peak()
        assert np.ones(80 * 2**17).sum()  # 80 MB
        return held.by(memory.peak_mb())

    first = arm()
    left_behind = np.ones(160 * 2**17)
    second = arm()
    assert first == pytest.approx(second, abs=25) and left_behind.any()
    assert held.by(0.0) <= first - 60
