"""Rows of a table on their way into a corpus: picked by column, cleaned, coded, and refused in sentences."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from xfer_core.corpora import beside
from xfer_core.corpora.columns import PARTS, Columns
from xfer_core.corpora.reading import is_number, number
from xfer_core.corpora.table import Table
from xfer_core.errors import BadTable
from xfer_core.i18n import N_
from xfer_core.settings import LIMITS

DROPPED = {
    "unreadable": N_("{n} lines could not be read."),
    "text": N_("Rows without a text, left out: {n}."),
    "domain": N_("Rows without a domain, left out: {n}."),
    "split": N_("{n} rows that the split column gives to no part were left out."),
    "repeated": N_("{n} rows that repeat an earlier text were left out."),
}
"""Why rows are missing from a corpus; keys of its ``source["dropped"]``."""
UNLABELLED_KEPT = N_(
    "Texts without a label: {n}. They are for maps and to adapt to; nothing is trained or tested on them."
)

_INVISIBLE = re.compile(r"[\s\u200b-\u200f\u2060\ufeff\x00-\x1f]*")


def named(tables: Table | Sequence[Table] | Mapping[str, Table]) -> dict[str, Table]:
    """Tables under the names their rows' domain will have; equal names are told apart by a number."""
    if isinstance(tables, Table):
        return {tables.name or "table": tables}
    if isinstance(tables, Mapping):
        return dict(tables)
    result: dict[str, Table] = {}
    for place, table in enumerate(tables, start=1):
        name = table.name or f"table {place}"
        result[f"{name} ({place})" if name in result else name] = table
    return result


def take(frame: pd.DataFrame, columns: Columns, domain: str | None, dropped: dict[str, int]) -> pd.DataFrame:
    """Text, label, domain and split of one table as strings ("" for none), its 1-based row numbers, and what
    :mod:`~xfer_core.corpora.beside` keeps.

    The frame's index counts rows from 0, also where some were taken out before.

    Rows that lack what their column should hold are left out and counted in *dropped*; but a row without a
    label is kept, and needs no part of the split. Of several tables, which *domain* tells, one may lack the
    label column altogether.
    """
    if domain is not None and columns.label not in frame.columns:
        columns = replace(columns, label=None)
    _check_columns(frame, columns, several=domain is not None)
    numbers = frame.index.to_numpy(np.int64) + 1
    frame = frame.reset_index(drop=True)
    picked = pd.DataFrame({"text": frame[columns.text].astype("str").fillna(""), "row": numbers})
    for role, column in (("label", columns.label), ("domain", columns.domain), ("split", columns.split)):
        picked[role] = "" if column is None else frame[column].astype("str").fillna("").str.strip()
    if domain is not None:
        picked["domain"] = domain
    if columns.split is not None:
        picked["split"] = picked["split"].str.lower().map(PARTS).fillna("")
    picked["label"] = _without_point(picked["label"])
    _check_texts(picked["text"], columns.text)
    picked = pd.concat([picked, beside.picked(frame, columns)], axis=1)
    needed = {"text": True, "domain": columns.domain, "split": columns.split}
    for role, wanted in needed.items():
        if not wanted or (role == "domain" and domain is not None):
            continue
        values = picked[role]
        empty = values == ""
        if role == "text":
            empty = pd.Series([_INVISIBLE.fullmatch(text) is not None for text in values.tolist()])
        if empty.all():
            raise all_empty(role, str(getattr(columns, role)))
        if role == "split" and columns.label is not None:
            empty &= picked["label"] != ""
        if empty.any():
            dropped[role] = dropped.get(role, 0) + int(empty.sum())
            picked = picked[~empty]
    return picked.reset_index(drop=True)


