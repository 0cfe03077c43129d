"""Tables for other programs: cells no spreadsheet takes for a formula, written one chunk at a time."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Protocol

import pandas as pd

FORMATS = ("csv", "parquet")
Format = Literal["csv", "parquet"]
STARTS_A_FORMULA = frozenset("=+-@＝＋－＠")
STARTS_A_CELL = ("\t", "\r", "\n")


def safe(cell: str) -> str:
    """*cell*, with ``'`` before it if a spreadsheet would run it as a formula.

    That is so if its first character after spaces and control characters is one of ``= + - @`` (or their
    full-width forms), or if it begins with a tab or line end; numbers such as ``-3.5`` are left alone.
    """
    first = next((c for c in cell if not c.isspace() and unicodedata.category(c) not in ("Cc", "Cf")), "")
    if first in STARTS_A_FORMULA and first and not _is_number(cell):
        return "'" + cell
    return "'" + cell if cell.startswith(STARTS_A_CELL) else cell


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


class Writer(Protocol):
    """Takes frames of the same columns, one after the other."""

    def __call__(self, frame: pd.DataFrame) -> None: ...


@contextmanager
def writing(path: Path, format: Format, columns: Sequence[str], raw: bool) -> Iterator[Writer]:
    """A writer to *path*; without *raw*, text cells and names of a CSV file are made safe for spreadsheets.

    Parquet has types and knows no formulas: its cells are never changed.
    """
    with _csv(path, columns, raw) if format == "csv" else _parquet(path) as write:
        yield write


@contextmanager
def _csv(path: Path, columns: Sequence[str], raw: bool) -> Iterator[Writer]:
    def cell(value: Any) -> Any:
        if isinstance(value, str):
            return value if raw else safe(value)
        return "" if pd.isna(value) else f"{value:.7g}"

    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)  # ends lines as RFC 4180 does, and so quotes a lone carriage return too
        writer.writerow([cell(name) for name in columns])

        def write(frame: pd.DataFrame) -> None:
            # Through object columns: the union of a str and a float column would round the floats.
            rows = zip(*(frame[name].astype(object) for name in columns), strict=True)
            writer.writerows([cell(value) for value in row] for row in rows)

        yield write


@contextmanager
def _parquet(path: Path) -> Iterator[Writer]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    open_writer: pq.ParquetWriter | None = None

    def write(frame: pd.DataFrame) -> None:
        nonlocal open_writer
        table = pa.Table.from_pandas(frame, preserve_index=False)
        if open_writer is not None:  # a chunk without a single value must not change a column's type
            table = table.cast(open_writer.schema)
        if open_writer is None:
            open_writer = pq.ParquetWriter(path, table.schema)
        open_writer.write_table(table)

    try:
        yield write
    finally:
        if open_writer is not None:
            open_writer.close()
