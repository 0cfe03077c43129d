"""What every layer makes of every text: tokenised once, computed in one pass, without padding between texts.

Texts of like length share a batch, so little is computed for padding, and a batch has a bounded number of
tokens, small enough to stay in a processor's cache.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from xfer_core.i18n import N_
from xfer_core.models.anatomy import anatomy, evaluating
from xfer_core.progress import Report, silent

Pool = Literal["mean", "cls", "max", "last"]
POOLS: tuple[Pool, ...] = get_args(Pool)

_TOKENS_A_BATCH = 1_024
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
        where the model has one, as transformers does.

    Returns
    -------
    float32 [layers, n, hidden], texts in the order given.
    """
    return pooled_encodings(
        model,
        encode(tokenizer, texts, max_length),
        tokenizer.pad_token_id,
        pool=pool,
        layers=layers,
        report=report,
    )


def pooled_encodings(
    model: PreTrainedModel,
    encodings: Encodings,
    pad: int,
    *,
    pool: Pool = "mean",
    layers: Sequence[int] | None = None,
    report: Report = silent,
) -> npt.NDArray[np.float32]:
    """As :func:`pooled`, for texts that are tokenised already; *pad* is the id of the padding token."""
    body = anatomy(model)
    wanted = range(body.depth + 1) if layers is None else layers
    reduce = _POOLING[pool]
    result = np.empty((len(wanted), len(encodings.input_ids), model.config.hidden_size), dtype=np.float32)
    with evaluating(model), torch.no_grad(), _recording(body.stack, range(body.depth + 1)) as states:
        for rows, ids, mask in batches(encodings, pad, model.device, report):
            final = model.base_model(input_ids=ids, attention_mask=mask, **_plain(model)).last_hidden_state
            for place, layer in enumerate(wanted):
                state = final if layer == body.depth else states[layer]
                result[place, rows] = reduce(state, mask).float().cpu().numpy()
    return result


def layer_states(
    model: PreTrainedModel, encodings: Encodings, k: int, report: Report = silent
) -> LayerStates:
    """The states that enter layer *k* (0: the finished embeddings; depth: the last layer's output).

    Computed in eval mode and without gradients; layers from *k* on are not run.
    """
    if not 0 <= k <= (depth := anatomy(model).depth):
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
    model: PreTrainedModel, encodings: Encodings, layers: Collection[int], report: Report = silent
) -> Iterator[tuple[list[int], dict[int, Tensor]]]:
    """One pass in eval mode, without gradients, no higher than the highest of *layers*: batch by batch, the
    rows of its texts, and for each of *layers* their states, float32 [tokens, hidden], text after text."""
    pad = model.config.pad_token_id or 0
    with evaluating(model), torch.no_grad(), _recording(anatomy(model).stack, layers, stop=True) as states:
        for rows, ids, mask in batches(encodings, pad, model.device, report):
            with suppress(_Reached):
                model.base_model(input_ids=ids, attention_mask=mask, **_plain(model))
            # Row by row, left to right, as a mask selects.
            yield rows, {layer: states[layer][mask.bool()].float().cpu() for layer in layers}


def places(offsets: Tensor, rows: Tensor) -> Tensor:
    """Where the tokens of the texts *rows* lie in a ragged array, text after text; int64 [their tokens]."""
    starts, ends = offsets[rows], offsets[rows + 1]
    lengths = ends - starts
    before = lengths.cumsum(0) - lengths
    return torch.arange(int(lengths.sum())) + (starts - before).repeat_interleave(lengths)


class _Reached(Exception):
    """The wanted state is known; what lies above need not be computed."""


@contextmanager
def _recording(
    layers: nn.ModuleList, wanted: Collection[int], stop: bool = False
) -> Iterator[dict[int, Tensor]]:
    """The *wanted* states of each forward pass in the block, the same dict refilled by each.

    Taken where they enter a layer, because some models change a layer's output before the next one sees it.
    With *stop*, the pass ends by :class:`_Reached` where the highest of them is known.
    """
    states: dict[int, Tensor] = {}
    last = max(wanted)

    def keep(layer: int, state: Tensor) -> None:
        states[layer] = state
        if stop and layer == last:
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


def _plain(model: PreTrainedModel) -> dict[str, bool]:
    """Arguments that keep a decoder from storing keys and values for words to come."""
    return {"use_cache": False} if getattr(model.config, "use_cache", False) else {}


def batches(
    encodings: Encodings, pad: int, device: torch.device, report: Report, tokens: int = _TOKENS_A_BATCH
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


def _mean(states: Tensor, mask: Tensor) -> Tensor:
    weights = mask.unsqueeze(-1).to(states.dtype)
    return (states * weights).sum(1) / weights.sum(1)


def _max(states: Tensor, mask: Tensor) -> Tensor:
    return states.masked_fill(~mask.bool().unsqueeze(-1), -torch.inf).amax(1)


def _cls(states: Tensor, mask: Tensor) -> Tensor:
    return states[:, 0]


def _last(states: Tensor, mask: Tensor) -> Tensor:
    return states[torch.arange(len(states)), mask.sum(1) - 1]


_POOLING: dict[Pool, Callable[[Tensor, Tensor], Tensor]] = {
    "mean": _mean, "max": _max, "cls": _cls, "last": _last
}  # fmt: skip
