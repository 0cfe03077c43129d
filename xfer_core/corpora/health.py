"""What to look at before training: repeated texts, contradicting labels, rows left out, balance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from xfer_core.corpora.corpus import Corpus
from xfer_core.corpora.split import PARTS, UNLABELLED
from xfer_core.i18n import N_, Said, as_message

IMBALANCED = 3.0
"""Largest label over smallest beyond which class weights are worth a thought."""


def duplicates(corpus: Corpus) -> npt.NDArray[np.int64]:
    """Positions of all texts that occur more than once, equal ones side by side, first occurrence first."""
    return _side_by_side(corpus, corpus.frame["text"].duplicated(keep=False))


def conflicts(corpus: Corpus) -> npt.NDArray[np.int64]:
    """Positions of all texts that stand with more than one label, equal ones side by side."""
    known = corpus.frame["label"].where(corpus.frame["label"] >= 0)  # having none contradicts nothing
    labels = known.groupby(corpus.frame["text"], sort=False).transform("nunique")
    return _side_by_side(corpus, (labels > 1) & known.notna())


def leaks(corpus: Corpus) -> npt.NDArray[np.int64]:
    """Positions of all texts that stand in more than one part, so that a test would be answered by heart.

    A copy without a label gives no answer away and does not count.
    """
    known = corpus.frame["split"].where(corpus.frame["split"] != UNLABELLED)
    parts = known.groupby(corpus.frame["text"], sort=False).transform("nunique")
    return _side_by_side(corpus, (parts > 1) & known.notna())


def empties(corpus: Corpus) -> int:
    """Rows of the table that were left out for want of a text."""
    return int(corpus.source.get("dropped", {}).get("text", 0))


def left_out(corpus: Corpus) -> tuple[Said, ...]:
    """What work that needs labels says of the texts it cannot use; nothing where there are none."""
    n = int((corpus.frame["split"] == UNLABELLED).sum())
    return (as_message(N_("Texts without a label, left out here: {n:,}."), n=n),) if n else ()


@dataclass(frozen=True)
class Imbalance:
    """Texts of each label, *ratio* of the largest to the smallest, and whether weights should be tried."""

    counts: dict[str, int]
    ratio: float

    @property
    def offered(self) -> bool:
        return self.ratio > IMBALANCED

    @property
    def largest(self) -> str:
        return max(self.counts, key=self.counts.__getitem__)

    @property
    def smallest(self) -> str:
        """Of those that have texts."""
        return min((n, name) for name, n in self.counts.items() if n)[1]


def imbalance(corpus: Corpus) -> Imbalance:
    """How unequal the labels of a corpus, or of one part of it, are; of labels without texts nothing."""
    counts = np.bincount(corpus.labels[corpus.labels >= 0], minlength=len(corpus.label_names))
    named = {name: int(n) for name, n in zip(corpus.label_names, counts, strict=True)}
    known = counts[counts > 0]
    return Imbalance(named, float(known.max() / known.min()) if len(known) else 1.0)


def describe(corpus: Corpus) -> dict[str, Any]:
    """Plain numbers: texts by label, domain and part; unlabelled, repeated, contradicting, leaking, empty."""
    frame = corpus.balance()
    return {
        "labels": _sums(frame, "label", corpus.label_names),
        "domains": _sums(frame, "domain", corpus.domain_names),
        "split": _sums(frame, "split", PARTS),
        "unlabelled": corpus.unlabelled,
        "duplicates": int(corpus.frame["text"].duplicated().sum()),
        "conflicts": int(corpus.frame["text"].iloc[conflicts(corpus)].nunique()),
        "leaks": int(corpus.frame["text"].iloc[leaks(corpus)].nunique()),
        "empty": empties(corpus),
    }


def _sums(frame: pd.DataFrame, column: str, names: tuple[str, ...]) -> dict[str, int]:
    counts = frame.groupby(column)["texts"].sum()
    return {name: int(counts.get(name, 0)) for name in names}


def _side_by_side(corpus: Corpus, chosen: pd.Series) -> npt.NDArray[np.int64]:
    rows = np.flatnonzero(chosen.to_numpy())
    _, first, group = np.unique(
        corpus.frame["text"].to_numpy(dtype=object)[rows], return_index=True, return_inverse=True
    )
    return rows[np.lexsort((rows, first[group]))] if len(rows) else rows
