"""Train, validation and test: drawn stratum by stratum with a seed, identical texts kept together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

PARTS = ("train", "validation", "test")
UNLABELLED = "unlabelled"
"""The part of texts without a label in a corpus that has labels."""


def stratified(
    texts: list[str],
    labels: np.ndarray,
    domains: np.ndarray,
    *,
    shares: Sequence[float],
    seed: int,
) -> np.ndarray:
    """The part of each row, 0 train, 1 validation, 2 test.

    Rows with the same text stay in one part, so that no text is tested on which the model was trained; the
    first of them decides the stratum. Within a label × domain stratum parts are given by largest remainder,
    and what a stratum got too little of is made good in the next one, so that shares hold for each label as a
    whole even where strata are tiny. A label with three different texts is in every
    part with a share above zero.

    Parameters
    ----------
    texts, labels, domains : n items
        Labels and domains as integers.
    shares : three numbers
        Of train, validation and test; they are scaled to sum to one.
    seed : int
        Same seed, same parts.

    Returns
    -------
    numpy.ndarray, int8, shape [n]
    """
    codes, first = _groups(texts)
    wanted = np.asarray(shares, dtype=float) / sum(shares)
    random = np.random.default_rng(seed)
    parts = np.zeros(len(first), dtype=np.int8)
    owed = np.zeros(3)
    for label in np.unique(labels[first]):
        members = np.flatnonzero(labels[first] == label)
        owed = np.clip(owed, -1, 1)
        for domain in np.unique(domains[first][members]):
            stratum = random.permutation(members[domains[first][members] == domain])
            counts = largest_remainder(len(stratum) * wanted + owed, len(stratum))
            owed = owed + len(stratum) * wanted - counts
            parts[stratum] = np.repeat(np.arange(3, dtype=np.int8), counts)
        _fill_empty(parts, random.permutation(members), wanted)
    return parts[codes]


def largest_remainder(ideal: np.ndarray, total: int) -> np.ndarray:
    """Whole numbers that sum to *total* and lie as near to *ideal* as they can; none below zero."""
    counts = np.floor(np.maximum(ideal, 0)).astype(np.int64)
    while counts.sum() < total:
        counts[np.argmax(ideal - counts)] += 1
    while counts.sum() > total:
        counts[np.argmin(np.where(counts > 0, ideal - counts, np.inf))] -= 1
    return counts


def _groups(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """For each row the number of its text, and for each different text the row it stands in first."""
    numbers: dict[str, int] = {}
    codes = np.fromiter(
        (numbers.setdefault(text, len(numbers)) for text in texts), dtype=np.int64, count=len(texts)
    )
    _, first = np.unique(codes, return_index=True)
    return codes, first


def _fill_empty(parts: np.ndarray, members: np.ndarray, wanted: np.ndarray) -> None:
    """Give a label's empty parts one text each from its largest part, while there are three or more."""
    if len(members) < 3:
        return
    for part in np.flatnonzero(wanted > 0):
        counts = np.bincount(parts[members], minlength=3)
        if counts[part] == 0:
            donor = np.flatnonzero(parts[members] == np.argmax(counts))[0]
            parts[members[donor]] = part
