"""Reading the validation and test texts with one tuned model after the other.

All of them share the layers below the lowest one that they train, so the states entering that layer are
computed once, with the untuned model, and a head on top of six frozen layers reads in no time.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch

from xfer_core.corpora.corpus import Corpus
from xfer_core.models.packing import packable
from xfer_core.models.states import Encodings, LayerStates, batches, layer_states
from xfer_core.models.suffix import suffix
from xfer_core.progress import silent
from xfer_core.settings import LIMITS
from xfer_core.tasks import Task
from xfer_core.tasks.classification import TOKENS_A_BATCH
from xfer_core.training.fitted import Fitted

Part = Literal["validation", "test"]


class Reader:
    """Gives the logits of a part of *corpus* for models tuned from one and the same untuned model."""

    def __init__(self, corpus: Corpus, what: Task) -> None:
        self.corpus, self.what = corpus, what
        self._encodings: dict[Part, Encodings] = {}
        self._states: dict[tuple[Part, int], LayerStates] = {}

    def logits(self, fitted: Fitted, part: Part) -> np.ndarray:
        """Float32 [n, classes], equal up to rounding to those of the whole model."""
        texts = self.corpus.part(part).texts
        if fitted.plan.solver:
            return self.what.logits(fitted.model, fitted.tokenizer, texts, fitted.max_length)
        if part not in self._encodings:
            self._encodings[part] = self.what.encode(fitted.tokenizer, texts, fitted.max_length)
        return self._read(fitted, self._encodings[part], self._known(fitted, part))

    def _known(self, fitted: Fitted, part: Part) -> LayerStates | None:
        """The states that enter the lowest layer trained; None for the first one, or for want of room."""
        k, encodings = fitted.plan.prefix, self._encodings[part]
        if not k:
            return None
        if (part, k) not in self._states:
            held = sum(states.flat.numel() for states in self._states.values())
            if (
                held + encodings.tokens * fitted.model.config.hidden_size
            ) * 4 > LIMITS.cached_states_mb * 2**20:
                return None
            # The frozen layers of the tuned model are those of the untuned one.
            self._states[part, k] = layer_states(fitted.model, encodings, k, silent)
        return self._states[part, k]

    def _read(self, fitted: Fitted, encodings: Encodings, states: LayerStates | None) -> np.ndarray:
        model, pad = fitted.model, fitted.tokenizer.pad_token_id
        result = np.empty((len(encodings.input_ids), model.config.num_labels), dtype=np.float32)
        k = fitted.plan.prefix if states else None
        with suffix(model, k, states, packed=packable(model)), torch.inference_mode():
            model.eval()
            for rows, ids, mask in batches(encodings, pad, model.device, silent, TOKENS_A_BATCH):
                seen = model(input_ids=ids, attention_mask=mask, rows=torch.tensor(rows))
                result[rows] = seen.logits.float().cpu().numpy()
        return result
