"""Batches without padding: texts end to end as one sequence, each attending within itself only.

Linear layers, norms and activations treat every token alone, so they may read ``[1, tokens, hidden]`` as
well as ``[texts, longest, hidden]``. Only attention must know where a text ends, and transformers lets it be
chosen by name (its ``AttentionInterface``): the function registered here lays texts of like length side by
side, computes ``softmax(QKᵀ·s)V`` within each, and puts the result end to end again. Written with matrix
products and softmax because the backward pass of the fused kernel is several times slower in bfloat16.

The numbers are those of the padded computation up to rounding. With dropout they have the same distribution
but other draws, because the draws are dealt out over other positions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, PreTrainedModel

from xfer_core.models.dropout import drop
from xfer_core.models.families import FIRST_TOKEN, PACKED, ROTARY
from xfer_core.models.firsttoken import attend_first

ATTENTION = "xfer_packed"
_SLACK = 1.2
"""What is quickest with gradients: fewer, larger products against a little padding."""


def packable(model: PreTrainedModel) -> bool:
    """Whether *model* can run without padding; each of these families is tested, decoders are not."""
    return model.config.model_type in PACKED and not getattr(model.config, "is_decoder", False)


def rotary(model: PreTrainedModel) -> bool:
    """Whether the layers themselves read positions, which must then begin anew in each text."""
    return model.config.model_type in ROTARY


def reads_first_token(model: PreTrainedModel) -> bool:
    """Whether of the last layer's output only the first token of each text is used."""
    head = type(model).__name__.endswith("ForSequenceClassification")
    return head and model.config.model_type in FIRST_TOKEN


@dataclass(frozen=True)
class Group:
    """Neighbouring texts of like length, padded to one *width* inside attention.

    ``take`` (int64 [texts * width]) lays the group's tokens out in rows, ``back`` (int64 [tokens]) finds them
    there again; ``bias`` [texts, 1, 1, width] is minus infinity on padding. All None where no text needs any.
    """

    texts: int
    width: int
    tokens: int
    take: Tensor | None
    back: Tensor | None
    bias: Tensor | None

    def rows(self, flat: Tensor) -> Tensor:
        """[tokens, …] → [texts, width, …]; padding repeats the first token and gets no gradient."""
        if self.take is not None and self.back is not None:
            flat = _Pad.apply(flat, self.take, self.back)
        return flat.view(self.texts, self.width, *flat.shape[1:])

    def flat(self, rows: Tensor) -> Tensor:
        """[texts, width, …] → [tokens, …]."""
        flat = rows.reshape(self.texts * self.width, *rows.shape[2:])
        return flat if self.back is None else _Unpad.apply(flat, self.back)


class Layout:
    """Where each token of a padded batch lies when its texts are put end to end, the shortest text first.

    Parameters
    ----------
    mask : bool Tensor [texts, longest]
        True on tokens, False on padding, which may be on either side.
    slack : float
        Texts up to this much longer than the shortest of a group are padded to one length inside attention.
    """

    def __init__(self, mask: Tensor, slack: float = _SLACK) -> None:
        self.shape, self.slack = mask.shape, slack
        lengths = mask.sum(1)
        self.order = lengths.argsort(stable=True)
        """int64 [texts]: which text of the batch lies first, second, …"""
        self.lengths = lengths[self.order]
        self._mask = mask
        ends = self.lengths.cumsum(0)
        self.firsts = ends - self.lengths
        """int64 [texts]: where each text begins, in the order they lie."""
        self.tokens = int(ends[-1])

    @cached_property
    def places(self) -> Tensor:
        """int64 [tokens]: where each token lies in the padded batch, its rows end to end."""
        text, column = self._mask[self.order].nonzero(as_tuple=True)
        return self.order[text] * self.shape[1] + column

    @cached_property
    def inverse(self) -> Tensor:
        """int64 [texts]: the place of each text of the batch in :attr:`order`."""
        return self.order.argsort()

    @cached_property
    def positions(self) -> Tensor:
        """int64 [1, tokens]: the place of each token in its own text, from 0."""
        steps = torch.arange(self.tokens, device=self.order.device)
        return (steps - self.firsts.repeat_interleave(self.lengths))[None]

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        lengths = self.lengths.tolist()
        cuts = [0]
        for text, length in enumerate(lengths):
            if length > self.slack * lengths[cuts[-1]]:
                cuts.append(text)
        return tuple(
            _group(self.lengths[start:end])
            for start, end in zip(cuts, [*cuts[1:], len(lengths)], strict=True)
        )

    def pack(self, padded: Tensor) -> Tensor:
        """[texts, longest, hidden] → [1, tokens, hidden]."""
        return _Unpad.apply(padded.flatten(0, 1), self.places)[None]

    def unpack(self, packed: Tensor) -> Tensor:
        """[1, tokens, hidden] → [texts, longest, hidden], zeros on padding."""
        padded = packed.new_zeros((self.shape[0] * self.shape[1], packed.shape[-1]))
        return padded.index_copy(0, self.places, packed[0]).view(*self.shape, -1)

    def split(self, flat: Tensor) -> Iterator[tuple[Group, Tensor]]:
        """Each group with its part of *flat* [tokens, …]."""
        parts = flat.split([group.tokens for group in self.groups])
        return zip(self.groups, parts, strict=True)


