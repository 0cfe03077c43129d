"""How the heads of every layer mix the tokens of one text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xfer_core.errors import BadSetting
from xfer_core.files import whole
from xfer_core.i18n import N_
from xfer_core.progress import Report, silent
from xfer_core.settings import LIMITS

if TYPE_CHECKING:
    from xfer_core.attention.opened import Opened
    from xfer_core.attention.tokens import Tokens

MEASURES = ("weight", "norm", "share")
"""What a value of a reading may be: the share of a row, the length of the vector that is added, or its share
of the token's own stream; see :mod:`xfer_core.attention.effects`."""


@dataclass(frozen=True)
class AttentionReading:
    """What every head takes from every token of one text, or of two read together.

    Rows are the tokens that look (queries), columns the tokens looked at (keys).

    Attributes
    ----------
    tokens, keys : list of str
        Of the rows and of the columns: the same but in cross-attention. As they stand in the text, a word's
        second and later pieces with ``##``; untrusted.
    special, keys_special : list of bool
        Whether a token was added by the tokenizer: [CLS], [SEP] and their like.
    punctuation, keys_punctuation : list of bool
        Whether a token is nothing but punctuation.
    words, keys_words : list of int or None
        The word a token belongs to, by the tokenizer's word ids, counted over both texts; None: special.
    measure : str
        One of :data:`MEASURES`.
    kind, kinds : str, tuple of str
        Which attention this is, of those the model has: ``self``; or ``encoder``, ``decoder`` and ``cross``.
    weights : float32 [layers, heads, tokens, keys]
        Values of the measure. Of ``weight``, every row sums to 1 - outside; of ``share``, all heads of a
        layer, with what is outside and *residual*, do.
    residual : float32 [layers, tokens] or None
        Of ``share``: what a token's own stream keeps.
    outside : float32 [layers, heads, tokens]
        The same measure, summed over the keys that were read but are not shown.
    start, keys_start : int
        Which token of all that were read stands in the first row, and which in the first column.
    total : int
        Tokens that were read, of which the rows are some.
    cut : int
        Tokens beyond the limit that the model did not see.
    prediction : dict label → probability, or None
        What the model says of the text, where it is a classifier.
    split : int or None
        Index of the second text's first token.
    causal : bool
        Whether a token sees only those before it.
    reach : list of int or None
        Rows of the last layer the prediction is read from; the others change nothing. None: all, or unknown.
    head_size : int
        Numbers in the output of a head. Longer texts have rows that other weights could explain as well
        (Brunner et al. 2020).
    uniform : bool
        Whether nearly all heads spread evenly over all tokens, as those of an untrained model do.
    """

    tokens: list[str]
    keys: list[str]
    special: list[bool]
    keys_special: list[bool]
    punctuation: list[bool]
    keys_punctuation: list[bool]
    words: list[int | None]
    keys_words: list[int | None]
    measure: str
    kind: str
    kinds: tuple[str, ...]
    weights: NDArray[np.float32]
    residual: NDArray[np.float32] | None
    outside: NDArray[np.float32]
    start: int
    keys_start: int
    total: int
    cut: int
    prediction: dict[str, float] | None
    split: int | None
    causal: bool
    reach: list[int] | None
    model: str
    head_size: int
    uniform: bool

    @property
    def layers(self) -> int:
        return self.weights.shape[0]

    @property
    def heads(self) -> int:
        return self.weights.shape[1]

    def on_special(self) -> tuple[float, float]:
        """Share of what ordinary tokens take, over all heads, that shown special ones give; and if even.

        Even: as if each token took alike from all it sees, outside the window too.
        """
        special, rows = np.array(self.keys_special), ~np.array(self.special)
        if special.all() or not special.any() or not rows.any():
            return 0.0, 0.0
        taken = self.weights[:, :, rows]
        share = taken[..., special].sum(axis=-1) / (taken.sum(axis=-1) + self.outside[:, :, rows])
        if self.causal:
            places = self.start + np.flatnonzero(rows)
            looked_at = self.keys_start + np.flatnonzero(special)
            even = (looked_at <= places[:, None]).sum(axis=1) / (places + 1)
        else:
            even = special.sum() / (len(special) if self.kind == "cross" else self.total)
        return float(share.mean()), float(np.mean(even))


