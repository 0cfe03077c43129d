"""What a tuned classifier says of texts, for the pictures that show it beside their own subject."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xfer_core.files import read_json
from xfer_core.models.sources import Source, resolve
from xfer_core.progress import Report, silent
from xfer_core.runs.models import locate


@dataclass(frozen=True)
class Predictions:
    """Probabilities float32 [n, classes] of the classes *label_names*."""

    label_names: tuple[str, ...]
    probabilities: NDArray[np.float32]


def is_classifier(source: Source) -> bool:
    """Whether the folder holds a tuned text classifier, and not only the layers below one."""
    architectures = read_json(source.folder / "config.json").get("architectures") or []
    return any(name.endswith("ForSequenceClassification") for name in architectures)


def predictions(
    source: Source, texts: Sequence[str], *, max_length: int, report: Report = silent
) -> Predictions:
    """What the classifier *source* makes of *texts*.

    Raises
    ------
    BadModel
        If it has no trained head.
    """
    from xfer_core.models.load import load
    from xfer_core.tasks.classification import Classification

    model, tokenizer = load(source, "classifier")
    logits = Classification().logits(model, tokenizer, texts, max_length, report)
    return Predictions(class_names(model.config), softmax(logits))


def class_names(config: Any) -> tuple[str, ...]:
    """The classes in the order of their logits, whatever the order in the file."""
    return tuple(str(name) for _, name in sorted(config.id2label.items(), key=lambda item: int(item[0])))


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
    found = predictions(source, texts, max_length=min(max_length, source.max_positions), report=report)
    code = {name: label for label, name in enumerate(found.label_names)}
    wanted = np.array([*(code.get(name, -1) for name in label_names), -1])[labels]  # label -1 finds the last
    if (wanted < 0).all():
        return None
    right = found.probabilities.argmax(axis=1) == wanted
    return np.where(wanted < 0, -1, right).astype(np.int8)


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities of each row."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return (powers / powers.sum(axis=-1, keepdims=True)).astype(np.float32)
