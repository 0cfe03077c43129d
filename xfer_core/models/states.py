"""What every layer makes of every text: tokenised once, computed in one pass, no higher than it is wanted.

Texts of like length share a batch, so little is computed for padding, and nothing where the family can run
without (:mod:`xfer_core.models.packing`). A batch has a bounded number of tokens, small enough to stay in a
processor's cache.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from xfer_core.i18n import N_
from xfer_core.models import packing
from xfer_core.models.anatomy import Anatomy, anatomy, evaluating
from xfer_core.progress import Report, silent

Pool = Literal["mean", "cls", "max", "last"]
POOLS: tuple[Pool, ...] = get_args(Pool)

_PADDED, _PACKED = 1_024, 2_048
"""Tokens of a batch, by measurement: larger ones leave the cache or are padded more."""
_TEXTS_A_CALL = 1_000


@dataclass(frozen=True)
class Encodings:
    """Texts as token ids, special tokens included, each as long as it is.

    Attributes
    ----------
    input_ids : list of list of int
    truncated : int
        How many texts were longer than allowed and have been cut.
    """

    input_ids: list[list[int]]
    truncated: int

    @property
    def tokens(self) -> int:
        return sum(map(len, self.input_ids))


@dataclass(frozen=True)
class LayerStates:
    """The states of one layer for many texts, end to end.

    Attributes
    ----------
    flat : float32 Tensor [tokens, hidden]
    offsets : int64 Tensor [n + 1]
        Text *i* is ``flat[offsets[i]:offsets[i + 1]]``.
    """

    flat: Tensor
    offsets: Tensor

    @property
    def held_mb(self) -> float:
        """Of this process's own memory; 0 where the states are mapped from a file."""
        return 0.0 if self.flat.is_shared() else self.flat.nbytes / 2**20


def encode(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], max_length: int) -> Encodings:
    """Token ids of each text, cut to *max_length* tokens or to what the model can read, whichever is less.

    A text of which nothing is left (some tokenizers add no special tokens) becomes one padding token, so that
    every text has a state.
    """
    limit = min(max_length, tokenizer.model_max_length)
    ids: list[list[int]] = []
    truncated = 0
    for start in range(0, len(texts), _TEXTS_A_CALL):
        chunk = list(texts[start : start + _TEXTS_A_CALL])
        found = tokenizer(chunk, verbose=False)["input_ids"]
        long = [i for i, tokens in enumerate(found) if len(tokens) > limit]
        if long:
            cut = tokenizer([chunk[i] for i in long], truncation=True, max_length=limit)["input_ids"]
            for i, tokens in zip(long, cut, strict=True):
                found[i] = tokens
            truncated += len(long)
        ids += [tokens or [tokenizer.pad_token_id] for tokens in found]
    return Encodings(ids, truncated)


def pooled(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    *,
    pool: Pool = "mean",
    layers: Sequence[int] | None = None,
    max_length: int = 128,
    bf16: bool = False,
    report: Report = silent,
) -> npt.NDArray[np.float32]:
    """One vector a text from every layer, all layers in one pass.

    Parameters
    ----------
    pool : str
        ``"mean"`` or ``"max"`` over a text's tokens, special ones included as sentence-transformers does; its
        first token (``"cls"``) or its last (``"last"``).
    layers : sequence of int, optional
        Which states, 0 (embeddings) to the model's depth; None: all. The last is taken after the final norm
        where the model has one, as transformers does. Layers above the highest are not run.
    bf16 : bool
        Multiply matrices in bfloat16, which pays on processors made for it and only there. Not exact: mean
        vectors of the bundled model keep a cosine of 0.9999 or more to those of float32.

    Returns
    -------
    float32 [layers, n, hidden], texts in the order given.
    """
    encodings = encode(tokenizer, texts, max_length)
    return pooled_encodings(model, encodings, pool=pool, layers=layers, bf16=bf16, report=report)


