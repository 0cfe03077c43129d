"""Maps of a corpus as the engine would give them, without a model."""

from __future__ import annotations

import numpy as np

from xfer_core.analysis.projection import Maps
from xfer_core.corpora import Corpus

LAYERS = 3


def maps(corpus: Corpus, n: int | None = None, seed: int = 0, **changed: object) -> Maps:
    n = n or corpus.n
    points = np.random.default_rng(seed).normal(size=(LAYERS, n, 2)).astype(np.float32)
    values = {
        "points": points, "trustworthiness": np.array([0.7, 0.95, 0.9]),
        "continuity": np.array([0.75, 0.9, 0.85]), "kept": np.array([0.2, 0.3, 0.25]),
        "separation_features": np.array([0.05, 0.1, 0.2]), "separation_map": np.array([0.04, 0.2, 0.3]),
        "separated_by": "label", "noise": 0.5, "measured": n, "hold": 0.0, "base_model": "", "stage": "map",
        "rows": np.arange(n), "correct": None, "model": "bundled:minilm", "corpus": corpus.id,
        "pool": "mean", "seed": 0, "max_length": 128, "truncated": 0,
    }  # fmt: skip
    return Maps(**values | changed)  # type: ignore[arg-type]
