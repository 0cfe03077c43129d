"""What a head adds to a token, not only how it spreads its attention: lengths, and shares of the stream.

A head gives token *i* the sum over *k* of ``z = α_ik · f(x_k)`` with ``f(x) = (x W_V + b_V) W_O``. A large
weight on a token whose ``f`` is short adds next to nothing; models park their attention on such tokens.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xfer_core.attention.detector import untrained
from xfer_core.i18n import N_
from xfer_core.progress import Report, silent

if TYPE_CHECKING:
    from torch import Tensor

    from xfer_core.attention.looking import Look
    from xfer_core.attention.opened import Opened
    from xfer_core.models.lens import Heads

Array = NDArray[np.float32]

BLOCK_BYTES = 2**20
"""What an array of a block of rows may take, two of which are held at once: as much as a cache holds."""


def measured(
    opened: Opened, look: Look, kind: str, measure: str, rows: slice, report: Report = silent
) -> tuple[Array, Array | None, bool]:
    """A measure of all layers and heads for *rows* and every key, and whether they seem untrained.

    Returns
    -------
    values : float32 [L, H, T, K]
    residual : float32 [L, T] or None
        Of ``share``: what each token's own stream keeps.
    even : bool
        See :func:`~xfer_core.attention.detector.untrained`.

    Raises
    ------
    BadModel
        If more than weights is asked of a family that shows nothing else.
    """
    import torch

    from xfer_core.attention.looking import streams
    from xfer_core.models.anatomy import attending
    from xfer_core.models.lens import weights_only
    from xfer_core.models.projection import output_projection

    seen = [replace(heads, weights=heads.weights[:, :, rows]) for _, heads in sorted(look.seen.items())]
    weights = torch.stack([heads.weights[0] for heads in seen]).float().cpu().numpy()
    even = untrained(weights)
    if measure == "weight":
        return weights, None, even
    if seen[0].value is None:
        raise weights_only(opened.source.family)
    joined = [output_projection(module) for module in attending(opened.network.base_model)[kind]]
    entering = streams(opened, look, kind) if measure == "share" else []
    values, kept = [], []
    with torch.inference_mode():
        for layer, (heads, (weight, bias)) in enumerate(zip(seen, joined, strict=True)):
            report(0.4 + 0.6 * layer / len(seen), N_("Measuring what heads add"))
            if measure == "norm":
                values.append(lengths(heads, weight))
            else:
                share, own = shares(heads, weight, bias, entering[layer][rows])
                values.append(share)
                kept.append(own.cpu().numpy())
    found = torch.stack(values).float().cpu().numpy()
    return found, np.stack(kept) if kept else None, even


def lengths(heads: Heads, weight: Tensor) -> Tensor:
    """``‖α · v W_O‖`` (Kobayashi et al. 2020, "Attention is not only a weight").

    Parameters
    ----------
    heads : Heads
        Of one layer and one text; of its weights, the rows that are wanted.
    weight : Tensor [hidden, H * d]
        Of :func:`~xfer_core.models.projection.output_projection`.

    Returns
    -------
    Tensor [H, T, K]
    """
    return heads.weights[0] * _projected(heads, weight).norm(dim=-1)[:, None]


def shares(heads: Heads, weight: Tensor, bias: Tensor | None, stream: Tensor) -> tuple[Tensor, Tensor]:
    """How much of what leaves the attention comes from each token through each head, and from the stream.

    With the stream ``x`` that enters and ``y = x + Σ z + bias`` that leaves, a part ``z`` counts by how near
    it comes to the whole, ``max(0, ‖y‖₁ - ‖y - z‖₁)``, divided by the sum of all parts and of ``x`` (Ferrando
    et al. 2022, "Measuring the Mixing of Contextual Information in the Transformer"; the bias belongs to no
    token and is no part).

    Parameters
    ----------
    stream : Tensor [T, hidden]
        What the layer's attention is added to, in the same rows.

    Returns
    -------
    shares : Tensor [H, T, K]
    kept : Tensor [T]
        The stream's own share; with all shares of its row it sums to 1.
    """
    import torch

    weights, parts = heads.weights[0], _projected(heads, weight)
    whole = stream + torch.einsum("hqk,hko->qo", weights, parts)
    if bias is not None:
        whole = whole + bias
    size = whole.abs().sum(-1)
    closeness = torch.empty_like(weights)
    rows = max(1, BLOCK_BYTES // (4 * parts.shape[1] * parts.shape[2]))
    for head, values in enumerate(parts):
        for first in range(0, len(whole), rows):
            block = slice(first, first + rows)
            rest = whole[block, None] - weights[head, block, :, None] * values
            closeness[head, block] = (size[block, None] - rest.abs_().sum(-1)).clamp(min=0)
    kept = (size - (whole - stream).abs().sum(-1)).clamp(min=0)
    total = closeness.sum((0, 2)) + kept
    return closeness / total[:, None], kept / total


def _projected(heads: Heads, weight: Tensor) -> Tensor:
    """``f`` of every key token through every head, [H, K, hidden]."""
    import torch

    assert heads.value is not None
    value = heads.value[0]
    return torch.einsum("hkd,ohd->hko", value, weight.unflatten(1, value.shape[::2]))
