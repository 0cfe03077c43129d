"""A profile with known numbers: three layers, the middle one travels best."""

from __future__ import annotations

from typing import Any

import numpy as np

from xfer_core.analysis.profile import Profile
from xfer_core.analysis.ranking import Band, Floats, Ranking, ranked


def band(*values: float) -> Band:
    value = np.array(values)
    return Band(value, value - 0.02, value + 0.03)


def lead(pairs: int = 2, **changed: Any) -> Ranking:
    """Layer 1 of three, .04 ahead of the last one."""
    behind = Band(np.array([0.1, 0, 0.04]), np.array([0.08, 0, 0.01]), np.array([0.12, 0, 0.07]))
    values: dict[str, Any] = {
        "layers": (0, 1, 2), "score": band(0.65, 0.75, 0.71), "floor": np.array([0.5, 0.5, 0.49]),
        "behind": behind, "first": np.array([0, 0.96, 0.04]), "ahead": np.array([1, np.nan, 0.99]),
        "needed": np.array([40.0, np.nan, 130.0]), "texts": 80, "pairs": pairs,
    }  # fmt: skip
    return Ranking(**values | changed)


def ranking_of(scores: Floats, pairs: int = 2) -> Ranking:
    """Layers with *scores* about which there is no doubt."""
    return ranked(range(len(scores)), scores, np.tile(scores, (2, 1)), np.full_like(scores, 0.3), texts=80,
                  pairs=pairs)  # fmt: skip


def made(**changed: Any) -> Profile:
    values: dict[str, Any] = {
        "model": "bundled:minilm", "corpus": "demo-00000000", "pool": "mean", "seed": 0, "per_class": 400,
        "max_length": 128, "n": 160, "truncated": 0, "domains": ("shop", "film"),
        "texts": np.array([80, 80]), "labels": ("bad", "good"), "layers": (0, 1, 2),
        "task": band(0.7, 0.82, 0.8), "control": np.array([0.5, 0.51, 0.52]),
        "selectivity": np.array([0.2, 0.31, 0.3]), "logme": np.array([-0.6, -0.4, -0.5]),
        "domain": band(0.9, 0.92, 0.88), "domain_control": np.array([0.53, 0.52, 0.51]),
        "a_distance": np.array([1.6, 1.7, 1.5]), "mmd": np.array([0.05, 0.1, 0.06]),
        "transfer": band(0.65, 0.75, 0.71), "transfer_control": np.array([0.5, 0.5, 0.49]),
        "ranking": lead(), "anisotropy": np.array([0.4, 0.6, 0.1]),
        "intrinsic_dimension": np.array([30.0, 25.0, 28.0]), "purity_label": np.array([0.6, 0.7, 0.65]),
        "purity_domain": np.array([0.7, 0.8, 0.75]), "chance": (0.5, 0.5),
        "cka": np.array([[1, 0.5, 0.2], [0.5, 1, 0.6], [0.2, 0.6, 1]]), "sampled": 160,
    }  # fmt: skip
    return Profile(**values | changed)
