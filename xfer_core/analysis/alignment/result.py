"""What every way to bridge two domains won or lost on every layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from xfer_core.analysis.alignment.methods import NONE
from xfer_core.i18n import Said

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Alignment:
    """Every method on every layer, from one source to one target domain.

    Attributes
    ----------
    macro_f1, low, high : float64 [methods, layers]
        On the *tested* texts of the target, which no fit has seen; *low* and *high* bound it with 95 %.
    source_macro_f1, source_low, source_high : float64 [methods, layers]
        The same on the *source_tested* texts of the source: what bridging cost at home.
    gain, gain_low, gain_high : float64 [methods, layers]
        Macro-F1 on the target above that of no adaptation, and its 95 % bounds by a paired bootstrap.
    label_free : float64 [methods, layers]
        Mutual information of target texts and predictions, in nats, which needs no labels; high is good.
    ceiling, ceiling_low, ceiling_high : float64 [layers]
        Macro-F1 of a probe trained on labels of the target, which adaptation does without.
    source_shares, target_shares : float64 [classes]
        Of the texts trained on and tested; only said, never used.
    chosen : (method, layer)
        Where *label_free* is highest.
    places : float32 [methods, layers, n, 2]
        Texts of both domains in the plane of the two main directions before adaptation;
        *place_domain* int8 [n] is 0 for the source, 1 for the target, *place_label* int64 [n] -1 if unknown.
    method_seconds : float64 [methods]
        Processor time of one fit on one layer, on average.
    ceiling_trained : int
        Labelled texts of the target that the ceiling's probe learns from.
    notes : tuple of {"message": msgid, "values": dict}
        What was left out, and why.

    A layer whose numbers cannot be used is NaN everywhere. Where the target has no labels, *tested* is 0 and
    every score on it NaN.
    """

    source: str
    target: str
    labels: tuple[str, ...]
    layers: tuple[int, ...]
    methods: tuple[str, ...]
    macro_f1: Floats
    low: Floats
    high: Floats
    source_macro_f1: Floats
    source_low: Floats
    source_high: Floats
    gain: Floats
    gain_low: Floats
    gain_high: Floats
    label_free: Floats
    ceiling: Floats
    ceiling_low: Floats
    ceiling_high: Floats
    chosen: tuple[str, int]
    source_shares: Floats
    target_shares: Floats
    trained: int
    fitted: int
    tested: int
    source_tested: int
    places: NDArray[np.float32]
    place_domain: NDArray[np.int8]
    place_label: NDArray[np.int64]
    method_seconds: Floats
    ceiling_trained: int = 0
    notes: tuple[Said, ...] = ()
    model: str = ""
    corpus: str = ""
    pool: str = "mean"
    shares: str = "natural"
    per_class: int = 0
    seed: int = 0
    max_length: int = 0
    truncated: int = 0
    seconds: float = 0.0

    def at(self, method: str, layer: int) -> tuple[int, int]:
        """Where *method* and *layer* stand in the arrays."""
        return self.methods.index(method), self.layers.index(layer)

    def verdict(self, method: str, layer: int) -> Literal["helps", "hurts", "open"]:
        """Whether the gain's interval is above 0, below it, or holds it."""
        place = self.at(method, layer)
        if self.gain_low[place] > 0:
            return "helps"
        return "hurts" if self.gain_high[place] < 0 else "open"

    @property
    def scored(self) -> bool:
        """Whether texts of the target have labels to score by."""
        return self.tested > 0

    @property
    def chosen_layer(self) -> int:
        """Where *label_free* is highest without adaptation: the layer to look at any method on."""
        return self.layers[int(np.nanargmax(self.label_free[self.methods.index(NONE)]))]

    @property
    def shift(self) -> float:
        """How much the class shares differ: half the sum of absolute differences, 0 to 1."""
        return float(np.abs(self.source_shares - self.target_shares).sum() / 2)

    def scores(self, method: str, layer: int) -> dict[str, dict[str, dict[str, float] | None]]:
        """``before`` and ``after``, each with ``source`` and ``target``: macro-F1 and its bounds; None for a
        target that cannot be scored."""
        return {
            when: {
                "source": _score(
                    self.source_macro_f1, self.source_low, self.source_high, self.at(name, layer)
                ),
                "target": _score(self.macro_f1, self.low, self.high, self.at(name, layer))
                if self.scored
                else None,
            }
            for when, name in (("before", NONE), ("after", method))
        }

    def rows(self) -> list[dict[str, Any]]:
        """One row a method and layer: every score and what it cost."""
        tables = ("macro_f1", "low", "high", "source_macro_f1", "gain", "gain_low", "gain_high", "label_free")
        return [
            {"source": self.source, "target": self.target, "method": method, "layer": layer,
             **{name: float(getattr(self, name)[i, j]) for name in tables},
             "ceiling": float(self.ceiling[j]), "tested": self.tested}
            for i, method in enumerate(self.methods)
            for j, layer in enumerate(self.layers)
        ]  # fmt: skip

    def as_dict(self) -> dict[str, Any]:
        """The same as plain JSON values; maps left out."""
        plain = ("model", "corpus", "source", "target", "pool", "shares", "per_class", "seed", "max_length",
                 "truncated", "trained", "fitted", "tested", "source_tested", "seconds")  # fmt: skip
        tables = ("macro_f1", "low", "high", "source_macro_f1", "gain", "gain_low", "gain_high", "label_free",
                  "ceiling", "method_seconds", "source_shares", "target_shares")  # fmt: skip
        return {
            **{name: getattr(self, name) for name in plain},
            **{name: _listed(getattr(self, name)) for name in tables},
            **{name: list(getattr(self, name)) for name in ("labels", "layers", "methods", "notes")},
            "chosen": {"method": self.chosen[0], "layer": self.chosen[1]},
        }


def _score(value: Floats, low: Floats, high: Floats, place: tuple[int, int]) -> dict[str, float]:
    return {"macro_f1": float(value[place]), "low": float(low[place]), "high": float(high[place])}


def _listed(array: Floats) -> Any:
    """Nested lists, with None for what is not known: JSON has no NaN."""
    return np.where(np.isnan(array), np.array(None), array).tolist()
