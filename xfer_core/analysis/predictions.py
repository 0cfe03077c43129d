"""Whether a tuned classifier is right about texts, for the pictures that show it beside their own subject."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xfer_core.models.sources import resolve
from xfer_core.progress import Report, silent
from xfer_core.runs.models import locate
from xfer_core.tasks.classifier import classifier, is_classifier


def correctness(
    model: str,
    texts: Sequence[str],
    labels: NDArray[np.int64],
    label_names: Sequence[str],
    max_length: int,
    report: Report = silent,
) -> NDArray[np.int8] | None:
    """Whether *model* gives each text its label: int8 [n], 1 yes, 0 no, -1 not to be said.

    Labels are compared by name, so that a classifier of other classes is never called wrong where the class
    it should have given is unknown to it. None where *model* is no classifier, or shares no class.
    """
    source = resolve(locate(model))
    if not is_classifier(source):
        return None
    read = classifier(source, max_length)
    code = {name: label for label, name in enumerate(read.label_names)}
    wanted = np.array([*(code.get(name, -1) for name in label_names), -1])[labels]  # label -1 finds the last
    if (wanted < 0).all():
        return None
    right = read(texts, report).argmax(axis=1) == wanted
    return np.where(wanted < 0, -1, right).astype(np.int8)
