"""Put a tuned model to work: on some texts, or on every row of a table of any size in constant memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from xfer_core.corpora import columns, table
from xfer_core.corpora.writing import Format, made_safe, rejects_csv, writing
from xfer_core.errors import BadTable, Interrupted
from xfer_core.files import whole
from xfer_core.i18n import N_
from xfer_core.models.sources import resolve
from xfer_core.progress import Report, silent
from xfer_core.runs.models import locate
from xfer_core.tasks.classifier import Classifier, classifier

ROWS_AT_ONCE = 1_000
"""Rows held in memory; enough that texts of like length find each other."""


@dataclass(frozen=True)
class Classified:
    """What a tuned model says of some texts, and how much of each it saw.

    Attributes
    ----------
    label_names : tuple of str
    probabilities : float32 [n, classes]
    tokens : int32 [n]
        How long each text is, special tokens included.
    read : int
        Tokens of a text that are read; of a longer one, only its beginning.
    """

    label_names: tuple[str, ...]
    probabilities: npt.NDArray[np.float32]
    tokens: npt.NDArray[np.int32]
    read: int


def opened(model: str, max_length: int | None = None) -> Classifier:
    """The classifier of a run's id, a folder or a hub id; raises BadModel as :func:`classifier` does."""
    return classifier(resolve(locate(model)), max_length)


def classify_texts(model: str, texts: Sequence[str], max_length: int | None = None) -> Classified:
    """What a tuned model makes of each text; *max_length* as :func:`~xfer_core.tasks.classifier.classifier`.

    Raises
    ------
    BadModel
        If there is no such model, or it has no trained classifier.
    """
    read = opened(model, max_length)
    return Classified(read.label_names, read(texts), read.lengths(texts), read.max_length)


def classify_table(
    model: str,
    path: Path,
    *,
    out: Path,
    text: str | None = None,
    format: Format = "csv",
    raw: bool = False,
    max_length: int | None = None,
    report: Report = silent,
    counted: Callable[[int, int], object] = lambda done, rows: None,
    stop: Callable[[], bool] = lambda: False,
    **reading: Any,
) -> dict[str, Any]:
    """Label every row of the table at *path*, of any size, holding ``ROWS_AT_ONCE`` rows at a time.

    *out* gets all columns of the input in their order, then ``predicted_label`` and one ``p_<label>`` a class
    (a number is added to names already taken). A row without text keeps these empty. Lines that could not be
    read are listed in ``OUT.rejected.csv``.

    Parameters
    ----------
    text : str, optional
        The column to read; None: guessed.
    raw : bool
        Leave cells of a CSV file as they are even if a spreadsheet would run them as formulas.
    counted : callable
        Told the rows done, and the rows in all, after every chunk.
    stop : callable
        Asked after every chunk; what is finished is kept.
    **reading
        ``name``, ``encoding``, ``delimiter``, ``header`` of :func:`xfer_core.corpora.table.chunks`.

    Returns
    -------
    dict with ``rows``, ``rejected``, ``empty``, ``truncated``, ``made_safe`` (cells given an apostrophe),
    ``seconds``, ``rows_per_second``, ``out``, ``rejected_out`` (None if nothing was), ``text`` (the column
    read), ``labels`` (rows given each label).

    Raises
    ------
    BadTable, NotFound, BadModel
        If table or model cannot be used.
    Interrupted
        If it was stopped; its sentence says how many rows *out* holds.
    """
    began, changed = time.monotonic(), 0
    report(0.0, N_("Reading the table"))
    total = sum(len(frame) for frame in table.chunks(path, size=20_000, **reading))
    source = table.chunks(path, size=ROWS_AT_ONCE, **reading)
    label = _Labeller(opened(model, max_length), source.columns, text)
    with whole(out) as draft, writing(draft, format, [*source.columns, *label.added], raw) as write:
        try:
            for frame in source:
                write(label(frame))
                changed += made_safe(frame) if format == "csv" and not raw else 0
                report(label.rows / total, N_("Classifying the rows"))
                counted(label.rows, total)
                if stop():
                    break
        except KeyboardInterrupt:
            pass  # what is finished is kept
        if not label.rows:
            write(label.nothing())
    seconds = time.monotonic() - began
    rejected_out = _write_rejects(source, Path(f"{out}.rejected.csv"))
    if label.rows < total:
        raise Interrupted(
            N_("Stopped after {rows} of {total} rows, which are in {out}."),
            rows=label.rows, total=total, out=str(out),
        )  # fmt: skip
    return {
        "rows": label.rows, "rejected": source.rejected_count, "empty": label.empty,
        "truncated": label.truncated, "made_safe": changed,
        "seconds": seconds, "rows_per_second": label.rows / max(seconds, 1e-9),
        "out": str(out), "rejected_out": rejected_out, "text": label.text, "labels": label.labels,
    }  # fmt: skip


