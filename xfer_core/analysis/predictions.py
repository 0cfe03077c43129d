"""What a tuned classifier says of texts, for the pictures that show it beside their own subject."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xfer_core.analysis.reading import Reading
from xfer_core.files import fingerprint, whole
from xfer_core.models.identity import identity
from xfer_core.models.sources import Source, resolve
from xfer_core.progress import Report, silent
from xfer_core.runs.models import locate
from xfer_core.settings import home
from xfer_core.tasks.classifier import classifier, is_classifier

VERSION = "1"
"""Part of every cache key: raise it when the same inputs would give other numbers."""


@dataclass(frozen=True)
class Predicted:
    """What a classifier makes of n texts.

    Attributes
    ----------
    label_names : tuple of str
        The classifier's classes.
    codes : int64 [n]
        The class each text is given, as an index into *label_names*.
    confidence : float32 [n]
        The probability of that class, 0 to 1.
    """

    label_names: tuple[str, ...]
    codes: NDArray[np.int64]
    confidence: NDArray[np.float32]

    def correct(self, labels: NDArray[np.int64], label_names: Sequence[str]) -> NDArray[np.int8] | None:
        """Whether each text is given its label: int8 [n], 1 yes, 0 no, -1 not to be said.

        Labels are compared by name, so that a classifier of other classes is never called wrong where the
        class it should have given is unknown to it; None where it shares no class with the labels.
        """
        code = {name: at for at, name in enumerate(self.label_names)}
        wanted = np.array([*(code.get(name, -1) for name in label_names), -1])[labels]  # -1 finds the last
        if (wanted < 0).all():
            return None
        return np.where(wanted < 0, -1, self.codes == wanted).astype(np.int8)


def predicted(model: str, texts: Sequence[str], max_length: int, report: Report = silent) -> Predicted | None:
    """What *model* says of *texts*, of each reading *max_length* tokens; None if it is no classifier.

    Kept on disk: the same weights and texts are read once.
    """
    source = resolve(locate(model))
    if not is_classifier(source):
        return None
    key = fingerprint(VERSION, identity(source), str(max_length), *texts)
    kept = home() / "cache" / "predictions" / f"{key}.npz"
    if not kept.exists():
        _predict(source, texts, max_length, report, kept)
    with np.load(kept) as stored:
        return Predicted(tuple(stored["names"].tolist()), stored["codes"], stored["confidence"])


def _predict(source: Source, texts: Sequence[str], max_length: int, report: Report, kept: Path) -> None:
    read = classifier(source, max_length)
    shares = read(texts, report)
    with whole(kept) as draft, draft.open("wb") as file:
        np.savez(
            file, names=np.array(read.label_names), codes=shares.argmax(axis=1), confidence=shares.max(axis=1)
        )


def predictions_of(reading: Reading, *, report: Report = silent) -> Predicted | None:
    """What the model says of the texts; ``projection.maps_of`` of the same reading shows the same."""
    return predicted(reading.model, reading.draw()[0].texts, reading.max_length, report)


def correctness(
    model: str,
    texts: Sequence[str],
    labels: NDArray[np.int64],
    label_names: Sequence[str],
    max_length: int,
    report: Report = silent,
) -> NDArray[np.int8] | None:
    """Whether *model* gives each text its label, as :meth:`Predicted.correct`; None for no classifier."""
    found = predicted(model, texts, max_length, report)
    return None if found is None else found.correct(labels, label_names)
