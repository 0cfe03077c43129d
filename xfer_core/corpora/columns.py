"""Which column holds the text, which the label, the domain and the split: a guess the user can change."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from xfer_core.corpora.reading import is_number
from xfer_core.settings import LIMITS

SAMPLE_ROWS = 2_000

# Usual names of each kind of column, the surest first.
TEXT_NAMES = [
    "text", "review", "sentence", "content", "comment", "tweet", "message", "body", "document", "post",
    "utterance", "headline", "abstract", "snippet", "description", "title",
    "文本", "内容", "正文", "评论", "句子", "文章",
]  # fmt: skip
LABEL_NAMES = [
    "label", "labels", "class", "category", "sentiment", "target", "polarity", "topic", "intent", "emotion",
    "stance", "rating", "stars", "score", "y", "标签", "类别", "情感", "分类", "极性",
]  # fmt: skip
DOMAIN_NAMES = [
    "domain", "source", "genre", "platform", "corpus", "dataset", "origin", "register", "medium", "site",
    "channel", "领域", "来源", "平台",
]  # fmt: skip
SPLIT_NAMES = ["split", "subset", "partition", "fold", "part", "set", "划分"]
PARTS = {
    "train": "train", "training": "train", "trn": "train", "训练": "train", "训练集": "train",
    "validation": "validation", "valid": "validation", "val": "validation", "dev": "validation",
    "development": "validation", "验证": "validation", "验证集": "validation",
    "test": "test", "testing": "test", "tst": "test", "eval": "test", "测试": "test", "测试集": "test",
}  # fmt: skip
"""What a split column may say → the part of a Corpus that it means."""


@dataclass(frozen=True)
class Columns:
    """The parts that columns of a table play."""

    text: str
    label: str | None = None
    domain: str | None = None
    split: str | None = None


def guess(frame: pd.DataFrame) -> Columns:
    """Guess the parts of the columns from their names and their first 2,000 rows.

    The text is the longest column of prose; the label a column of few values, by its name where it has one of
    the usual ones; domain and split are guessed by name only, since nothing else tells them from a label.
    """
    head = frame.head(SAMPLE_ROWS).fillna("").astype(str)
    names = [str(name) for name in head.columns]
    text = max(names, key=lambda name: _prose(head[name], name))
    rest = [name for name in names if name != text]
    split = _named(rest, SPLIT_NAMES, [name for name in rest if _is_split(head[name])])
    rest = [name for name in rest if name != split]
    few = [name for name in rest if _is_categorical(head[name])]
    label = _named(few, LABEL_NAMES, few)
    domain = _named([name for name in few if name != label], DOMAIN_NAMES, [])
    if label is not None and domain is None and _rank(label, DOMAIN_NAMES) and not _rank(label, LABEL_NAMES):
        others = [name for name in few if name != label]  # the only named one is a domain
        domain, label = label, _named(others, LABEL_NAMES, others)
    return Columns(text, label, domain, split)


def _rank(name: str, known: list[str]) -> int:
    """How well a column name fits a list of usual ones: larger is better, 0 not at all."""
    plain = name.strip().lower()
    if plain in known:
        return 2 * len(known) - known.index(plain)
    words = plain.replace("-", "_").replace(" ", "_").split("_")
    return max((len(known) - known.index(word) for word in words if word in known), default=0)


def _named(names: list[str], known: list[str], otherwise: list[str]) -> str | None:
    """The column that best fits the usual names, else the first of *otherwise*, else None."""
    best = max(names, key=lambda name: _rank(name, known), default=None)
    if best is not None and _rank(best, known):
        return best
    return otherwise[0] if otherwise else None


def _prose(values: pd.Series, name: str) -> float:
    """How much a column looks like text to be read: mean words, many different values, a usual name."""
    filled = values[values.str.strip() != ""]
    if filled.empty:
        return -1.0
    # Scripts without spaces count four characters as a word.
    words = max(float((filled.str.count(r"\s+") + 1).mean()), float(filled.str.len().mean()) / 8)
    if filled.map(is_number).mean() > 0.5:
        words = 0.1
    return words * (0.2 + filled.nunique() / len(filled)) * (2.0 if _rank(name, TEXT_NAMES) else 1.0)


def _is_categorical(values: pd.Series) -> bool:
    filled = values[values.str.strip() != ""]
    return 0 < filled.nunique() <= LIMITS.classes and repeats(filled)


def repeats(filled: pd.Series) -> bool:
    """Whether values come back often enough to sort rows by them."""
    return bool(filled.nunique() <= len(filled) / 2) or len(filled) < 20


def _is_split(values: pd.Series) -> bool:
    filled = values.str.strip().str.lower()
    return bool(filled.isin(list(PARTS)).all()) and filled.nunique() > 1