class _Labeller:
    """Adds the predictions to one frame after the other, and counts over all of them."""

    def __init__(self, read: Classifier, columns: Sequence[str], text: str | None) -> None:
        self.read, self.columns, self.text = read, list(columns), text
        if text is not None and text not in self.columns:
            raise BadTable(
                N_("The table has no column “{text}”."), N_("Its columns are: {columns}."),
                text=text, columns=", ".join(self.columns)[:300],
            )  # fmt: skip
        self.added = _fresh(self.columns, ["predicted_label", *(f"p_{name}" for name in read.label_names)])
        self.rows = self.empty = self.truncated = 0
        self.labels = dict.fromkeys(read.label_names, 0)

    def __call__(self, frame: pd.DataFrame) -> pd.DataFrame:
        """*frame* and its predictions; a row without text gets none."""
        if self.text is None:
            self.text = columns.guess(frame).text
        texts = frame[self.text].fillna("").astype(str)
        filled = np.flatnonzero((texts.str.strip() != "").to_numpy())
        read = texts.iloc[filled].tolist()
        shares = np.full((len(frame), len(self.read.label_names)), np.nan, dtype=np.float32)
        shares[filled] = self.read(read) if read else 0.0
        names = np.full(len(frame), None, dtype=object)
        names[filled] = np.array(self.read.label_names, dtype=object)[shares[filled].argmax(axis=-1)]
        self.rows += len(frame)
        self.empty += len(frame) - len(filled)
        self.truncated += int((self.read.lengths(read) > self.read.max_length).sum())
        for name in names[filled]:
            self.labels[name] += 1
        return self._joined(frame, names, shares)

    def nothing(self) -> pd.DataFrame:
        """The result of a table without rows."""
        frame = pd.DataFrame({name: pd.array([], dtype="str") for name in self.columns})
        return self._joined(frame, np.empty(0, dtype=object), np.empty((0, len(self.added) - 1), np.float32))

    def _joined(self, frame: pd.DataFrame, names: np.ndarray, shares: np.ndarray) -> pd.DataFrame:
        label, *probabilities = self.added
        predicted = {label: pd.array(names, dtype="str")}
        predicted |= {name: shares[:, i] for i, name in enumerate(probabilities)}
        return pd.concat([frame, pd.DataFrame(predicted, index=frame.index)], axis=1)


def _fresh(taken: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """The *wanted* names, each with a number where the table has that name already."""
    names: list[str] = []
    for name in wanted:
        fresh, copy = name, 1
        while fresh in taken or fresh in names:
            copy += 1
            fresh = f"{name} ({copy})"
        names.append(fresh)
    return names


def _write_rejects(source: table.Chunks, path: Path) -> str | None:
    """``line, reason, text`` of the refused lines, or no file; at most ``LIMITS.rejects_kept`` are listed."""
    path.unlink(missing_ok=True)  # of an earlier table of that name
    if not source.rejected_count:
        return None
    with whole(path) as draft:
        draft.write_bytes(rejects_csv(source.rejected))
    return str(path)
