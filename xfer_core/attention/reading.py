"""How the heads of every layer mix the tokens of one text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xfer_core.errors import BadSetting
from xfer_core.files import whole
from xfer_core.i18n import N_
from xfer_core.models.sources import Source, resolve
from xfer_core.progress import Report, silent
from xfer_core.runs.models import locate
from xfer_core.settings import LIMITS
from xfer_core.tasks.classification import probabilities
from xfer_core.tasks.classifier import class_names, has_pooled_head, is_classifier, open_classifier

JOINED = "##"
"""Before a token that goes on with the word of the token before it, whatever the model's own sign is."""

SPACE = "␣"
"""A token of nothing but white space."""


@dataclass(frozen=True)
class AttentionReading:
    """The attention weights of one text, or of two read together.

    Attributes
    ----------
    tokens : list of str
        As they stand in the text, a word's second and later pieces with ``##``; untrusted.
    special : list of bool
        Whether a token was added by the tokenizer: [CLS], [SEP] and their like.
    weights : float32 [layers, heads, tokens, tokens]
        Row = the token that looks (query), column = the token looked at (key). Every row sums to 1.
    prediction : dict label → probability, or None
        What the model says of the text, where it is a classifier.
    cut : int
        Tokens beyond the limit that the model did not see.
    split : int or None
        Index of the second text's first token.
    causal : bool
        Whether a token sees only those before it.
    reach : list of int or None
        Rows of the last layer the prediction is read from; the others change nothing. None: all, or unknown.
    """

    tokens: list[str]
    special: list[bool]
    weights: NDArray[np.float32]
    prediction: dict[str, float] | None
    cut: int
    split: int | None
    causal: bool
    reach: list[int] | None
    model: str

    @property
    def layers(self) -> int:
        return self.weights.shape[0]

    @property
    def heads(self) -> int:
        return self.weights.shape[1]

    def coded(self) -> bytes:
        """One byte a weight, row-major: ``round(255 * sqrt(weight))``.

        Coded linearly, a quarter to a half of the weights of a real text become 0; by root 2 to 5 % do.
        """
        return np.rint(255 * np.sqrt(self.weights)).astype(np.uint8).tobytes()

    def on_special(self) -> tuple[float, float]:
        """Share of ordinary tokens' attention, over all heads, to special ones; and if it were even."""
        special = np.array(self.special)
        if special.all() or not special.any():
            return 0.0, 0.0
        share = self.weights[:, :, ~special][..., special].sum(axis=-1).mean()
        return float(share), float(special.mean())

    def header(self) -> dict[str, Any]:
        """What a picture of :meth:`coded` needs to know, as plain JSON values."""
        names = ("tokens", "special", "layers", "heads", "split", "causal", "reach")
        return {name: getattr(self, name) for name in names}


def read(
    model: str,
    text: str,
    pair: str | None = None,
    *,
    max_tokens: int = LIMITS.attention_tokens,
    report: Report = silent,
) -> AttentionReading:
    """The attention of *model*, a model's or a finished run's name, over *text*, or over *text* and *pair*.

    Raises
    ------
    BadSetting
        If there is no text.
    BadModel
        If the model cannot be loaded.
    """
    import torch

    from xfer_core.models.lens import lens
    from xfer_core.models.load import load

    source = resolve(locate(model))
    classifier = is_classifier(source)
    report(0.0, N_("Loading the model"))
    network: Any
    network, tokenizer = open_classifier(source) if classifier else load(source, "encoder")
    limit = min(max_tokens, source.max_positions)
    encoding = tokenizer(text, pair or None, truncation=True, max_length=limit)
    if not text.strip() or not encoding["input_ids"]:
        raise BadSetting(N_("There is no text to look at."), N_("Write a sentence."))
    whole_length = len(tokenizer(text, pair or None, verbose=False)["input_ids"])
    batch = {name: torch.tensor([values], device=network.device) for name, values in encoding.items()}
    report(0.5, N_("Reading the text"))
    with torch.inference_mode(), lens(network.base_model) as seen:
        output = network(**batch)
        weights = torch.stack([seen[layer].weights[0] for layer in range(source.layers)])
    prediction = None
    if classifier:
        shares = probabilities(output.logits.float().cpu().numpy())[0]
        prediction = dict(zip(class_names(network.config), shares.tolist(), strict=True))
    inside = encoding.encodings[0]
    spelling = type(tokenizer.backend_tokenizer.model).__name__
    return AttentionReading(
        tokens=shown(inside, text, pair, as_spelt=spelling == "WordPiece"),
        special=[bool(flag) for flag in inside.special_tokens_mask],
        weights=weights.float().cpu().numpy(),
        prediction=prediction,
        cut=whole_length - len(encoding["input_ids"]),
        split=next((place for place, part in enumerate(inside.sequence_ids) if part == 1), None),
        causal=source.decoder,
        reach=_reach(source, network.config, len(inside.ids)) if classifier else None,
        model=model,
    )


def shown(encoding: Any, text: str, pair: str | None, *, as_spelt: bool) -> list[str]:
    """Tokens of a ``tokenizers.Encoding`` as a reader knows them.

    Byte-level and SentencePiece vocabularies spell tokens in signs of their own (``Ġ``, ``▁``, ``Ã©``): the
    piece of text a token covers says the same to a reader. WordPiece tokens stay *as_spelt*, lower case
    included, for that is what the model saw.
    """
    if as_spelt:
        return list(encoding.tokens)
    found: list[str] = []
    before: tuple[int | None, int | None] = (None, None)
    for token, (start, end), *word in zip(
        encoding.tokens, encoding.offsets, encoding.sequence_ids, encoding.word_ids, strict=True
    ):
        covered = ((pair or "") if word[0] == 1 else text)[start:end]
        piece = covered.strip() or (SPACE if covered else "")
        joined = JOINED if word[1] is not None and tuple(word) == before else ""
        found.append(joined + (piece or token))
        before = (word[0], word[1])
    return found


def _reach(source: Source, config: Any, tokens: int) -> list[int] | None:
    """The rows of the last layer that the classifier on top of it reads."""
    pools = getattr(config, "classifier_pooling", "cls") == "mean"  # ModernBERT's choice
    if pools or has_pooled_head(source):
        return None
    return [tokens - 1] if source.decoder else [0]


def export(reading: AttentionReading, out: Path) -> None:
    """Write the weights and their tokens as NumPy's ``.npz``; ``numpy.load`` reads it without pickles."""
    with whole(out) as draft, draft.open("wb") as file:
        np.savez_compressed(
            file,
            weights=reading.weights,
            tokens=np.array(reading.tokens, dtype=np.str_),
            special=np.array(reading.special),
        )