def read(
    model: str,
    text: str,
    pair: str | None = None,
    *,
    measure: str = "weight",
    kind: str = "",
    start: int = 0,
    report: Report = silent,
) -> AttentionReading:
    """What the heads of *model* take from the tokens of *text*, or of *text* and *pair*.

    The model reads as much of a text as it can, up to ``LIMITS.max_length`` tokens; the
    ``LIMITS.attention_tokens`` from *start* on are given, or the last ones if there are fewer after it.

    Parameters
    ----------
    model : str
        A model's or a finished run's name.
    measure : str
        One of :data:`MEASURES`.
    kind : str
        Which attention, where a model has several; empty: the first the model has.

    Raises
    ------
    BadSetting
        If there is no text, or no such measure or kind.
    BadModel
        If the model cannot be loaded, or its family gives weights only and more is asked for.
    """
    from xfer_core.attention.effects import measured
    from xfer_core.attention.looking import kinds, look
    from xfer_core.attention.opened import open_model

    report(0.0, N_("Loading the model"))
    opened = open_model(model)
    known = kinds(opened.source)
    kind = kind or known[0]
    _check(measure, kind, known)
    report(0.3, N_("Reading the text"))
    seen = look(opened, text, pair, kind)
    size = LIMITS.attention_tokens
    first, first_key = (_first(start, len(side), size) for side in (seen.rows, seen.keys))
    rows, keys = seen.rows.window(first, size), seen.keys.window(first_key, size)
    shown = np.zeros(len(seen.keys), bool)
    shown[first_key : first_key + size] = True
    values, residual, even = measured(opened, seen, kind, measure, slice(first, first + size), report)
    return AttentionReading(
        tokens=rows.shown, keys=keys.shown,
        special=rows.special, keys_special=keys.special,
        punctuation=rows.punctuation, keys_punctuation=keys.punctuation,
        words=rows.words, keys_words=keys.words,
        measure=measure, kind=kind, kinds=known,
        weights=values[..., shown],
        residual=residual,
        outside=values[..., ~shown].sum(-1),
        start=first, keys_start=first_key, total=len(seen.rows), cut=seen.cut,
        prediction=seen.prediction, split=rows.split,
        causal=opened.source.decoder or kind == "decoder",
        reach=_reach(opened, seen.rows, first, len(rows)),
        model=model, head_size=seen.head_size,
        uniform=even,
    )  # fmt: skip


def _first(start: int, tokens: int, size: int) -> int:
    """Where a window of *size* tokens begins: at *start*, but not so late that it would not be full."""
    return max(0, min(start, tokens - size))


def _check(measure: str, kind: str, kinds: tuple[str, ...]) -> None:
    for name, known in ((measure, MEASURES), (kind, kinds)):
        if name not in known:
            raise BadSetting(
                N_("“{name}” is not what can be shown of this model."),
                N_("Take one of: {known}."),
                name=name[:60], known=", ".join(known),
            )  # fmt: skip
    if measure == "share" and kind == "cross":
        raise BadSetting(
            N_("What cross-attention is added to lies inside a layer, so its share is not known."),
            N_("Take the length of what is added."),
        )


def _reach(opened: Opened, rows: Tokens, first: int, shown: int) -> list[int] | None:
    """The rows of the last layer that the prediction is read from, of those that are shown."""
    row = opened.reach(len(rows))
    if row is None:
        return None
    return [row - first] if 0 <= row - first < shown else []


def export(reading: AttentionReading, out: Path) -> None:
    """Write the values and their tokens as NumPy's ``.npz``, or as a Parquet table where *out* says so.

    ``numpy.load`` reads the first without pickles. The second has a row for every layer and head (counted
    from 1, as on screen), query and key (places in the text, from 0).
    """
    if out.suffix == ".parquet":
        _export_table(reading, out)
        return
    names = (
        "weights",
        "outside",
        "tokens",
        "keys",
        "special",
        "keys_special",
        "punctuation",
        "keys_punctuation",
    )
    arrays = {name: np.array(getattr(reading, name)) for name in names}
    for name in ("words", "keys_words"):
        arrays[name] = np.array([-1 if word is None else word for word in getattr(reading, name)])
    if reading.residual is not None:
        arrays["residual"] = reading.residual
    for name in ("measure", "kind", "model", "start", "total", "cut"):
        arrays[name] = np.array(getattr(reading, name))
    with whole(out) as draft, draft.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


def _export_table(reading: AttentionReading, out: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    layer, head, query, key = np.indices(reading.weights.shape, dtype=np.int16).reshape(4, -1)

    def named(places: NDArray[np.int16], tokens: list[str]) -> pa.DictionaryArray:
        texts, codes = np.unique(np.array(tokens, dtype=object), return_inverse=True)
        return pa.DictionaryArray.from_arrays(codes.astype(np.int16)[places], texts.tolist())

    table = pa.table({
        "layer": layer + 1, "head": head + 1,
        "query": query + reading.start, "key": key + reading.keys_start,
        "query_token": named(query, reading.tokens), "key_token": named(key, reading.keys),
        reading.measure: reading.weights.ravel(),
    })  # fmt: skip
    with whole(out) as draft:
        parquet.write_table(table, draft, compression="zstd")
