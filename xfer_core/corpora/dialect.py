"""Delimiter, quoting and header of a delimited file, found with the parser that will read it."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from xfer_core.corpora.reading import Log
from xfer_core.corpora.records import records

DELIMITERS = ("\t", ",", ";", "|")
HEAD_CHARACTERS = 1 << 19
ABSENT = "\x1f"
"""Stands for "no delimiter": a character that separates nothing in text."""

_ONE_LINE, _OF_MANY_LINES = 20, 19


@dataclass(frozen=True)
class Dialect:
    """How cells are kept apart; what the csv module needs."""

    delimiter: str
    quote: str | None = '"'
    escape: str | None = None

    def options(self) -> dict[str, Any]:
        quoting = csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE
        return {
            "delimiter": self.delimiter,
            "quotechar": self.quote,
            "quoting": quoting,
            "escapechar": self.escape,
            "doublequote": self.escape is None,
            "strict": True,
        }


def sniff(head: list[str], delimiter: str | None, *, whole: bool) -> tuple[Dialect, int]:
    """The dialect under which most lines of *head* become rows of one width, and that width (0: unknown).

    Ties go to the plainer dialect.

    Parameters
    ----------
    head : list of str
        The first physical lines, with their ends.
    delimiter : str or None
        The delimiter, where it is known; then only the quoting is looked for.
    whole : bool
        Whether *head* is all there is; else its last record may be cut.
    """
    text = "".join(head)
    choices = [d for d in DELIMITERS if d in text] if delimiter is None else [delimiter] if delimiter else []
    best, best_score, best_width = Dialect(ABSENT, _quote_alone(head)), 0.25, 0
    for candidate in choices:
        for quote, escape in _quotings(text):
            dialect = Dialect(candidate, quote, escape)
            score, width = _score(head, dialect, whole)
            if score > best_score + 1e-9:
                best, best_score, best_width = dialect, score, width
    if delimiter and best.delimiter != delimiter:  # the user knows better than the score
        return Dialect(delimiter), 0
    return best, best_width


def _quotings(text: str) -> list[tuple[str | None, str | None]]:
    """Quote and escape characters worth a try, the most usual first."""
    found: list[tuple[str | None, str | None]] = [('"', None)]
    if '\\"' in text:
        found.append(('"', "\\"))
    if '"' in text:
        found.append((None, None))
    if "'" in text:
        found.append(("'", None))
    return found


def _quote_alone(head: list[str]) -> str | None:
    """Whether a file of one column quotes its lines."""
    full = [line for line in head if line.strip()]
    quoted = sum(line.startswith('"') and line.rstrip().endswith('"') for line in full)
    return '"' if quoted > len(full) / 2 else None


def _score(head: list[str], dialect: Dialect, whole: bool) -> tuple[float, int]:
    """The share of physical lines in rows of the commonest width above one, and that width."""
    covered: Counter[int] = Counter()
    heading: list[str] = []
    first = last = 0
    with suppress(_Cut):
        for first, last, row in records(iter(head) if whole else _cut(head), dialect.options(), Log()):
            # Where plain reading fits as well, quotes that span lines are more likely prose than a cell.
            covered[len(row)] += _ONE_LINE if last == first else (last - first + 1) * _OF_MANY_LINES
            heading = heading or row
    del covered[1]
    width, count = covered.most_common(1)[0] if covered else (0, 0)
    seen = head if whole else head[:last]
    share = count / _ONE_LINE / max(sum(bool(line.strip()) for line in seen), 1)
    if len(seen) < len(head) / 2:  # most of the sample lies in one open quote: little evidence
        share /= 2
    # In a column of prose most lines may hold one comma; its heading does not, nor is it a list of names.
    if len(heading) == width:
        return (share if share > 0.5 or _is_neat(heading) else 0.0), width
    # A title above the table, unless another dialect explains it.
    return (share / 2 if share > 0.9 else 0.0), width


class _Cut(Exception):
    """The sample ends, the file does not."""


def _cut(head: list[str]) -> Iterator[str]:
    yield from head
    raise _Cut


def _is_neat(heading: list[str]) -> bool:
    """Whether cells look like names that a program wrote: none empty, none with space around it."""
    return all(cell and cell == cell.strip() for cell in heading)
