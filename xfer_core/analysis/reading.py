"""Some texts of a corpus as one model reads them: what maps, neighbours and predictions are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xfer_core.analysis.features import MAX_LENGTH, TEXTS, Features, Pool, features
from xfer_core.corpora.corpus import Corpus, drawn
from xfer_core.corpora.corpus import load as load_corpus
from xfer_core.progress import Report, silent
from xfer_core.settings import LIMITS


@dataclass(frozen=True)
class Reading:
    """Plain values, so that it crosses process borders; equal ones always draw the same texts.

    Attributes
    ----------
    model, corpus : str
        A model's or a finished run's name, and the id of a kept corpus.
    texts : int
        Drawn at most, from every label and domain alike.
    max_length : int
        Tokens of a text that are read, special ones included.
    """

    model: str
    corpus: str
    pool: Pool = "mean"
    texts: int = TEXTS
    max_length: int = MAX_LENGTH
    seed: int = 0

    def draw(self) -> tuple[Corpus, NDArray[np.int64]]:
        """A corpus of the texts, and their positions in the whole one, ascending.

        Raises
        ------
        NotFound
            If there is no such corpus.
        """
        every = load_corpus(self.corpus)
        rows = drawn(every, min(self.texts, LIMITS.features_texts), self.seed)
        return every.take(rows), rows

    def features(self, texts: Sequence[str], report: Report = silent) -> Features:
        """Features of all layers of any *texts*, read in this way; raises as :func:`features` does."""
        return features(self.model, texts, pool=self.pool, max_length=self.max_length, report=report)
