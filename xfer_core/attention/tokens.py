"""Tokens as a reader knows them: what piece of the text each one is, and which word it belongs to."""

from __future__ import annotations

import string
import unicodedata
from dataclasses import dataclass
from typing import Any

JOINED = "##"
"""Before a token that goes on with the word of the token before it, whatever the model's own sign is."""

SPACE = "␣"
"""A token of nothing but white space."""

_SPELT_SPACES = ("▁", "Ġ")
"""White space that a tokenizer itself puts before a text, which covers none of it."""


@dataclass(frozen=True)
class Tokens:
    """The tokens along one side of a picture; each list has one entry a token.

    Attributes
    ----------
    shown : list of str
        As they stand in the text, a word's second and later pieces with ``##``; untrusted.
    special : list of bool
        Whether a token was added by the tokenizer: [CLS], [SEP] and their like.
    punctuation : list of bool
        Whether a token is nothing but punctuation.
    words : list of int or None
        The word a token belongs to, counted from 0 over both texts; None for special tokens.
    split : int or None
        Index of the second text's first token.
    cut : int
        Tokens beyond the limit that the model did not see.
    """

    shown: list[str]
    special: list[bool]
    punctuation: list[bool]
    words: list[int | None]
    split: int | None = None
    cut: int = 0

    def __len__(self) -> int:
        return len(self.shown)

    def __add__(self, other: Tokens) -> Tokens:
        """*other* behind these, which belong to no text."""
        split = None if other.split is None else other.split + len(self)
        return Tokens(
            self.shown + other.shown, self.special + other.special, self.punctuation + other.punctuation,
            self.words + other.words, split, other.cut,
        )  # fmt: skip

    def window(self, start: int, size: int) -> Tokens:
        """*size* tokens from *start* on; the second text is told only where it begins inside."""
        part = slice(start, start + size)
        inside = self.split is not None and start < self.split < start + size
        split = self.split - start if inside and self.split is not None else None
        return Tokens(
            self.shown[part], self.special[part], self.punctuation[part], self.words[part], split, self.cut
        )


def tokens(encoding: Any, text: str, pair: str | None, *, as_spelt: bool, cut: int = 0) -> Tokens:
    """The tokens of a ``tokenizers.Encoding`` of *text*, or of *text* and *pair*.

    Byte-level and SentencePiece vocabularies spell tokens in signs of their own (``Ġ``, ``▁``, ``Ã©``): the
    piece of text a token covers says the same to a reader. Of several tokens that cover the same character,
    as the bytes of an emoji do, the first one shows it. WordPiece tokens stay *as_spelt*, lower case
    included, for that is what the model saw.
    """
    texts = {0: text, 1: pair or ""}
    covered = [
        "" if side is None else texts[side][start:end]
        for side, (start, end) in zip(encoding.sequence_ids, encoding.offsets, strict=True)
    ]
    words = _words(encoding, texts)
    shown = list(encoding.tokens)
    if not as_spelt:
        shown = _pieces(encoding, texts, words)
    special = [bool(flag) for flag in encoding.special_tokens_mask]
    split = next((place for place, side in enumerate(encoding.sequence_ids) if side == 1), None)
    return Tokens(shown, special, [is_punctuation(piece.strip()) for piece in covered], words, split, cut)


def is_punctuation(piece: str) -> bool:
    """Whether a piece of text is nothing but punctuation: of Unicode's categories P, or ASCII's signs."""
    return bool(piece) and all(
        sign in string.punctuation or unicodedata.category(sign).startswith("P") for sign in piece
    )


def _words(encoding: Any, texts: dict[int, str]) -> list[int | None]:
    """The word of each token, by the tokenizer's own count.

    Tokenizers that split nothing before they look for pieces (Llama 2's) count a whole text as one word;
    there, white space begins one too.
    """
    words: list[int | None] = []
    count, before, end_before, blank = -1, None, 0, False
    for side, word, (start, end) in zip(
        encoding.sequence_ids, encoding.word_ids, encoding.offsets, strict=True
    ):
        if side is None or word is None:
            words.append(None)
            before = None
            continue
        read = texts[side]
        spaced = start >= end_before and (read[start:end][:1].isspace() or read[start - 1 : start].isspace())
        if (side, word) != before or (spaced and not blank):
            count += 1
        words.append(count)
        before, end_before, blank = (side, word), end, read[start:end].isspace()
    return words


def _pieces(encoding: Any, texts: dict[int, str], words: list[int | None]) -> list[str]:
    """What a reader sees of each token: the text it covers that no token before it does."""
    found: list[str] = []
    before: int | None = None
    last: int | None = None
    reached = 0
    for token, side, (start, end), word in zip(
        encoding.tokens, encoding.sequence_ids, encoding.offsets, words, strict=True
    ):
        reached = reached if side == before else 0
        covered = texts[side][max(start, reached) : end] if side is not None else ""
        goes_on = word is not None and word == last
        blank = SPACE if covered or token in _SPELT_SPACES else ""
        piece = covered.strip() or blank or ("" if goes_on else token)
        found.append((JOINED if goes_on else "") + piece)
        before, reached, last = side, max(reached, end), word
    return found
