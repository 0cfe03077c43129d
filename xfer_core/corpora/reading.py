"""What every reader speaks: how a table was read, which lines it refused, and where its rows come from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from xfer_core.errors import BadTable
from xfer_core.i18n import N_, Translate, as_message, fill
from xfer_core.settings import LIMITS

Row = Sequence[str | None]
"""The cells of one row, as written; None where the format itself says there is nothing (Parquet, JSON)."""

HEADER_ROWS = 200
"""Rows looked at to tell a row of names from a row of data."""
TELLING_ROWS = 12
"""A column of fewer values than this says nothing about the row above it."""

_NUMBER = re.compile(r"[-+]?(\d+([.,]\d*)?|[.,]\d+)([eE][-+]?\d+)?")
SHOWN_CHARACTERS = 200
LONG_CELL = N_("A cell of {characters} characters; at most {limit} are read")


@dataclass(frozen=True)
class Reading:
    """How a table was read: what was detected, or what the user said instead."""

    format: str
    """``csv``, ``tsv``, ``jsonl``, ``json``, ``parquet`` or ``xlsx``."""
    encoding: str = ""
    """Python's name of the encoding; empty where the format leaves no choice."""
    delimiter: str = ""
    """The character between cells; empty where there is one column only, or the format has none."""
    header: bool = True
    """Whether the first row holds the column names."""
    member: str | None = None
    """The file inside a zip, or the sheet of a workbook."""


@dataclass(frozen=True)
class Reject:
    """A line that could not be made into a row."""

    line: int
    """1-based physical line (row of the sheet, item of the JSON list)."""
    reason: str
    """A message marked by ``N_``, to be filled with *values*."""
    text: str
    """The beginning of the line."""
    values: dict[str, Any] = field(default_factory=dict)

    def sentence(self, t: Translate = str) -> str:
        """The reason, translated and filled in."""
        return fill(self.reason, self.values, t)


@dataclass
class Log:
    """What happened while a table was read, apart from its rows; grows as reading goes on."""

    rejected: list[Reject] = field(default_factory=list)
    rejected_count: int = 0
    notes: list[dict[str, Any]] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=dict)

    def reject(self, line: int, reason: str, text: str, **values: Any) -> None:
        """Refuse one line; only the first ``LIMITS.rejects_kept`` are kept, all are counted."""
        self.rejected_count += 1
        if len(self.rejected) < LIMITS.rejects_kept:
            self.rejected.append(Reject(line, reason, text[:SHOWN_CHARACTERS].rstrip("\r\n"), values))

    def note(self, message: str, **values: Any) -> None:
        """Say something once about the whole table."""
        self.notes.append(as_message(message, **values))

    def count(self, message: str, number: int = 1) -> None:
        """Add *number* to a note of the form ``N_("{n} …")``, shown with its total at the end."""
        self.counters[message] = self.counters.get(message, 0) + number

    def all_notes(self) -> list[dict[str, Any]]:
        return self.notes + [as_message(m, n=n) for m, n in self.counters.items()]


@dataclass
class Source:
    """An opened table: its column names and its rows, read as they are asked for."""

    reading: Reading
    columns: list[str]
    rows: Iterator[Row]


def no_rows() -> BadTable:
    return BadTable(
        N_("The file has no rows."), N_("Check that the right file was chosen and that it was saved.")
    )


def check_width(found: int) -> None:
    """Refuse a table with more columns than the limit, or none."""
    if not 0 < found <= LIMITS.columns:
        raise BadTable(
            N_("The table has {found} columns; at most {limit} are read."),
            N_("Keep the columns with text, label and domain, and check the delimiter."),
            found=found,
            limit=LIMITS.columns,
        )


def short_enough(row: Row, line: int, log: Log) -> bool:
    """Whether every cell is within the limit; if not, the row becomes a reject."""
    longest = max((len(cell) for cell in row if cell), default=0)
    if longest <= LIMITS.cell_characters:
        return True
    text = " | ".join(cell[:SHOWN_CHARACTERS] for cell in row if cell)
    log.reject(line, LONG_CELL, text, characters=longest, limit=LIMITS.cell_characters)
    return False


def unique(names: list[str], log: Log) -> list[str]:
    """Column names made usable: empty ones numbered, repeated ones given a number, both said."""
    seen: dict[str, int] = {}
    result: list[str] = []
    for number, name in enumerate(names, start=1):
        wanted = " ".join(name.split()) or f"column {number}"
        fresh, copy = wanted, 1
        while fresh in seen:
            copy += 1
            fresh = f"{wanted} ({copy})"
        if copy > 1:
            message = N_("Two columns are called “{name}”; the second one is now “{fresh}”.")
            log.note(message, name=wanted, fresh=fresh)
        seen[fresh] = number
        result.append(fresh)
    return result


def looks_like_names(first: Row, following: Sequence[Row]) -> bool:
    """Whether a first row holds column names rather than data; unsure means yes, and the user has a switch.

    A column of few values, or of numbers, tells: its name is not among its values, a row of data is like all
    others. Where no column tells (texts only), by looks: not names if a cell has over 60 characters or has
    more than four spaces or is a sentence, or if all cells are numbers.

    Parameters
    ----------
    following : sequence of rows
        The next rows, as many as are at hand.
    """
    texts = [(cell or "").strip() for cell in first]
    columns = [[(row[i] or "").strip() for row in following if i < len(row)] for i in range(len(texts))]
    told = {
        tells
        for text, values in zip(texts, columns, strict=True)
        if (tells := _is_name(text, values)) is not None
    }
    if len(told) == 1:
        return told.pop()
    if any(len(text) > 60 or text.count(" ") > 4 or (" " in text and text[-1] in ".!?") for text in texts):
        return False
    return not all(is_number(text) for text in texts)


def _is_name(text: str, values: Sequence[str]) -> bool | None:
    """Whether *text* stands above a column of *values* as its name; None if the column does not tell."""
    known = [value for value in values if value]
    if len(known) < TELLING_ROWS or not text:
        return None
    if all(is_number(value) for value in known):
        return not is_number(text)
    return text not in known if len(set(known)) <= len(known) / 4 else None


def numbered(width: int) -> list[str]:
    """Names for columns that have none."""
    return [f"column {number}" for number in range(1, width + 1)]


def is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text.strip()) is not None


def number(text: str) -> float:
    """The value of a text for which :func:`is_number` holds."""
    return float(text.strip().replace(",", "."))


def width_reason(found: int, wanted: int) -> tuple[str, dict[str, int]]:
    """Why a row with *found* cells in a table of *wanted* columns is refused."""
    if found < wanted:
        return N_("{found} cells instead of {wanted}: too few"), {"found": found, "wanted": wanted}
    return N_("{found} cells instead of {wanted}: too many"), {"found": found, "wanted": wanted}