def pooled_encodings(
    model: PreTrainedModel,
    encodings: Encodings,
    *,
    pool: Pool = "mean",
    layers: Sequence[int] | None = None,
    bf16: bool = False,
    report: Report = silent,
) -> npt.NDArray[np.float32]:
    """As :func:`pooled`, for texts that are tokenised already."""
    body = anatomy(model)
    wanted = range(body.depth + 1) if layers is None else layers
    reduce = _POOLING[pool]
    result = np.empty((len(wanted), len(encodings.input_ids), model.config.hidden_size), dtype=np.float32)
    for rows, states in _running(model, body, encodings, wanted, bf16, report):
        lengths = torch.tensor([len(encodings.input_ids[row]) for row in rows], device=model.device)
        for place, layer in enumerate(wanted):
            state = states[layer]
            if layer == body.depth and body.norm:
                state = body.norm.module(state)
            result[place, rows] = reduce(state.float(), lengths).cpu().numpy()
    return result


def layer_states(
    model: PreTrainedModel, encodings: Encodings, k: int, report: Report = silent
) -> LayerStates:
    """The states that enter layer *k* (0: the finished embeddings; depth: the last layer's output).

    Computed in eval mode and without gradients; layers from *k* on are not run.
    """
    depth = anatomy(model).depth
    if not 0 <= k <= depth:
        raise ValueError(f"layer {k} of a model of {depth}")
    offsets = offsets_of(encodings)
    flat = torch.empty((int(offsets[-1]), model.config.hidden_size), dtype=torch.float32)
    for rows, states in passing(model, encodings, [k], report):
        flat[places(offsets, torch.tensor(rows))] = states[k]
    return LayerStates(flat, offsets)


def offsets_of(encodings: Encodings) -> Tensor:
    """Where each text begins when all lie end to end; int64 [n + 1]."""
    lengths = torch.tensor([len(ids) for ids in encodings.input_ids], dtype=torch.int64)
    return torch.cat([torch.zeros(1, dtype=torch.int64), lengths.cumsum(0)])


def passing(
    model: PreTrainedModel,
    encodings: Encodings,
    layers: Collection[int],
    report: Report = silent,
    *,
    bf16: bool = False,
) -> Iterator[tuple[list[int], dict[int, Tensor]]]:
    """One pass in eval mode, without gradients, no higher than the highest of *layers*: batch by batch, the
    rows of its texts, and for each of *layers* their states, float32 [tokens, hidden], text after text."""
    for rows, states in _running(model, anatomy(model), encodings, layers, bf16, report):
        yield rows, {layer: state.float().cpu() for layer, state in states.items()}


def _running(
    model: PreTrainedModel,
    body: Anatomy,
    encodings: Encodings,
    layers: Collection[int],
    bf16: bool,
    report: Report,
) -> Iterator[tuple[list[int], dict[int, Tensor]]]:
    """As :func:`passing`, states as the layers give them and where they do."""
    pad = model.config.pad_token_id or 0
    packed = packing.packable(model)
    layout_of, tokens = (_end_to_end, _PACKED) if packed else (_padded, _PADDED)
    autocast = torch.autocast(model.device.type, torch.bfloat16) if bf16 else nullcontext()
    with (
        evaluating(model), torch.no_grad(), autocast, _recording(body.stack, layers) as states,
        layout_of(model, body) as arrange,
    ):  # fmt: skip
        for rows, ids, mask in batches(encodings, pad, model.device, report, tokens):
            order, given, flat = arrange(mask)
            with suppress(_Reached):
                model.base_model(input_ids=ids, attention_mask=mask, **given)
            yield [rows[text] for text in order], {layer: flat(states[layer]) for layer in layers}


_Arranged = tuple[Sequence[int], dict[str, Any], Callable[[Tensor], Tensor]]
"""Of one batch: the order its texts come in, what the forward is given, states → [tokens, hidden]."""


@contextmanager
def _padded(model: PreTrainedModel, body: Anatomy) -> Iterator[Callable[[Tensor], _Arranged]]:
    """The model as it is; for the block, batches are padded rows of which the tokens are taken."""
    # A decoder shall not store keys and values for words to come.
    given = {"use_cache": False} if getattr(model.config, "use_cache", False) else {}
    # Row by row, left to right, as a mask selects.
    yield lambda mask: (range(len(mask)), given, lambda states: states[mask.bool()])


