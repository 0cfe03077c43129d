"""Reading the validation and test texts with one tuned model after the other.

Nothing is run twice for it: the layers below the lowest one that an arm trains are those of the untuned
model, whose states of all texts are there since the first arm's pass. A head on top of six frozen layers
reads in no time, and a solver's classifier only multiplies the means it was made for.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch

from xfer_core.corpora.corpus import Corpus
from xfer_core.models.packing import packable
from xfer_core.models.states import Encodings, LayerStates, batches
from xfer_core.models.suffix import suffix
from xfer_core.progress import silent
from xfer_core.tasks import Task
from xfer_core.tasks.classification import TOKENS_A_BATCH
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
            name: range(end - corpus.part(name).n, end) for name, end in zip(PARTS, ends, strict=True)
        }

    def logits(self, fitted: Fitted, part: Part) -> np.ndarray:
        """Float32 [n, classes], equal up to rounding to those of the whole model."""
        rows = self._rows[part]
        if fitted.plan.solver:
            return self._solved(fitted, rows)
        known = self.shared.material(self.corpus, self.what, fitted.tokenizer, fitted.max_length, seed=0)
        encodings = Encodings(known.encodings.input_ids[rows.start : rows.stop], truncated=0)
        return self._read(fitted, encodings, self._known(fitted, known.encodings), rows.start)

    def _solved(self, fitted: Fitted, rows: range) -> np.ndarray:
        head, length = fitted.model, fitted.max_length
        means = self.shared.pooled(
            head.encoder, fitted.tokenizer, self.corpus, length, silent, bf16=self.bf16
        )
        weight, bias = head.weight.detach().cpu().numpy(), head.bias.detach().cpu().numpy()
        result = np.tile(bias, (len(rows), 1))
        for layer, own in zip(fitted.plan.pooled, weight, strict=True):
            result += means[layer, rows.start : rows.stop] @ own.T
        return result

    def _known(self, fitted: Fitted, encodings: Encodings) -> LayerStates | None:
        """The states that enter the lowest layer trained; None for the embeddings, or for want of room."""
        k = fitted.plan.prefix
        if k is None:
            return None
        # There since the arm was tuned, or known to have no room.
        states = self.shared.states(
            fitted.model, fitted.source, encodings, {k}, max_length=fitted.max_length, bf16=self.bf16,
            report=silent,
        )  # fmt: skip
        return states.get(k)

    def _read(
        self, fitted: Fitted, encodings: Encodings, states: LayerStates | None, first: int
    ) -> np.ndarray:
        """Logits of *encodings*, whose texts are those from *first* on among the texts of *states*."""
        model, pad = fitted.model, fitted.tokenizer.pad_token_id
        result = np.empty((len(encodings.input_ids), model.config.num_labels), dtype=np.float32)
        k = fitted.plan.prefix if states else None
        with suffix(model, k, states, packed=packable(model)), torch.inference_mode():
            model.eval()
            for rows, ids, mask in batches(encodings, pad, model.device, silent, TOKENS_A_BATCH):
                places = torch.tensor(rows) + first
                seen = model(input_ids=ids, attention_mask=mask, rows=places)
                result[rows] = seen.logits.float().cpu().numpy()
        return result
