"""A last layer that computes the first token of each text only, for heads that read nothing else.

Its queries, output projection and feed-forward part are needed for one token a text. Keys and values are
needed of all tokens *x*, but not as such: with one query *q* a text and head, in front of the softmax

    q·(W_k x + b_k) = (W_kᵀ q)·x + q·b_k      and behind it      Σ a (W_v x + b_v) = W_v (Σ a x) + b_v Σ a,

so both projections are applied to one vector a text and head. This is the stock computation, summed in
another order. Where key or value projections are not plain ``nn.Linear`` (an adapter sits on them), they are
applied to all tokens as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from xfer_core.models.dropout import drop

if TYPE_CHECKING:
    from xfer_core.models.packing import Layout

_PROJECTIONS = (("key", "value"), ("k_lin", "v_lin"))


def first_only(layer: nn.Module) -> Callable[..., Tensor]:
    """A forward for *layer* that takes [1, tokens, hidden] and gives [texts, 1, hidden], in batch order."""
    whole = layer.forward

    def forward(hidden_states: Tensor, *args: Any, layout: Layout, **kwargs: Any) -> Tensor:
        firsts = hidden_states[:, layout.firsts]
        output = whole(firsts, *args, layout=layout, states=hidden_states[0], **kwargs)
        return output[0, layout.inverse, None]

    return forward


def attend_first(
    module: nn.Module, query: Tensor, states: Tensor, layout: Layout, scaling: float, dropout: float
) -> Tensor:
    """What the first token of each text takes from its text.

    Parameters
    ----------
    query : Tensor [1, heads, texts, d]
        Of the first tokens, in the order the texts lie.
    states : Tensor [tokens, hidden]
        What entered the layer.

    Returns
    -------
    Tensor [1, texts, heads, d]
    """
    query = query[0] * scaling  # [heads, texts, d]
    key, value = next((getattr(module, k), getattr(module, v)) for k, v in _PROJECTIONS if hasattr(module, k))
    if type(key) is nn.Linear and type(value) is nn.Linear:
        return _folded(query, states.to(query.dtype), key, value, layout, dropout)
    heads, _, width = query.shape
    keys, values = key(states).view(-1, heads, width), value(states).view(-1, heads, width)
    queries = query.transpose(0, 1).split([group.texts for group in layout.groups])
    parts = []
    for q, (group, k), (_, v) in zip(queries, layout.split(keys), layout.split(values), strict=True):
        k, v = group.rows(k).transpose(1, 2), group.rows(v).transpose(1, 2)
        scores = q[:, :, None] @ k.transpose(-1, -2)
        parts.append((_weights(scores, group.bias, dropout).to(v.dtype) @ v)[:, :, 0])
    return torch.cat(parts)[None]


def _folded(
    query: Tensor, states: Tensor, key: nn.Linear, value: nn.Linear, layout: Layout, dropout: float
) -> Tensor:
    heads, _, width = query.shape
    through_key = (query @ key.weight.view(heads, width, -1)).transpose(0, 1)  # [texts, heads, hidden]
    queries = through_key.split([group.texts for group in layout.groups])
    offsets = None
    if key.bias is not None:  # the same for all tokens, so softmax drops it: it only gets its zero gradient
        offsets = (query * key.bias.view(heads, 1, width)).sum(-1).T
    sums, shares, text = [], [], 0
    for q, (group, part) in zip(queries, layout.split(states), strict=True):
        rows = group.rows(part)  # [texts, width, hidden]
        scores = q @ rows.transpose(-1, -2)
        if offsets is not None:
            scores = scores + offsets[text : text + group.texts, :, None]
        bias = None if group.bias is None else group.bias[:, 0]
        weights = _weights(scores, bias, dropout)
        sums.append(weights.to(rows.dtype) @ rows)
        shares.append(weights.sum(-1))
        text += group.texts
    mixed = torch.cat(sums).transpose(0, 1)  # [heads, texts, hidden]
    output = mixed @ value.weight.view(heads, width, -1).transpose(-1, -2)
    if value.bias is not None:
        output = output + torch.cat(shares).T[..., None] * value.bias.view(heads, 1, width)
    return output.transpose(0, 1)[None].to(query.dtype)


def _weights(scores: Tensor, bias: Tensor | None, dropout: float) -> Tensor:
    scores = scores.float() if bias is None else scores.float() + bias
    return drop(scores.softmax(-1), dropout)
