"""Some texts of a corpus as a corpus of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from xfer_core.corpora.corpus import Corpus
from xfer_core.corpora.split import PARTS, stratified
from xfer_core.errors import BadTable
from xfer_core.i18n import N_

SELECTED = N_("{n} of the {all} texts of {corpus}, chosen by hand: scores on them are not scores on all.")
SHARES = (0.7, 0.1, 0.2)


def selected(corpus: Corpus, positions: Sequence[int], *, name: str, seed: int = 0) -> Corpus:
    """The texts at *positions*, in the corpus' order, with only the labels and domains that they have.

    The split stays unless one of its parts has no text left; then all are parted anew with *seed*. Texts
    without a label stay a part of their own as long as others have one.

    Raises
    ------
    BadTable
        If no text is chosen, or one that is not there.
    """
    rows = np.unique(np.asarray(positions, np.int64))
    if not len(rows):
        raise BadTable(N_("No text is chosen."), N_("Choose some on the map first."))
    if rows[0] < 0 or rows[-1] >= corpus.n:
        raise BadTable(
            N_("There is no text at position {position}; the corpus has {n}, counted from 0."),
            N_("Take positions from the same version of the corpus."),
            position=int(rows[0] if rows[0] < 0 else rows[-1]), n=corpus.n,
        )  # fmt: skip
    frame = corpus.frame.iloc[rows].reset_index(drop=True)
    labels, label_names = _recoded(frame["label"].to_numpy(np.int64), corpus.label_names)
    domains, domain_names = _recoded(frame["domain"].to_numpy(np.int64), corpus.domain_names)
    frame = frame.assign(label=labels, domain=domains)
    parted = labels >= 0 if label_names else labels < 0
    if set(frame["split"][parted]) != set(PARTS):
        texts = frame["text"][parted].tolist()
        parts = stratified(texts, labels[parted], domains[parted], shares=SHARES, seed=seed)
        frame.loc[parted, "split"] = np.array(PARTS, dtype=object)[parts]
    chosen = Corpus(name, frame, label_names, domain_names, source_of(corpus), list(corpus.notes))
    return chosen.noted(SELECTED, n=len(rows), all=corpus.n, corpus=corpus.id)


def source_of(corpus: Corpus) -> dict[str, Any]:
    """The ``source`` of a corpus that holds some texts of *corpus*."""
    # What was corrected by hand is listed by position, which holds for the whole corpus only.
    about = {key: value for key, value in corpus.source.items() if key not in ("parent", "relabelled")}
    return {**about, "selected_from": corpus.id}


def _recoded(
    codes: npt.NDArray[np.int64], names: tuple[str, ...]
) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """Codes over the names still in use; -1, none, stays."""
    used = np.unique(codes[codes >= 0])
    if not names:
        return codes, names
    new = np.full(len(names) + 1, -1, np.int64)
    new[used] = np.arange(len(used))
    return new[codes], tuple(names[code] for code in used)
