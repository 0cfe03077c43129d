"""One pass of a model over one text under the lens, and the tokens it was about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xfer_core.attention.tokens import Tokens, tokens
from xfer_core.errors import BadSetting
from xfer_core.i18n import N_
from xfer_core.models.sources import Source
from xfer_core.settings import LIMITS

if TYPE_CHECKING:
    from torch import Tensor

    from xfer_core.attention.opened import Opened
    from xfer_core.models.lens import Seen

WRITTEN = 64
"""Tokens that an encoder-decoder writes by itself where it is given nothing to read."""


@dataclass(frozen=True)
class Look:
    """What a model did with one text; T rows, K columns.

    Attributes
    ----------
    batch : dict of Tensor [1, T]
        What the model was given.
    rows, keys : Tokens
        Those that look and those looked at; the same but in cross-attention.
    seen : Seen
        The heads of each layer, for one text.
    prediction : dict label → probability, or None
        Where the model is a classifier.
    head_size : int
        Numbers in the output of a head.
    """

    batch: dict[str, Tensor]
    rows: Tokens
    keys: Tokens
    seen: Seen
    prediction: dict[str, float] | None
    head_size: int

    @property
    def cut(self) -> int:
        """Tokens of all texts concerned that the model did not see."""
        return self.rows.cut + (0 if self.keys is self.rows else self.keys.cut)


def kinds(source: Source) -> tuple[str, ...]:
    """The kinds of attention a model has; the first is shown where none is named."""
    return ("encoder", "decoder", "cross") if source.encoder_decoder else ("self",)


def look(opened: Opened, text: str, pair: str | None, kind: str, limit: int = LIMITS.max_length) -> Look:
    """The heads of *opened* for *text*; *pair*: a second one read together, or what a decoder reads;
    *limit*: tokens of each that are read at most.

    Raises
    ------
    BadSetting
        If there is no text.
    BadModel
        If the model's heads cannot be seen.
    """
    import torch

    from xfer_core.models.lens import lenses
    from xfer_core.tasks.classification import probabilities

    batch, sides = encode(opened, text, pair, limit)
    network: Any = opened.network
    with torch.inference_mode(), lenses(network.base_model) as seen:
        output = network(**batch)
    rows, keys = {
        "self": (sides[0], sides[0]),
        "encoder": (sides[0], sides[0]),
        "decoder": (sides[-1], sides[-1]),
        "cross": (sides[-1], sides[0]),
    }[kind]
    prediction = None
    if opened.classifier:
        chances = probabilities(output.logits.float().cpu().numpy())[0]
        prediction = dict(zip(opened.class_names, chances.tolist(), strict=True))
    value, source = seen[kind][0].value, opened.source
    size = source.hidden // source.heads if value is None else value.shape[-1]
    return Look(batch, rows, keys, seen[kind], prediction, size)


def streams(opened: Opened, look: Look, kind: str) -> list[Tensor]:
    """What enters each layer, [T, hidden]; its self-attention is added to it."""
    import torch

    name = "hidden_states" if kind == "self" else f"{kind}_hidden_states"
    with torch.inference_mode():
        output = opened.network.base_model(**look.batch, output_hidden_states=True)
    return [state[0].float() for state in output[name][:-1]]


def encode(
    opened: Opened, text: str, pair: str | None, limit: int = LIMITS.max_length
) -> tuple[dict[str, Tensor], list[Tokens]]:
    """The model's input, each [1, T], and the tokens of what it reads: one side, or encoder's and decoder's.

    Raises
    ------
    BadSetting
        If there is no text.
    """
    if not text.strip():
        raise _nothing()
    if opened.source.encoder_decoder:
        return _encode_both(opened, text, pair, limit)
    batch, side = _encode(opened, text, pair or None, limit)
    return batch, [side]


def _encode(opened: Opened, text: str, pair: str | None, limit: int) -> tuple[dict[str, Tensor], Tokens]:
    import torch

    tokenizer: Any = opened.tokenizer
    limit = min(opened.source.max_positions, limit)
    encoding = tokenizer(text, pair, truncation=True, max_length=limit)
    if not encoding["input_ids"]:
        raise _nothing()
    whole_length = len(tokenizer(text, pair, verbose=False)["input_ids"])
    spelling = type(tokenizer.backend_tokenizer.model).__name__
    side = tokens(
        encoding.encodings[0], text, pair,
        as_spelt=spelling == "WordPiece", cut=whole_length - len(encoding["input_ids"]),
    )  # fmt: skip
    device = opened.network.device
    return {name: torch.tensor([values], device=device) for name, values in encoding.items()}, side


def _encode_both(
    opened: Opened, text: str, pair: str | None, limit: int
) -> tuple[dict[str, Tensor], list[Tokens]]:
    """Of an encoder-decoder; without *pair* it writes the decoder's text itself, by greedy search."""
    import torch

    tokenizer: Any = opened.tokenizer
    batch, source = _encode(opened, text, None, limit)
    batch = {name: batch[name] for name in ("input_ids", "attention_mask")}
    if not pair or not pair.strip():
        with torch.inference_mode():
            written = opened.network.generate(**batch, max_new_tokens=WRITTEN, do_sample=False, num_beams=1)
        pair = tokenizer.decode(written[0], skip_special_tokens=True)
    start = opened.network.config.decoder_start_token_id
    ids = torch.tensor([[start]], device=opened.network.device)
    first = Tokens([tokenizer.convert_ids_to_tokens(start)], [True], [False], [None])
    if not pair.strip():
        return {**batch, "decoder_input_ids": ids}, [source, first]
    read, target = _encode(opened, pair, None, limit)
    shifted = torch.cat([ids, read["input_ids"][:, :-1]], dim=1)
    return {**batch, "decoder_input_ids": shifted}, [source, first + target.window(0, len(target) - 1)]


def _nothing() -> BadSetting:
    return BadSetting(N_("There is no text to look at."), N_("Write a sentence."))
