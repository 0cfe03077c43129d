"""What every attention head looks at, from the model's own forward: weights, queries, keys, values, outputs.

transformers hands the projected and rotated Q, K and V of each layer to an attention function chosen by name
(its ``AttentionInterface``). The lens registers one that computes ``softmax(QKᵀ·s + mask)V`` as it is written
and keeps what passes: no hook, no copied forward, no code for a family. Families that write attention out in
their own code instead (``families.EAGER_ONLY``) show their weights only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.masking_utils import eager_mask

from xfer_core.errors import BadModel
from xfer_core.i18n import N_
from xfer_core.models.anatomy import attending
from xfer_core.models.families import EAGER_ONLY, SUPPORTED

_NAME = "xfer_lens"


@dataclass(frozen=True)
class Heads:
    """The attention of one layer in one forward pass; B texts, H heads, T tokens, d numbers a head.

    Attributes
    ----------
    weights : Tensor [B, H, T, T]
        Row *i*: how much token *i* takes from each token; sums to 1. Before dropout.
    query, key, value : Tensor [B, H, T, d] or None
        After rotation, where the family rotates; shared key and value heads are repeated.
    output : Tensor [B, H, T, d] or None
        ``weights @ value``, before the heads are joined and projected.
    mask : Tensor [B, 1, T, T] or None
        What was added to the scores: 0, or a very negative number where a token may not look.
    scaling : float or None
        What the scores are multiplied by.
    bias : Tensor [1, H, T, T] or None
        What the family adds to the scores by the distance of two tokens (T5).
    """

    weights: Tensor
    query: Tensor | None = None
    key: Tensor | None = None
    value: Tensor | None = None
    output: Tensor | None = None
    mask: Tensor | None = None
    scaling: float | None = None
    bias: Tensor | None = None


Seen = dict[int, Heads]
"""Layer, counted from 0 → its heads in the latest forward pass."""

Change = Callable[[int, Heads], Tensor]
"""Layer and its heads → the head outputs [B, H, T, d] that the model goes on with."""


@dataclass(frozen=True)
class _Watch:
    """What the lens does with the heads of one layer: where they are kept, and what may change them."""

    seen: Seen
    layer: int
    change: Change | None


_watched: dict[nn.Module, _Watch] = {}
"""Attention module (and all others in the layers of a model under the lens) → what is done with its heads."""


def supports(model: PreTrainedModel) -> bool:
    """Whether the lens sees queries, keys, values and outputs of *model*, or its weights only."""
    return model.config.model_type not in EAGER_ONLY


@contextmanager
def lens(model: PreTrainedModel, change: Change | None = None) -> Iterator[Seen]:
    """Watch the heads of *model* in the block::

        with lens(model) as seen, torch.no_grad():
            logits = model(**batch).logits
        seen[layer].weights[text, head]

    The logits are the model's own; its attention implementation is restored afterwards, in any case. Of an
    encoder-decoder the encoder is watched; :func:`lenses` watches all.

    Parameters
    ----------
    change : callable, optional
        Gets each layer's number and heads and returns the head outputs the model goes on with, in the shape
        of ``heads.output``: zeros to switch heads off, those of another pass to patch them in. What is kept
        in the yielded ``Seen`` is as it was before the change.

    Raises
    ------
    BadModel
        If its family is not supported, or heads are to be changed whose outputs cannot be seen.
    """
    with lenses(model, change) as seen:
        yield next(iter(seen.values()))


@contextmanager
def lenses(model: PreTrainedModel, change: Change | None = None) -> Iterator[dict[str, Seen]]:
    """As :func:`lens`, for all attention the model has: ``self``, or ``encoder``, ``decoder`` and ``cross``.

    *change* concerns the first of them.
    """
    if supports(model):
        with _through_the_interface(model, change) as seen:
            yield seen
    elif change is None:
        with _weights_only(model) as weights:
            yield {"self": weights}
    else:
        raise weights_only(str(model.config.model_type))


def weights_only(family: str) -> BadModel:
    """The sentence for a family of which only the weights can be seen."""
    return BadModel(
        N_("{family} computes attention in its own code: of a head only the weights can be seen."),
        N_("Use a model of another family to see what its heads add, or to change it."),
        family=SUPPORTED[family],
    )


@contextmanager
def _through_the_interface(model: PreTrainedModel, change: Change | None) -> Iterator[dict[str, Seen]]:
    kinds = attending(model)
    seen: dict[str, Seen] = {kind: {} for kind in kinds}
    inside = {
        part: _Watch(seen[kind], number, None if place else change)
        for place, (kind, layers) in enumerate(
            kinds.items()
        )  # cross-attention stands inside its layer: later
        for number, layer in enumerate(layers)
        for part in layer.modules()
    }
    before = model.config._attn_implementation
    outer = {part: _watched[part] for part in inside if part in _watched}
    _watched.update(inside)
    try:
        model.set_attn_implementation(_NAME)
        yield seen
    finally:
        model.set_attn_implementation(before)
        for part in inside:
            del _watched[part]
        _watched.update(outer)


def _attend(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    position_bias: Tensor | None = None,
    **_: Any,
) -> tuple[Tensor, Tensor]:
    """The attention function: gives transformers [B, T, H, d] and the weights, and keeps all for the lens."""
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    groups = query.shape[1] // key.shape[1]  # grouped-query attention: some query heads share one key head
    key, value = key.repeat_interleave(groups, dim=1), value.repeat_interleave(groups, dim=1)
    scores = query @ key.transpose(-1, -2) * scale
    for added in (position_bias, attention_mask):
        if added is not None:
            scores = scores + added
    weights = scores.softmax(-1, dtype=torch.float32).to(query.dtype)
    output = nn.functional.dropout(weights, dropout, module.training) @ value
    watch = _watched[module]
    heads = Heads(weights, query, key, value, output, attention_mask, scale, position_bias)
    watch.seen[watch.layer] = heads
    if watch.change is not None:
        output = watch.change(watch.layer, heads)
    return output.transpose(1, 2).contiguous(), weights


AttentionInterface.register(_NAME, _attend)
AttentionMaskInterface.register(_NAME, eager_mask)


@contextmanager
def _weights_only(model: PreTrainedModel) -> Iterator[Seen]:
    seen: Seen = {}

    def take(module: nn.Module, args: Any, output: Any) -> None:
        if not output.attentions:
            raise BadModel(
                N_("The model gave no attention weights: “{implementation}” attention does not keep them."),
                N_("Open the model with eager attention."),
                implementation=str(model.config._attn_implementation),
            )
        seen.update({layer: Heads(weights) for layer, weights in enumerate(output.attentions)})

    before = model.config.output_attentions
    hook = model.base_model.register_forward_hook(take)
    try:
        model.config.output_attentions = True
        yield seen
    finally:
        model.config.output_attentions = before
        hook.remove()
