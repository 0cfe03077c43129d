"""What a tuned model says of texts, without running twice what is known: layers that stayed as they were.

``known`` gives the states that enter the lowest layer trained, ``logits`` goes on from them; a solver's
classifier only multiplies means, which ``solved`` does.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from xfer_core.models.packing import packable
from xfer_core.models.states import Encodings, LayerStates, batches
from xfer_core.models.suffix import suffix
from xfer_core.progress import silent
from xfer_core.tasks.classification import TOKENS_A_BATCH
from xfer_core.training.fitted import Fitted
from xfer_core.training.material import Shared

Seen = Callable[[list[int], Tensor], None]
"""Hears of every batch that was read: places among the results, and the attention mask."""


def known(fitted: Fitted, shared: Shared, encodings: Encodings, *, bf16: bool = False) -> LayerStates | None:
    """States of *encodings* that enter the lowest layer trained; None where that is the embeddings.

    None also for want of room. They are there since the training, as long as *shared* is the same.
    """
    k = fitted.plan.prefix
    if k is None:
        return None
    found = shared.states(
        fitted.model, fitted.source, encodings, {k}, max_length=fitted.max_length, bf16=bf16, report=silent
    )
    return found.get(k)


def logits(
    fitted: Fitted,
    encodings: Encodings,
    rows: npt.NDArray[np.int64],
    *,
    states: LayerStates | None = None,
    seen: Seen | None = None,
) -> npt.NDArray[np.float32]:
    """Of the texts at *rows* of *encodings*, float32 [rows, classes], in batches of like length.

    *states*: of all *encodings*, as :func:`known` gives them; None: the whole model runs.
    """
    model, pad = fitted.model, fitted.tokenizer.pad_token_id
    wanted = Encodings([encodings.input_ids[row] for row in rows], truncated=0)
    result = np.empty((len(rows), model.config.num_labels), dtype=np.float32)
    k = fitted.plan.prefix if states is not None else None
    with suffix(model, k, states, packed=packable(model)), torch.inference_mode():
        model.eval()
        for places, ids, mask in batches(wanted, pad, model.device, silent, TOKENS_A_BATCH):
            found = model(input_ids=ids, attention_mask=mask, rows=torch.as_tensor(rows[places]))
            result[places] = found.logits.float().cpu().numpy()
            if seen is not None:
                seen(places, mask)
    return result


def solved(fitted: Fitted, means: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Logits, float32 [n, classes], of a solver's classifier by *means* of all layers, [L + 1, n, hidden]."""
    weight, bias = (part.detach().cpu().numpy() for part in (fitted.model.weight, fitted.model.bias))
    result = np.tile(bias, (means.shape[1], 1))
    for layer, own in zip(fitted.plan.pooled, weight, strict=True):
        result += means[layer] @ own.T
    return np.asarray(result, dtype=np.float32)
