"""Where a task begins and the model ends: what a table needs, the head, the batches, the metrics.

The training loop, the run store and the pages know only this interface; a further task (translation, question
answering, masked-language pretraining) is one more file beside this one and one entry in ``tasks.REGISTRY``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from xfer_core.corpora.corpus import Corpus
from xfer_core.models.sources import Source
from xfer_core.progress import Report, silent

if TYPE_CHECKING:
    import numpy as np
    import torch

    from xfer_core.models.states import Encodings


class Task(Protocol):
    """What the trainer asks of a task."""

    name: str

    def check(self, corpus: Corpus) -> None:
        """Raises BadTable, with a sentence, if the corpus cannot serve this task."""

    def load(self, source: Source, corpus: Corpus, dropout: float | None) -> tuple[Any, Any]:
        """The pretrained model with a new head for *corpus*, in eval mode, and its tokenizer."""

    def encode(self, tokenizer: Any, texts: Sequence[str], max_length: int) -> Encodings:
        """Token ids of every text, cut at *max_length* tokens including the special ones."""

    def collate(self, examples: list[dict[str, Any]], pad: int) -> dict[str, torch.Tensor]:
        """A padded int64 batch: ``input_ids`` and ``attention_mask`` [B, T], ``labels`` and ``rows`` [B]."""

    def logits(
        self, model: Any, tokenizer: Any, texts: Sequence[str], max_length: int, report: Report = silent
    ) -> np.ndarray:
        """What the model says of each text, float32 [n, classes], in the order given."""

    def metrics(self, logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
        """The numbers of the learning curve, ``macro_f1`` among them, which chooses the best step."""
