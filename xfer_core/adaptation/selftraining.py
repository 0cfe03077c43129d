"""Self-training: the model's own sure labels of target texts are learnt from (Lee 2013; Yarowsky 1995)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from xfer_core.adaptation.ground import Ground
from xfer_core.adaptation.towards import unlabelled
from xfer_core.tasks.classification import probabilities
from xfer_core.training.beside import Beside
from xfer_core.training.material import Example, Material


@dataclass(frozen=True)
class Believed:
    """Places among the unlabelled texts, int64 [k], and the labels believed of them, int64 [k]."""

    places: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64]


class Pseudo(Beside):
    """Target texts with the labels that are *believed*, as further training examples."""

    def __init__(self, ground: Ground, believed: Believed) -> None:
        self.ground, self.believed = ground, believed

    def examples(self, material: Material) -> list[Example]:
        texts = unlabelled(self.ground, material)
        return [
            {**texts[place], "labels": label}
            for place, label in zip(self.believed.places.tolist(), self.believed.labels.tolist(), strict=True)
        ]


def believe(logits: npt.NDArray[np.float32], confidence: float) -> Believed:
    """The texts whose most probable label has a probability of *confidence* or more.

    Parameters
    ----------
    logits : float32 [n, classes]
    """
    shares = probabilities(logits)
    places = np.flatnonzero(shares.max(axis=1) >= confidence)
    return Believed(places, shares[places].argmax(axis=1).astype(np.int64))


def told(
    round_number: int, believed: Believed, before: Believed | None, n: int, names: Any
) -> dict[str, Any]:
    """A round in numbers: how many texts were believed, how they are shared out, how many changed label."""
    counts = np.bincount(believed.labels, minlength=len(names))
    changed = None
    if before is not None:
        was = dict(zip(before.places.tolist(), before.labels.tolist(), strict=True))
        both = [
            (was[p], y)
            for p, y in zip(believed.places.tolist(), believed.labels.tolist(), strict=True)
            if p in was
        ]
        changed = sum(a != b for a, b in both)
    return {"round": round_number, "believed": len(believed.places), "of": n,
            "labels": dict(zip(names, counts.tolist(), strict=True)), "changed": changed}  # fmt: skip
