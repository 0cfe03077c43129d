"""What probes on every layer found, for every pair of domains."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

TFIDF = -1
"""The place of the word-count reference in every array over layers."""


@dataclass(frozen=True)
class Cell:
    """One probe read once: trained on *source*, tested on *target*, from *layer* (-1: TF-IDF).

    *low* and *high* bound *macro_f1* with 95 % confidence over the *n* texts tested.
    """

    source: str
    target: str
    layer: int
    macro_f1: float
    low: float
    high: float
    accuracy: float
    n: int


@dataclass(frozen=True)
class Summary:
    """What all pairs of two different domains say together.

    Attributes
    ----------
    pairs : int
        Cross-domain pairs; 0 for a corpus of one domain, and then every mean is over that domain itself.
    travels_best : int
        The layer with the highest mean macro-F1.
    mean : float64 [layers]
        Mean macro-F1 of every layer probed; ``mean[-1]`` is the last layer's.
    tfidf : float
        Mean macro-F1 of the TF-IDF reference.
    best_layer : dict[(source, target), layer]
    above_tfidf, middle_above_last : int
        Pairs in which the best layer beats TF-IDF; in which a layer between the first and last state beats
        the last one. A best of several layers is chosen with the test texts in view, so it flatters a little.
    """

    pairs: int
    travels_best: int
    mean: NDArray[np.float64]
    tfidf: float
    best_layer: dict[tuple[str, str], int]
    above_tfidf: int
    middle_above_last: int


@dataclass(frozen=True)
class Transfer:
    """Macro-F1 of every source, target and layer.

    Attributes
    ----------
    macro_f1, low, high, accuracy : float64 [sources, targets, layers + 1]
        In the order of *layers*; the last entry is TF-IDF, so that index ``TFIDF`` finds it.
        NaN where a source could not be trained. *low*, *high*: 95 % bootstrap bounds of *macro_f1*.
    layers : tuple of int
        The layers probed; 0 is the output of the embeddings.
    trained, tested : int64 [domains]
        Texts each domain's probes were trained on, and each domain was tested with.
    truncated : int
        Texts of which the model saw only the first *max_length* tokens.
    notes : tuple of {"message": msgid, "values": dict}
        What was left out, and why.
    """

    domains: tuple[str, ...]
    labels: tuple[str, ...]
    layers: tuple[int, ...]
    macro_f1: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    trained: NDArray[np.int64]
    tested: NDArray[np.int64]
    notes: tuple[dict[str, Any], ...] = ()
    model: str = ""
    corpus: str = ""
    pool: str = "mean"
    per_class: int = 0
    seed: int = 0
    max_length: int = 0
    truncated: int = 0
    seconds: float = 0.0

    def pairs(self) -> list[tuple[int, int]]:
        """Indices of the cross-domain pairs that could be computed; with one domain, that domain itself."""
        known = np.flatnonzero(~np.isnan(self.macro_f1[:, :, TFIDF]).all(axis=1))
        several = len(self.domains) > 1
        targets = np.flatnonzero(self.tested > 0)
        return [(int(s), int(t)) for s in known for t in targets if s != t or not several]

    def cells(self) -> Iterator[Cell]:
        for s, t, place in np.argwhere(~np.isnan(self.macro_f1)):
            yield Cell(
                source=self.domains[s],
                target=self.domains[t],
                layer=(*self.layers, TFIDF)[place],
                macro_f1=float(self.macro_f1[s, t, place]),
                low=float(self.low[s, t, place]),
                high=float(self.high[s, t, place]),
                accuracy=float(self.accuracy[s, t, place]),
                n=int(self.tested[t]),
            )

    def summary(self) -> Summary:
        pairs = self.pairs()
        scores = np.array([self.macro_f1[pair] for pair in pairs])
        probes, tfidf = scores[:, :TFIDF], scores[:, TFIDF]
        middle = probes[:, 1:-1].max(axis=1, initial=-np.inf)
        return Summary(
            pairs=len(pairs) if len(self.domains) > 1 else 0,
            travels_best=self.layers[int(probes.mean(axis=0).argmax())],
            mean=probes.mean(axis=0),
            tfidf=float(tfidf.mean()),
            best_layer={
                (self.domains[s], self.domains[t]): self.layers[best]
                for (s, t), best in zip(pairs, probes.argmax(axis=1), strict=True)
            },
            above_tfidf=int((probes.max(axis=1) > tfidf).sum()),
            middle_above_last=int((middle > probes[:, -1]).sum()),
        )

    def as_dict(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        found = self.summary()
        return {
            **{name: getattr(self, name) for name in ("model", "corpus", "pool", "seed", "per_class")},
            **{name: getattr(self, name) for name in ("max_length", "truncated", "seconds")},
            "domains": list(self.domains),
            "labels": list(self.labels),
            "layers": list(self.layers),
            "notes": list(self.notes),
            "cells": [asdict(cell) for cell in self.cells()],
            "travels_best": found.travels_best,
            "mean_by_layer": found.mean.tolist(),
            "mean_tfidf": found.tfidf,
            "pairs": found.pairs,
            "pairs_best_layer_above_tfidf": found.above_tfidf,
            "pairs_middle_layer_above_last": found.middle_above_last,
        }
