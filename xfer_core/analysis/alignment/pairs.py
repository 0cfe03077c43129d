"""Whether a way to bridge domains can be trusted: what it did over all pairs of two domains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xfer_core.analysis.alignment.methods import NONE
from xfer_core.analysis.alignment.result import Floats
from xfer_core.i18n import Said


@dataclass(frozen=True)
class Pairs:
    """Every method over all pairs of two different domains.

    Attributes
    ----------
    pairs : tuple of (source, target)
    macro_f1, gain, gain_low, gain_high, label_free : float64 [pairs, methods, layers]
        As in :class:`Alignment`.
    """

    pairs: tuple[tuple[str, str], ...]
    layers: tuple[int, ...]
    methods: tuple[str, ...]
    macro_f1: NDArray[np.float64]
    gain: NDArray[np.float64]
    gain_low: NDArray[np.float64]
    gain_high: NDArray[np.float64]
    label_free: NDArray[np.float64]
    notes: tuple[Said, ...] = ()
    model: str = ""
    corpus: str = ""
    pool: str = "mean"
    shares: str = "natural"
    per_class: int = 0
    seed: int = 0
    seconds: float = 0.0

    def mean(self) -> Floats:
        """Mean gain over the pairs: [methods, layers]."""
        return np.asarray(self.gain.mean(axis=0))

    def worst(self) -> Floats:
        """Worst gain over the pairs: [methods, layers]."""
        return np.asarray(self.gain.min(axis=0))

    def helped(self) -> NDArray[np.int64]:
        """Pairs in which a method clearly helps: [methods, layers]."""
        return np.asarray((self.gain_low > 0).sum(axis=0))

    def hurt(self) -> NDArray[np.int64]:
        """Pairs in which a method clearly hurts: [methods, layers]."""
        return np.asarray((self.gain_high < 0).sum(axis=0))

    def hurts_least(self, layer: int) -> str:
        """Of the methods that do something, the one whose worst gain on *layer* is the highest."""
        place = self.layers.index(layer)
        acting = [m for m in self.methods if m != NONE]
        return max(acting, key=lambda m: self.worst()[self.methods.index(m), place])

    def as_dict(self) -> dict[str, Any]:
        mean, worst, helped, hurt = self.mean(), self.worst(), self.helped(), self.hurt()
        rows = [
            {"method": method, "layer": layer, "mean": float(mean[at]), "worst": float(worst[at]),
             "helped": int(helped[at]), "hurt": int(hurt[at])}
            for j, layer in enumerate(self.layers)
            for i, method in enumerate(self.methods)
            for at in [(i, j)]
        ]  # fmt: skip
        plain = ("model", "corpus", "pool", "shares", "per_class", "seed", "seconds")
        return {**{name: getattr(self, name) for name in plain}, "pairs": list(self.pairs), "rows": rows}
