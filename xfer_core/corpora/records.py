"""Records of a delimited file; a line that breaks the rules costs itself, never the lines behind it."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from typing import Any

from xfer_core.corpora.reading import Log
from xfer_core.i18n import N_

HELD_CHARACTERS = 16_000_000
"""How far a quoted cell may run before its quote counts as never closed."""

UNCLOSED = N_("A quotation mark is opened and never closed")
UNPAIRED = N_("A quotation mark is closed in the middle of a cell")
ENDLESS = N_("A cell of more than {limit} characters, or a quotation mark that is never closed")


def records(
    lines: Iterator[str], options: dict[str, Any], log: Log, skipped: int = 0
) -> Iterator[tuple[int, int, list[str]]]:
    """``(first line, last line, cells)`` of each record; *skipped* lines came before those given.

    The csv module is strict here. On an error the record's *first* line is the reject and reading goes on
    at the next one, so that an unclosed quotation mark costs one line, not the file.
    """
    csv.field_size_limit(HELD_CHARACTERS)
    held: list[str] = []  # the physical lines of the record being read
    again: deque[str] = deque()  # lines to be read once more
    taken = skipped  # physical lines before the record being read

    def feed() -> Iterator[str]:
        while again:
            line = again.popleft()
            held.append(line)
            yield line
        for line in lines:
            held.append(line)
            yield line

    reader = csv.reader(feed(), **options)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            _reject(str(error), taken + 1, held[0], log)
            taken += 1
            again.extendleft(reversed(held[1:]))
            held.clear()
            reader = csv.reader(feed(), **options)
            continue
        first, taken = taken + 1, taken + len(held)
        held.clear()
        if row:
            yield first, taken, row


def _reject(detail: str, line: int, text: str, log: Log) -> None:
    if "field limit" in detail:
        log.reject(line, ENDLESS, text, limit=HELD_CHARACTERS)
    else:
        log.reject(line, UNCLOSED if "unexpected end" in detail else UNPAIRED, text)
