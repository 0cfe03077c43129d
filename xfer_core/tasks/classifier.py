"""A tuned text classifier, opened once and read from: what pages, tables and pictures ask it with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from xfer_core.files import read_json
from xfer_core.models.sources import Source
from xfer_core.models.tokens import lengths
from xfer_core.models.weights import POOLED_HEAD
from xfer_core.progress import Report, silent
from xfer_core.settings import LIMITS
from xfer_core.tasks.classification import Classification, probabilities


@dataclass(frozen=True)
class Classifier:
    """A tuned model ready to read: call it with texts for probabilities, float32 [n, classes]."""

    source: Source
    model: Any
    tokenizer: Any
    label_names: tuple[str, ...]
    max_length: int
    """Tokens of a text that are read, special ones included."""

    def lengths(self, texts: Sequence[str]) -> npt.NDArray[np.int32]:
        """Tokens of each text, int32 [n]; of those longer than *max_length* only the beginning is read."""
        return lengths(self.source, texts)

    def __call__(self, texts: Sequence[str], report: Report = silent) -> npt.NDArray[np.float32]:
        logits = Classification().logits(self.model, self.tokenizer, texts, self.max_length, report)
        return probabilities(logits)


def classifier(source: Source, max_length: int | None = None) -> Classifier:
    """Open a tuned classifier, or give it again while its files are unchanged.

    How much of a text is read is settled here: *max_length*; if None, as in training where the model says so;
    else all that model, tokenizer and ``LIMITS.max_length`` allow; and never more than that.

    Raises
    ------
    BadModel
        If it has no trained classifier, or cannot be loaded.
    """
    model, tokenizer = _open(source, max(path.stat().st_mtime_ns for path in source.folder.iterdir()))
    trained_at = (getattr(model.config, "xfer_lab", None) or {}).get("max_length")
    most = min(source.max_positions, tokenizer.model_max_length, LIMITS.max_length)
    return Classifier(
        source, model, tokenizer, class_names(model.config), min(max_length or trained_at or most, most)
    )


@lru_cache(maxsize=2)
def _open(source: Source, changed: int) -> tuple[Any, Any]:
    return open_classifier(source)


def open_classifier(source: Source) -> tuple[Any, Any]:
    """The tuned model, whichever way it was tuned, in eval mode, and its tokenizer.

    Its forward gives ``logits``, its ``base_model`` is what is below the head.

    Raises
    ------
    BadModel
        If it has no trained classifier, or cannot be loaded.
    """
    from xfer_core.models.load import load
    from xfer_core.models.pooled_head import open_pooled

    return open_pooled(source) if has_pooled_head(source) else load(source, "classifier")


def has_pooled_head(source: Source) -> bool:
    """Whether the classifier reads the means of layers, so that it stands beside a plain encoder."""
    return (source.folder / POOLED_HEAD).is_file()


def is_classifier(source: Source) -> bool:
    """Whether the folder holds a tuned text classifier, and not only the layers below one."""
    architectures = read_json(source.folder / "config.json").get("architectures") or []
    return has_pooled_head(source) or any(
        name.endswith("ForSequenceClassification") for name in architectures
    )


def class_names(config: Any) -> tuple[str, ...]:
    """The classes in the order of their logits, whatever the order in the file."""
    return tuple(str(name) for _, name in sorted(config.id2label.items(), key=lambda item: int(item[0])))
