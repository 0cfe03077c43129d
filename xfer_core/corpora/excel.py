"""Excel workbooks (.xlsx): the first sheet with cells in it, through calamine."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from itertools import chain, islice
from pathlib import Path
from typing import Any

from xfer_core.corpora.reading import (
    HEADER_ROWS,
    Log,
    Reading,
    Row,
    Source,
    check_width,
    looks_like_names,
    no_rows,
    numbered,
    short_enough,
    unique,
)
from xfer_core.errors import BadTable
from xfer_core.i18n import N_


def open_workbook(path: Path, log: Log, *, header: bool | None) -> Source:
    """Open the first sheet of a workbook that holds cells.

    Raises
    ------
    BadTable
        If it is damaged, locked by a password, or empty.
    """
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    try:
        workbook = CalamineWorkbook.from_path(path)
        filled = [(name, sheet) for name in workbook.sheet_names
                  if (sheet := workbook.get_sheet_by_name(name)).height and sheet.width]  # fmt: skip
    except PasswordError:
        raise BadTable(
            N_("The workbook is locked by a password."), N_("Save a copy without the password.")
        ) from None
    except (CalamineError, OSError, ValueError) as error:
        raise BadTable(
            N_("The workbook is damaged ({detail})."),
            N_("Open it in Excel and save it anew."),
            detail=str(error)[:200],
        ) from None
    if not filled:
        raise no_rows()
    name, sheet = filled[0]
    if len(filled) > 1:
        log.note(N_("The workbook has {n} sheets with cells; “{name}” was read."), n=len(filled), name=name)
    check_width(sheet.width)
    start = sheet.start[0] if sheet.start else 0
    rows = _rows(sheet.iter_rows(), start, log)
    first = next(rows, None)
    if first is None:
        raise no_rows()
    following = list(islice(rows, HEADER_ROWS))
    named = looks_like_names(first, following) if header is None else header
    columns = unique([cell or "" for cell in first] if named else numbered(len(first)), log)
    reading = Reading("xlsx", header=named, member=name)
    return Source(reading, columns, chain(following, rows) if named else chain([first], following, rows))


def _rows(rows: Iterator[list[Any]], start: int, log: Log) -> Iterator[Row]:
    for number, row in enumerate(rows, start=start + 1):
        cells: Row = [_written(value) for value in row]
        if any(cells) and short_enough(cells, number, log):
            yield cells


def _written(value: Any) -> str | None:
    """A cell as it would be typed: a whole number without ".0", a date in ISO form, an empty cell as None."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    return str(value)