@contextmanager
def _end_to_end(model: PreTrainedModel, body: Anatomy) -> Iterator[Callable[[Tensor], _Arranged]]:
    """For the block, the texts of a batch lie end to end from the embeddings on."""
    module = body.embeddings.module
    embed = module.forward
    layout: packing.Layout | None = None

    def arrange(mask: Tensor) -> _Arranged:
        nonlocal layout
        layout = packing.Layout(mask.bool(), slack=1.0)
        given: dict[str, Any] = {"layout": layout}
        if packing.rotary(model):
            given["position_ids"] = layout.positions
        return layout.order.tolist(), given, lambda states: states[0]

    def forward(*args: Any, **kwargs: Any) -> Tensor:
        assert layout is not None
        return layout.pack(embed(*args, **kwargs))

    before = model.config._attn_implementation
    model.set_attn_implementation(packing.ATTENTION)
    vars(module)["forward"] = forward
    try:
        yield arrange
    finally:
        del vars(module)["forward"]
        model.set_attn_implementation(before)


def places(offsets: Tensor, rows: Tensor) -> Tensor:
    """Where the tokens of the texts *rows* lie in a ragged array, text after text; int64 [their tokens]."""
    starts, ends = offsets[rows], offsets[rows + 1]
    lengths = ends - starts
    before = lengths.cumsum(0) - lengths
    return torch.arange(int(lengths.sum())) + (starts - before).repeat_interleave(lengths)


class _Reached(Exception):
    """The wanted state is known; what lies above need not be computed."""


@contextmanager
def _recording(layers: nn.ModuleList, wanted: Collection[int]) -> Iterator[dict[int, Tensor]]:
    """The *wanted* states of each forward pass in the block, the same dict refilled by each.

    Taken where they enter a layer, because some models change a layer's output before the next one sees it.
    The pass ends by :class:`_Reached` where the highest of them is known.
    """
    states: dict[int, Tensor] = {}
    last = max(wanted)

    def keep(layer: int, state: Tensor) -> None:
        states[layer] = state
        if layer == last:
            raise _Reached

    def entering(layer: int) -> Callable[..., None]:
        return lambda module, args, kwargs: keep(layer, args[0] if args else kwargs["hidden_states"])

    def leaving(module: nn.Module, args: Any, output: Any) -> None:
        keep(len(layers), output[0] if isinstance(output, tuple) else output)

    hooks = [
        layers[layer].register_forward_pre_hook(entering(layer), with_kwargs=True)
        for layer in wanted
        if layer < len(layers)
    ]
    if last == len(layers):
        hooks.append(layers[-1].register_forward_hook(leaving))
    try:
        yield states
    finally:
        for hook in hooks:
            hook.remove()


def batches(
    encodings: Encodings, pad: int, device: torch.device, report: Report, tokens: int
) -> Iterator[tuple[list[int], Tensor, Tensor]]:
    """Padded batches of texts of like length: their rows, token ids and mask, int64 [texts, longest] each.

    Longest first, so that memory runs out at once or never. At most *tokens* tokens with the padding,
    or one text.
    """
    ids = encodings.input_ids
    order = sorted(range(len(ids)), key=lambda row: -len(ids[row]))
    total, done, told = max(encodings.tokens, 1), 0, time.monotonic()
    start = 0
    while start < len(order):
        width = len(ids[order[start]])
        rows = order[start : start + max(1, tokens // width)]
        batch = torch.full((len(rows), width), pad, dtype=torch.int64)
        mask = torch.zeros((len(rows), width), dtype=torch.int64)
        for i, row in enumerate(rows):
            batch[i, : len(ids[row])] = torch.tensor(ids[row])
            mask[i, : len(ids[row])] = 1
        yield rows, batch.to(device), mask.to(device)
        start += len(rows)
        done += sum(len(ids[row]) for row in rows)
        if start == len(order) or time.monotonic() - told >= 0.5:
            told = time.monotonic()
            report(done / total, N_("Computing the states of the layers"))


def _mean(flat: Tensor, lengths: Tensor) -> Tensor:
    return torch.segment_reduce(flat, "mean", lengths=lengths)


def _max(flat: Tensor, lengths: Tensor) -> Tensor:
    return torch.segment_reduce(flat, "max", lengths=lengths)


def _cls(flat: Tensor, lengths: Tensor) -> Tensor:
    return flat[lengths.cumsum(0) - lengths]


def _last(flat: Tensor, lengths: Tensor) -> Tensor:
    return flat[lengths.cumsum(0) - 1]


_POOLING: dict[Pool, Callable[[Tensor, Tensor], Tensor]] = {
    "mean": _mean, "max": _max, "cls": _cls, "last": _last
}  # fmt: skip
"""One vector a text out of the states of all their tokens, [tokens, hidden] → [texts, hidden]."""
