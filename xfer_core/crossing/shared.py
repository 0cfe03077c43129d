"""One pass over the texts of all domains, for the trainings in every one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from xfer_core.corpora.corpus import Corpus
from xfer_core.crossing.ground import Ground, Origin
from xfer_core.models.sources import Source
from xfer_core.progress import Report, silent
from xfer_core.tasks import Task
from xfer_core.training import reading
from xfer_core.training.checks import looked_at
from xfer_core.training.fitted import Fitted
from xfer_core.training.material import Example, Material, Shared


class Everywhere(Shared):
    """What trainings in different domains of one *ground* share; :meth:`turn` says whose turn it is."""

    def __init__(self, ground: Ground) -> None:
        super().__init__(parts=("train",))
        self.ground = ground
        self.origin = ground.origins[0]

    def turn(self, origin: Origin) -> None:
        self.origin = origin

    def material(self, corpus: Corpus, what: Task, tokenizer: Any, max_length: int, seed: int) -> Material:
        every = super().material(self.ground.corpus, what, tokenizer, max_length, seed)
        train, validation = ([every.train[row] for row in rows] for rows in self._rows())
        sampled, validated = looked_at(len(train), len(validation))
        return Material(
            every.encodings, train, _some(train, sampled, seed), _some(validation, validated, seed)
        )

    def pooled(
        self,
        model: Any,
        tokenizer: Any,
        corpus: Corpus,
        max_length: int,
        report: Report,
        *,
        bf16: bool = False,
    ) -> npt.NDArray[np.float32]:
        every = super().pooled(model, tokenizer, self.ground.corpus, max_length, report, bf16=bf16)
        return every[:, np.concatenate(self._rows())]

    def truncated(self, corpus: Corpus, source: Source, max_length: int) -> int:
        return super().truncated(self.ground.corpus, source, max_length)

    def labels(self, fitted: Fitted, what: Task, *, bf16: bool) -> npt.NDArray[np.int64]:
        """Labels that a tuned model gives to every tested text, int64 [tested], domain after domain.

        Its frozen layers are those of the untuned model, so that their cached states are read, not the texts.
        """
        tested, every = self.ground.tested, self.ground.corpus
        if fitted.plan.solver:
            encoder, tokenizer, length = fitted.model.encoder, fitted.tokenizer, fitted.max_length
            means = super().pooled(encoder, tokenizer, every, length, silent, bf16=bf16)
            found = reading.solved(fitted, means[:, tested])
        else:
            encodings = super().material(every, what, fitted.tokenizer, fitted.max_length, 0).encodings
            states = reading.known(fitted, self, encodings, bf16=bf16)
            found = reading.logits(fitted, encodings, tested, states=states)
        return found.argmax(axis=1).astype(np.int64)

    def _rows(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        return self.origin.train, self.origin.validation


def _some(examples: Sequence[Example], most: int, seed: int) -> list[Example]:
    """At most *most* of the examples, drawn by *seed*, by length: they are read again and again."""
    drawn = np.random.default_rng([seed, 1]).permutation(len(examples))[:most]
    return sorted((examples[place] for place in drawn), key=lambda example: len(example["input_ids"]))
