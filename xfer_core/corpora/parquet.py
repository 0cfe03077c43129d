"""Parquet files, batch by batch; every value becomes the text that stands for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xfer_core.corpora.reading import Log, Reading, Row, Source, check_width, short_enough, unique
from xfer_core.errors import BadTable
from xfer_core.i18n import N_

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

BATCH = 2_000


def open_parquet(path: Path, log: Log) -> Source:
    """Open a Parquet file.

    Raises
    ------
    BadTable
        If it is damaged, or has more columns than the limit.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        names = file.schema_arrow.names
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _damaged(error) from None
    check_width(len(names))
    return Source(Reading("parquet"), unique(names, log), _rows(file, log))


def _damaged(error: Exception) -> BadTable:
    detail = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    return BadTable(
        N_("The Parquet file is damaged or of an unknown kind ({detail})."),
        N_("Write it once more, or save the table as CSV."),
        detail=detail,
    )


def _rows(file: pq.ParquetFile, log: Log) -> Iterator[Row]:
    import pyarrow as pa

    number = 0
    try:
        for batch in file.iter_batches(BATCH):
            columns = [_texts(column) for column in batch.columns]
            for row in zip(*columns, strict=True):
                number += 1
                if short_enough(row, number, log):
                    yield [*row]
    except (pa.ArrowException, OSError) as error:
        raise _damaged(error) from None


def _texts(column: pa.Array) -> list[str | None]:
    """The values of one column as they would be written."""
    import pyarrow as pa

    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    return [_written(value) for value in column.to_pylist()]


def _written(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
