"""Where a task begins and the model ends: what a table needs, the head, the batches, the metrics.

The training loop (``training.fit``, ``callbacks``), its worker and the run store know only this interface. A
further task (translation, question answering, masked-language pretraining) brings a file beside this one, an
entry in ``tasks.REGISTRY``, and what still speaks of classes elsewhere: a verdict on its curve
(``training.verdict``), references to beat (``training.references``), its model card (``training.card``), its
errors (``training.results.misread``), and its way to be put to work (``inference`` and the pages).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from xfer_core.corpora.corpus import Corpus
from xfer_core.models.sources import Source
from xfer_core.progress import Report, silent

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import torch

    from xfer_core.models.states import Encodings


class Task(Protocol):
    """What the trainer asks of a task."""

    name: str
    measures: tuple[str, ...]
    """Names of the numbers of :meth:`metrics`, as the curve has them."""
    choice: str
    """The one of them, the higher the better, that chooses the best step."""

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
        """The numbers of the learning curve."""

    def weighted_loss(self, examples: list[dict[str, Any]], outputs: int) -> Callable[..., torch.Tensor]:
        """A loss in which what is rare in *examples* weighs as much as what is common."""

    def report(self, part: Corpus, logits: np.ndarray) -> dict[str, Any]:
        """How well texts were read, ``measures`` among the keys; plain JSON values."""

    def predictions(self, part: Corpus, logits: np.ndarray) -> pd.DataFrame:
        """Every single answer, one row a text, ``row`` and ``text`` first."""
