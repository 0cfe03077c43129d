"""CSV, TSV and their relations: text lines → rows of one width, everything else a reject."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

from xfer_core.corpora import encoding as encodings
from xfer_core.corpora.dialect import ABSENT, HEAD_CHARACTERS, sniff
from xfer_core.corpora.reading import (
    HEADER_ROWS,
    Log,
    Reading,
    Source,
    check_width,
    looks_like_names,
    no_rows,
    numbered,
    short_enough,
    unique,
    width_reason,
)
from xfer_core.corpora.records import records
from xfer_core.errors import BadTable
from xfer_core.i18n import N_
from xfer_core.settings import LIMITS

_EXCEL_LINE = re.compile(r'^"?sep=(.)"?\s*$', re.IGNORECASE)


def open_delimited(
    path: Path, log: Log, *, encoding: str, delimiter: str | None, header: bool | None
) -> Source:
    """Open a delimited text file; what is None is detected.

    Raises
    ------
    BadTable
        If it holds no row at all, or more columns than the limit.
    """
    stream = encodings.lines(path, encoding, log)
    head, whole = _head(stream)
    if head:
        head[0] = head[0].removeprefix("\ufeff")  # a mark under an encoding that the user named
    skipped = 0
    if head and (excel := _EXCEL_LINE.match(head[0])):
        delimiter = excel[1] if delimiter is None else delimiter
        head, skipped = head[1:], 1
    if not any(line.strip() for line in head):
        raise no_rows()
    dialect, width = sniff(head, delimiter, whole=whole)
    found = records(chain(head, stream), dialect.options(), log, skipped)
    opening = next(found, None)
    while opening is not None and len(opening[2]) == 1 < width:
        log.reject(opening[0], N_("A line above the table"), opening[2][0])
        opening = next(found, None)
    if opening is None:
        raise BadTable(
            N_("None of the {n} lines could be read as a row."),
            N_("Choose another delimiter or encoding."),
            n=log.rejected_count,
        )
    first = opening[2]
    check_width(len(first))
    following = list(islice(found, HEADER_ROWS))
    named = looks_like_names(first, [row for _, _, row in following]) if header is None else header
    columns = unique(first if named else numbered(len(first)), log)
    rows = chain(following, found) if named else chain([opening], following, found)
    shown = "" if dialect.delimiter == ABSENT else dialect.delimiter
    reading = Reading("tsv" if shown == "\t" else "csv", encoding.removesuffix("-sig"), shown, named)
    return Source(reading, columns, _one_width(rows, len(columns), log))


def _head(stream: Iterator[str]) -> tuple[list[str], bool]:
    """The first lines up to the size of the sample, and whether that is the whole file."""
    head, size = [], 0
    for line in stream:
        head.append(line)
        size += len(line)
        if size > HEAD_CHARACTERS:
            return head, False
    return head, True


def _one_width(rows: Iterator[tuple[int, int, list[str]]], width: int, log: Log) -> Iterator[list[str]]:
    for line, _, row in rows:
        if len(row) != width:
            if not any(map(str.strip, row)):  # a blank line, or one of delimiters only
                continue
            if any(row[width:]) or len(row) < width:
                reason, values = width_reason(len(row), width)
                log.reject(line, reason, " | ".join(row), **values)
                continue
            row = row[:width]  # a delimiter at the end of each line
        if max(map(len, row)) <= LIMITS.cell_characters or short_enough(row, line, log):
            yield row