def coded(frame: pd.DataFrame, role: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The frame with the names of *role* replaced by their numbers in natural order, and the names."""
    found, values = pd.factorize(frame[role])
    names = in_order(set(values) - {""})
    numbers = {name: code for code, name in enumerate(names)} | {"": -1 if role == "label" else 0}
    codes = np.array([numbers[value] for value in values], dtype=np.int64)
    return frame.assign(**{role: codes[found]}), names


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Numbers by size, then words by alphabet."""

    def place(name: str) -> tuple[int, float, str]:
        return (0, number(name), name) if is_number(name) else (1, 0.0, name)

    return tuple(sorted(names, key=place))


def _without_point(labels: pd.Series) -> pd.Series:
    """Whole numbers without ".0", which a column of numbers with gaps gets on its way through pandas."""
    if labels.str.fullmatch(r"(-?\d+\.0)?").all():
        return labels.str.removesuffix(".0")
    return labels


def _check_columns(frame: pd.DataFrame, columns: Columns, *, several: bool) -> None:
    names = [str(name) for name in frame.columns]
    for column in (columns.text, columns.label, columns.domain, columns.split):
        if column is not None and column not in names:
            raise BadTable(
                N_("The table has no column “{column}”."),
                N_("Its columns are: {columns}."),
                column=column, columns=", ".join(names)[:200],
            )  # fmt: skip
    if len(names) == 1 and not several:
        raise BadTable(
            N_("The table has one column only, “{column}”, so there is nothing to learn from its texts."),
            N_("Add a column with a label for each text; if the file has one, choose another delimiter."),
            column=names[0],
        )


def _check_texts(texts: pd.Series, column: str) -> None:
    filled = texts[texts.str.strip() != ""]
    if len(filled) and filled.head(10_000).map(is_number).mean() > 0.5:
        raise BadTable(
            N_("The column “{column}” holds numbers, not texts."),
            N_("Choose the column with the texts."),
            column=column,
        )


def all_empty(role: str, column: str) -> BadTable:
    """The refusal of a table whose column for *role* holds nothing."""
    what = {
        "text": N_("Every text in the column “{column}” is empty."),
        "label": N_("Every label in the column “{column}” is empty."),
        "domain": N_("Every domain in the column “{column}” is empty."),
        "split": N_("The column “{column}” never says train, validation or test."),
    }[role]
    return BadTable(what, N_("Choose another column."), column=column)


def check_labels(labels: npt.NDArray[np.int64], names: tuple[str, ...], column: str) -> None:
    """Refuse labels that no classifier could learn; -1, none, is passed over.

    Raises
    ------
    BadTable
        One label only, more than ``LIMITS.classes``, or one with fewer rows than ``LIMITS.rows_per_class``.
    """
    if len(names) == 1:
        raise BadTable(
            N_("Every row has the same label, “{label}”."),
            N_("Choose another label column, or add rows with other labels: a classifier needs two."),
            label=names[0][:80],
        )
    if len(names) > LIMITS.classes:
        raise BadTable(
            N_("The column “{column}” has {found} different labels; at most {limit} can be told apart here."),
            N_("Choose the column with the labels, or merge the rare ones."),
            column=column, found=len(names), limit=LIMITS.classes,
        )  # fmt: skip
    counts = np.bincount(labels[labels >= 0], minlength=len(names))
    rare = [names[i] for i in np.flatnonzero(counts < LIMITS.rows_per_class)]
    if len(rare) == 1:
        raise BadTable(
            N_("The label “{label}” has one row only, which cannot be both learnt from and tested on."),
            N_("Add rows with this label, or remove it; three or more are needed for all parts."),
            label=rare[0][:80],
        )
    if rare:
        raise BadTable(
            N_("{n} labels have one row only: {labels}."),
            N_("Add rows with these labels, merge or remove them, or choose another label column."),
            n=len(rare), labels=", ".join(rare[:8])[:200],
        )  # fmt: skip


def check_domains(names: tuple[str, ...]) -> None:
    if len(names) > LIMITS.domains:
        raise BadTable(
            N_("There are {found} different domains; at most {limit} can be compared."),
            N_("Choose another domain column, or merge the rare ones."),
            found=len(names), limit=LIMITS.domains,
        )  # fmt: skip
