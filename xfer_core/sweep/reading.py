"""Reading the validation and test texts with one tuned model after the other.

Nothing is run twice for it: the layers below the lowest one that an arm trains are those of the untuned
model, whose states of all texts are there since the first arm's pass. A head on top of six frozen layers
reads in no time, and a solver's classifier only multiplies the means it was made for.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from xfer_core.corpora.corpus import Corpus
from xfer_core.progress import silent
from xfer_core.tasks import Task
from xfer_core.training import reading
from xfer_core.training.fitted import Fitted
from xfer_core.training.material import Shared

Part = Literal["validation", "test"]
PARTS = ("train", "validation", "test")
"""What is encoded and read together, in this order."""


class Reader:
    """Gives the logits of a part of *corpus* for models tuned from one and the same untuned model.

    Parameters
    ----------
    shared : Shared
        With the states and means that the arms start from; from now on of all three parts.
    bf16 : bool
        Which states the arms start from.
    """

    def __init__(self, corpus: Corpus, what: Task, shared: Shared, *, bf16: bool = False) -> None:
        self.corpus, self.what, self.shared, self.bf16 = corpus, what, shared, bf16
        shared.parts = PARTS
        ends = np.cumsum([corpus.part(name).n for name in PARTS])
        self._rows = {
            name: np.arange(end - corpus.part(name).n, end) for name, end in zip(PARTS, ends, strict=True)
        }

    def logits(self, fitted: Fitted, part: Part) -> np.ndarray:
        """Float32 [n, classes], equal up to rounding to those of the whole model."""
        rows = self._rows[part]
        if fitted.plan.solver:
            means = self.shared.pooled(
                fitted.model.encoder, fitted.tokenizer, self.corpus, fitted.max_length, silent, bf16=self.bf16
            )
            return reading.solved(fitted, means[:, rows])
        material = self.shared.material(self.corpus, self.what, fitted.tokenizer, fitted.max_length, seed=0)
        states = reading.known(fitted, self.shared, material.encodings, bf16=self.bf16)
        return reading.logits(fitted, material.encodings, rows, states=states)
