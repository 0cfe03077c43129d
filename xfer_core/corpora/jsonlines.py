"""JSON lines, one object a line, and JSON files that hold one list of objects, or one list a column."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

from xfer_core.corpora import encoding as encodings
from xfer_core.corpora.reading import Log, Reading, Row, Source, check_width, short_enough, unique
from xfer_core.errors import BadTable
from xfer_core.i18n import N_
from xfer_core.settings import LIMITS

HEAD_OBJECTS = 1_000
NOT_JSON = N_("Not a JSON object")
_UNKNOWN_KEYS = N_("{n} values under names that the first 1,000 objects do not have were left out.")


def opens_like_json(head: str, suffix: str) -> str | None:
    """``jsonl``, ``json`` or None for the beginning of a text file."""
    start = head.lstrip("\ufeff \t\r\n")
    if not start or start[0] not in "{[":
        return None
    first = start.splitlines()[0]
    value = _parsed(first)
    if isinstance(value, dict):
        return "json" if all(isinstance(column, list) for column in value.values()) else "jsonl"
    inner = start[1:].lstrip()
    if suffix == ".json" or inner[:1] in ("{", "[") or (start[0] == "{" and inner[:1] == '"'):
        return "json"
    return None


def open_lines(path: Path, log: Log, *, encoding: str) -> Source:
    """Open a file of one JSON object a line."""
    objects = _objects(encodings.lines(path, encoding, log), log)
    return _source(objects, Reading("jsonl", encoding.removesuffix("-sig")), log)


def open_document(path: Path, log: Log, *, encoding: str) -> Source:
    """Open a JSON file that holds a list of objects, by itself or as the only list of an object.

    Raises
    ------
    BadTable
        If it is too large to be read at once, not JSON, or holds no list of objects.
    """
    if path.stat().st_size > LIMITS.json_array_mb << 20:
        raise BadTable(
            N_("A JSON list of more than {limit} MB cannot be read piece by piece."),
            N_("Save it as JSON lines, one object a line."),
            limit=LIMITS.json_array_mb,
        )
    text = "".join(encodings.lines(path, encoding, log)).lstrip("\ufeff")
    value = _parsed(text)
    if isinstance(value, dict):
        lists = [item for item in value.values() if isinstance(item, list)]
        if len(lists) == 1:
            value = lists[0]
        elif len(lists) == len(value) and len({len(column) for column in lists}) == 1:  # column by column
            value = [dict(zip(value, row, strict=True)) for row in zip(*lists, strict=True)]
    if not isinstance(value, list) or not any(isinstance(item, dict) for item in value):
        raise BadTable(
            N_("The JSON file holds no list of objects."),
            N_("Save the table as a list of objects, one a row, or as JSON lines."),
        )
    return _source(_dicts(value, log), Reading("json", encoding.removesuffix("-sig")), log)


def _parsed(text: str) -> Any:
    """The value of a JSON text, its numbers kept as written; None if it is not JSON."""
    try:
        return json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return None


def _objects(lines: Iterator[str], log: Log) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        value = _parsed(line.lstrip("\ufeff"))
        if isinstance(value, dict):
            yield number, value
        else:
            log.reject(number, NOT_JSON, line)


def _dicts(items: list[Any], log: Log) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, item in enumerate(items, start=1):
        if isinstance(item, dict):
            yield number, item
        else:
            log.reject(number, NOT_JSON, str(item))


def _source(objects: Iterator[tuple[int, dict[str, Any]]], reading: Reading, log: Log) -> Source:
    head = list(islice(objects, HEAD_OBJECTS))
    keys = list(dict.fromkeys(key for _, item in head for key in item))
    if not keys:
        raise BadTable(
            N_("None of the lines is a JSON object with values."), N_("Save the table as CSV or JSON lines.")
        )
    check_width(len(keys))
    return Source(reading, unique(keys, log), _rows(chain(head, objects), keys, log))


def _rows(objects: Iterator[tuple[int, dict[str, Any]]], keys: list[str], log: Log) -> Iterator[Row]:
    known = set(keys)
    for number, item in objects:
        if unknown := item.keys() - known:
            log.count(_UNKNOWN_KEYS, len(unknown))
        row = [_written(item.get(key)) for key in keys]
        if short_enough(row, number, log):
            yield row


def _written(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, str):
        if value.isascii():
            return value
        # "\ud83d" alone is allowed in JSON, but it is no text and cannot be saved.
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\0", "")
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False)
