"""A model opened once for everything that looks into it, so that a click costs no loading."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from xfer_core.models.sources import Source, resolve
from xfer_core.runs.models import locate

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

KEPT = 3
"""Models held at once: one, the one it was tuned from, and a second run of the same strategy."""


@dataclass(frozen=True)
class Opened:
    """A model in eval mode on its device.

    Attributes
    ----------
    network : PreTrainedModel or PooledClassifier
        Its ``base_model`` is what is below the head; its forward gives ``logits`` where it is a classifier.
        Shared by all who open it: what is changed for a look must be put back.
    class_names : tuple of str
        In the order of the logits; empty where there is no classifier.
    """

    source: Source
    network: Any
    tokenizer: PreTrainedTokenizerBase
    classifier: bool
    class_names: tuple[str, ...]

    def reach(self, tokens: int) -> int | None:
        """The one row of the last layer, of a text's *tokens*, that the prediction is read from.

        What the others hold changes nothing. None: all rows count, or there is no prediction.
        """
        from xfer_core.tasks.classifier import has_pooled_head

        pools = getattr(self.network.config, "classifier_pooling", "cls") == "mean"  # ModernBERT's choice
        if not self.classifier or pools or has_pooled_head(self.source):
            return None
        return tokens - 1 if self.source.decoder else 0


def open_model(model: str) -> Opened:
    """The model that *model* names: ``bundled:…``, a folder, a hub id or a run that left one.

    It is given again while its files are unchanged.

    Raises
    ------
    BadModel
        If it cannot be found or loaded.
    Refused
        If it is a run that left no model.
    """
    source = resolve(locate(model), encoder_decoders=True)
    return _open(source, max(path.stat().st_mtime_ns for path in source.folder.iterdir()))


@lru_cache(maxsize=KEPT)
def _open(source: Source, changed: int) -> Opened:
    from xfer_core.models.load import load
    from xfer_core.tasks.classifier import class_names, is_classifier, open_classifier

    if is_classifier(source) and not source.encoder_decoder:
        network, tokenizer = open_classifier(source)
        return Opened(source, network, tokenizer, True, class_names(network.config))
    network, tokenizer = load(source, "translator" if source.encoder_decoder else "encoder")
    return Opened(source, network, tokenizer, False, ())
