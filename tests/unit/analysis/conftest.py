"""Layers whose truth is known: clusters that stand further apart from layer to layer."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray


@pytest.fixture(scope="session")
def layered() -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
    """States float32 [3, 240, 16], labels [240] and domains [240]: two labels, three domains, equal shares.

    Layer 0 is noise; in layers 1 and 2 the label moves the first column, more in layer 1; the domain moves
    the second column everywhere.
    """
    rng = np.random.default_rng(7)
    labels, domains = np.tile([0, 1], 120), np.repeat([0, 1, 2], 80)
    states = rng.normal(size=(3, 240, 16)).astype(np.float32)
    states[1, :, 0] += 4 * labels
    states[2, :, 0] += 0.8 * labels
    states[:, :, 1] += 3 * domains
    return states, labels, domains
