"""Small readings of attention for tests, with every field a real one has."""

from __future__ import annotations

from typing import Any

import numpy as np

from xfer_core.attention.reading import AttentionReading


def reading(
    tokens: list[str],
    keys: list[str] | None = None,
    *,
    shape: tuple[int, int] = (3, 2),
    **changed: Any,
) -> AttentionReading:
    """Random weights over *tokens*, words by ``##``, [..] special; *changed* fields are as they are given."""
    sides = {"": tokens, "keys_": keys or tokens}
    values: dict[str, Any] = {"tokens": tokens, "keys": keys or tokens}
    for prefix, texts in sides.items():
        special = [text.startswith("[") for text in texts]
        values[prefix + "special"] = special
        values[prefix + "punctuation"] = [all(sign in ".,!?:" for sign in text) for text in texts]
        words: list[int | None] = []
        last = -1
        for text, alone in zip(texts, special, strict=True):
            last += not text.startswith("##")
            words.append(None if alone else last)
        values[prefix + "words"] = words
    many = len(values["keys"])
    weights = np.random.default_rng(0).dirichlet(np.ones(many), size=(*shape, len(tokens))).astype(np.float32)
    values |= {
        "measure": "weight", "kind": "self", "kinds": ("self",), "weights": weights, "residual": None,
        "outside": np.zeros(weights.shape[:3], np.float32), "start": 0, "keys_start": changed.get("start", 0),
        "total": len(tokens), "cut": 0,
        "prediction": None, "split": None, "causal": False, "reach": None, "model": "bundled:minilm",
        "head_size": 32, "uniform": False,
    }  # fmt: skip
    return AttentionReading(**values | changed)
