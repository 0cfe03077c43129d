"""A reading as its reader wants to see it: words for pieces, some tokens hidden, and how much they held.

Pure numpy, for the process that draws pages. Hidden is never silent: what each row gave to hidden tokens is
kept beside it. Words as in Clark et al. 2019: what goes to the pieces of a word is summed, what its pieces
look at is averaged, so that rows still sum to what they summed to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xfer_core.attention.reading import AttentionReading
from xfer_core.attention.tokens import JOINED

BY = ("piece", "word")
HIDE = ("special", "punctuation")

JOINT = "·"
"""Between the pieces of a word."""


@dataclass(frozen=True)
class Shaped:
    """What is left of a reading; R rows, C columns.

    Attributes
    ----------
    tokens, keys : list of str
        Texts of rows and columns; untrusted.
    special, keys_special : list of bool
    places, keys_places : list of int
        Which token of the whole text each is, or begins with, from 0.
    weights : float32 [layers, heads, R, C]
    hidden : float32 [layers, heads, R]
        What each row gave to hidden keys, before anything was renormalised.
    hidden_by : dict of name → float32 [layers, heads, R]
        *hidden* by what was hidden, ``special`` and ``punctuation``.
    outside : float32 [layers, heads, R]
        What each row gives to tokens outside the window.
    total : float32 [layers, heads, R]
        All that a row gives: 1 where the measure is the weight.
    split, keys_split : int or None
        Where the second text begins.
    reach : list of int or None
        As in the reading; empty if the rows the prediction is read from are hidden.
    renormalised : bool
        Whether the columns hold what hidden ones held, too.
    even : int
        How many keys a row is spread over that looks at all alike.
    top : float
        Largest value the bytes of :meth:`coded` can stand for.
    """

    reading: AttentionReading
    tokens: list[str]
    keys: list[str]
    special: list[bool]
    keys_special: list[bool]
    places: list[int]
    keys_places: list[int]
    weights: NDArray[np.float32]
    hidden: NDArray[np.float32]
    hidden_by: dict[str, NDArray[np.float32]]
    outside: NDArray[np.float32]
    total: NDArray[np.float32]
    split: int | None
    keys_split: int | None
    reach: list[int] | None
    renormalised: bool
    even: int

    @property
    def top(self) -> float:
        if self.reading.measure == "weight":
            return 1.0
        return float(self.weights.max(initial=0)) or 1.0

    def header(self) -> dict[str, Any]:
        """What a picture of :meth:`coded` needs to know, as plain JSON values."""
        own = (
            "tokens", "keys", "special", "keys_special", "places", "keys_places", "split", "keys_split",
            "renormalised", "even", "top",
        )  # fmt: skip
        same = ("layers", "heads", "measure", "kind", "start", "total", "causal", "head_size")
        return (
            {name: getattr(self, name) for name in own}
            | {name: getattr(self.reading, name) for name in same}
            | {"marginals": list(self._marginals())}
        )

    def coded(self, top: float | None = None) -> bytes:
        """One byte a value, row-major, ``round(255 * sqrt(value / top))``; then one a row for each marginal.

        Coded linearly, a quarter to a half of the weights of a real text become 0; by root 2 to 5 % do.
        Marginals are shares of the whole row, ``round(255 * share)``.
        """
        values = np.rint(255 * np.sqrt(self.weights / (top or self.top))).astype(np.uint8).tobytes()
        shares = self._marginals().values()
        return values + b"".join(np.rint(255 * np.clip(s, 0, 1)).astype(np.uint8).tobytes() for s in shares)

    def _marginals(self) -> dict[str, NDArray[np.float32]]:
        """Shares of each row that are not among its columns, as far as there are any."""
        found = dict(self.hidden_by)
        if self.outside.any():
            found["outside"] = self.outside
        if self.reading.measure == "weight":
            return found
        whole = np.maximum(self.total, np.float32(1e-12))
        return {name: np.divide(part, whole, dtype=np.float32) for name, part in found.items()}


def shape(
    reading: AttentionReading,
    *,
    by: str = "piece",
    hide: frozenset[str] = frozenset(),
    renormalise: bool = False,
) -> Shaped:
    """*reading* by pieces or words, without the tokens named by *hide*.

    Hidden tokens lose their row and their column. With *renormalise* the columns left share what the hidden
    ones held, in proportion, as if the row had looked at nothing else; what is outside the window stays.
    """
    rows = _groups(reading.words if by == "word" else [None] * len(reading.tokens))
    columns = _groups(reading.keys_words if by == "word" else [None] * len(reading.keys))
    counts = np.diff([*rows, len(reading.tokens)]).astype(np.float32)
    weights: NDArray[np.float32] = np.add.reduceat(
        np.add.reduceat(reading.weights, columns, axis=3), rows, axis=2
    )
    weights = weights / counts[:, None]
    kinds = {
        "special": _any(reading.keys_special, columns),
        "punctuation": _all(reading.keys_punctuation, columns),
    }
    kinds["punctuation"] &= ~kinds["special"]
    own = {"special": _any(reading.special, rows), "punctuation": _all(reading.punctuation, rows)}
    kept_rows, kept = _kept(own, hide), _kept(kinds, hide)
    hidden_by = {
        name: weights[..., kept_rows, :][..., kinds[name]].sum(axis=-1) for name in HIDE if name in hide
    }
    outside = np.divide(np.add.reduceat(reading.outside, rows, axis=2), counts, dtype=np.float32)[
        ..., kept_rows
    ]
    weights = weights[..., kept_rows, :][..., kept]
    hidden = np.stack([np.zeros_like(outside), *hidden_by.values()]).sum(axis=0)
    visible = weights.sum(axis=-1)
    total = visible + hidden + outside
    if renormalise:
        weights = weights * ((visible + hidden) / np.maximum(visible, 1e-12))[..., None]
    beyond = 0 if reading.kind == "cross" else reading.total - len(reading.tokens)
    keep_rows, keep = np.flatnonzero(kept_rows), np.flatnonzero(kept)
    return Shaped(
        reading=reading,
        tokens=_texts(reading.tokens, rows, keep_rows),
        keys=_texts(reading.keys, columns, keep),
        special=own["special"][kept_rows].tolist(),
        keys_special=kinds["special"][kept].tolist(),
        places=[reading.start + rows[at] for at in keep_rows],
        keys_places=[reading.keys_start + columns[at] for at in keep],
        weights=np.ascontiguousarray(weights, dtype=np.float32),
        hidden=hidden,
        hidden_by=hidden_by,
        outside=outside,
        total=total,
        split=_moved(reading.split, rows, keep_rows),
        keys_split=None if reading.kind == "cross" else _moved(reading.split, columns, keep),
        reach=_reaching(reading, rows, keep_rows),
        renormalised=renormalise,
        even=len(keep) if renormalise else len(columns) + beyond,
    )  # fmt: skip


def _groups(words: Sequence[int | None]) -> list[int]:
    """Where each row or column begins: pieces of one word stand together, what is no word stands alone."""
    return [at for at, word in enumerate(words) if at == 0 or word is None or word != words[at - 1]]


def _any(flags: Sequence[bool], starts: list[int]) -> NDArray[np.bool_]:
    return np.logical_or.reduceat(np.array(flags, dtype=bool), starts)


def _all(flags: Sequence[bool], starts: list[int]) -> NDArray[np.bool_]:
    return np.logical_and.reduceat(np.array(flags, dtype=bool), starts)


def _kept(kinds: dict[str, NDArray[np.bool_]], hide: frozenset[str]) -> NDArray[np.bool_]:
    gone = np.zeros_like(kinds["special"])
    for name in hide & set(kinds):
        gone |= kinds[name]
    return ~gone


def _texts(tokens: Sequence[str], starts: list[int], kept: NDArray[np.int64]) -> list[str]:
    ends = [*starts[1:], len(tokens)]
    found = []
    for at in kept:
        first, *others = tokens[starts[at] : ends[at]]
        found.append(JOINT.join([first, *(other.removeprefix(JOINED) for other in others)]))
    return found


def _moved(split: int | None, starts: list[int], kept: NDArray[np.int64]) -> int | None:
    """Where the second text begins among what is left."""
    return None if split is None else sum(starts[at] < split for at in kept)


def _reaching(reading: AttentionReading, starts: list[int], kept: NDArray[np.int64]) -> list[int] | None:
    """Rows left that hold a token the prediction is read from."""
    if reading.reach is None:
        return None
    ends = [*starts[1:], len(reading.tokens)]
    return [
        at for at, row in enumerate(kept) if any(starts[row] <= token < ends[row] for token in reading.reach)
    ]
