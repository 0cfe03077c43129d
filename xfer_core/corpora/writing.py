"""Tables for other programs: the one writer of CSV and Parquet, with cells no spreadsheet runs as a formula.

CSV lines end as RFC 4180 has it (CR LF), by which Python's writer quotes a lone carriage return as well.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd

from xfer_core.corpora.reading import Reject
from xfer_core.files import whole

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


def made_safe(frame: pd.DataFrame) -> int:
    """How many cells of *frame* :func:`safe` changes."""
    return sum(cell != safe(cell) for name in frame for cell in frame[name] if isinstance(cell, str))


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


def write_table(frame: pd.DataFrame, path: Path, raw: bool = False) -> None:
    """*frame* as a file: Parquet if *path* ends so, else CSV, which is *raw* or safe as in `writing`."""
    with (
        whole(path) as draft,
        writing(draft, "parquet" if path.suffix == ".parquet" else "csv", list(frame.columns), raw) as write,
    ):
        write(frame)


def rejects_csv(rejects: Iterable[Reject], translate: Callable[[str], str] = str) -> bytes:
    """``line, reason, text`` of lines that could not be read, safe for spreadsheets.

    UTF-8 with the mark by which Excel knows it. The column names are not translated: scripts read them.
    """
    buffer = io.StringIO(newline="")
    rows = _rows(buffer, ["line", "reason", "text"], raw=False)
    rows([reject.line, reject.sentence(translate), reject.text] for reject in rejects)
    return buffer.getvalue().encode("utf-8-sig")


@contextmanager
def _csv(path: Path, columns: Sequence[str], raw: bool) -> Iterator[Writer]:
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = _rows(file, columns, raw)
        # Through object columns: the union of a str and a float column would round the floats.
        yield lambda frame: rows(zip(*(frame[name].astype(object) for name in columns), strict=True))


def _rows(
    file: io.TextIOBase | io.TextIOWrapper, columns: Sequence[str], raw: bool
) -> Callable[[Iterable[Iterable[Any]]], None]:
    """Writes the names of the columns, and gives what writes rows below them."""

    def cell(value: Any) -> str:
        if isinstance(value, str):
            return value if raw else safe(value)
        if pd.isna(value):
            return ""
        return f"{value:.7g}" if isinstance(value, float | np.floating) else str(value)

    writer = csv.writer(file)
    writer.writerow([cell(name) for name in columns])
    return lambda rows: writer.writerows([cell(value) for value in row] for row in rows)


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