def _group(lengths: Tensor) -> Group:
    texts, width, tokens = len(lengths), int(lengths[-1]), int(lengths.sum())
    if texts * width == tokens:
        return Group(texts, width, tokens, None, None, None)
    column = torch.arange(width, device=lengths.device)
    real = column < lengths[:, None]
    first = lengths.cumsum(0) - lengths
    take = torch.where(real, first[:, None] + column, first[:, None]).flatten()
    bias = torch.zeros((texts, 1, 1, width), device=lengths.device)
    bias.masked_fill_(~real[:, None, None], -torch.inf)
    return Group(texts, width, tokens, take, real.flatten().nonzero()[:, 0], bias)


class _Pad(torch.autograd.Function):
    """Rows *take* of a matrix. Each but padding is taken once, so the gradient is gathered, not added."""

    @staticmethod
    def forward(ctx: Any, flat: Tensor, take: Tensor, back: Tensor) -> Tensor:
        ctx.save_for_backward(back)
        return flat.index_select(0, take)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (back,) = ctx.saved_tensors
        return gradient.index_select(0, back), None, None


class _Unpad(torch.autograd.Function):
    """Rows *back* of a matrix, each at most once."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, back: Tensor) -> Tensor:
        ctx.save_for_backward(back)
        ctx.shape = rows.shape
        return rows.index_select(0, back)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (back,) = ctx.saved_tensors
        return gradient.new_zeros(ctx.shape).index_copy_(0, back, gradient), None


def attend(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    layout: Layout | None = None,
    states: Tensor | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """The attention function: [1, heads, tokens, d] each, gives [1, tokens, heads, d].

    *layout* and, in a last layer of first tokens only, *states* come through the arguments of the forward. A
    *sliding_window* counts one more than the distance that is still seen, as transformers has it.
    """
    if layout is None:
        raise TypeError("a model with packed attention was called outside its suffix")
    if states is not None:
        return attend_first(module, query, states, layout, scaling, dropout), None
    parts = []
    tokens = (tensor.transpose(1, 2)[0] for tensor in (query, key, value))
    for (group, q), (_group, k), (_same, v) in zip(*map(layout.split, tokens), strict=True):
        q, k, v = (group.rows(x).transpose(1, 2) for x in (q, k, v))
        seen = group.width if sliding_window is None else sliding_window
        if group.width <= seen and not dropout and not torch.is_grad_enabled():  # it is quick forward
            bias = None if group.bias is None else group.bias.to(q.dtype)
            mixed = nn.functional.scaled_dot_product_attention(q, k, v, bias, scale=scaling)
            parts.append(group.flat(mixed.transpose(1, 2)))
            continue
        scores = (q @ k.transpose(-1, -2)).float() * scaling
        if group.bias is not None:
            scores = scores + group.bias
        if group.width > seen:
            column = torch.arange(group.width, device=scores.device)
            far = (column - column[:, None]).abs() >= seen
            scores = scores.masked_fill(far, -torch.inf)
        weights = drop(scores.softmax(-1), dropout).to(v.dtype)
        parts.append(group.flat((weights @ v).transpose(1, 2)))
    return torch.cat(parts)[None], None


AttentionInterface.register(ATTENTION, attend)
