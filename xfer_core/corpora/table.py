"""Any table a user brings, as chunks of text cells in constant memory, or whole.

:func:`chunks` is the primitive; :func:`read` collects it. What a file is, is told by its content, never by
its name alone.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd

from xfer_core.corpora import archive
from xfer_core.corpora import encoding as encodings
from xfer_core.corpora.delimited import open_delimited
from xfer_core.corpora.excel import open_workbook
from xfer_core.corpora.jsonlines import open_document, open_lines, opens_like_json
from xfer_core.corpora.parquet import open_parquet
from xfer_core.corpora.reading import Log, Reading, Reject, Source
from xfer_core.errors import BadTable, NotFound
from xfer_core.i18n import N_, as_message
from xfer_core.settings import LIMITS

__all__ = ["Chunks", "Reading", "Reject", "Table", "chunks", "read"]

DELIMITER_NAMES = {"\\t": "\t", "tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "none": ""}

_OTHER_KINDS = (
    (b"\x89PNG", N_("a PNG picture")),
    (b"\xff\xd8\xff", N_("a JPEG picture")),
    (b"GIF8", N_("a GIF picture")),
    (b"%PDF", N_("a PDF document")),
    (b"\xd0\xcf\x11\xe0", N_("an old Office document, such as .xls or .doc")),
    (b"\x1f\x8b", N_("a gzip archive")),
    (b"7z\xbc\xaf", N_("a 7-Zip archive")),
    (b"Rar!", N_("a RAR archive")),
    (b"BZh", N_("a bzip2 archive")),
    (b"SQLite format 3", N_("a SQLite database")),
    (b"\x7fELF", N_("a program")),
    (b"MZ\x90", N_("a program")),
    (b"{\\rtf", N_("an RTF document")),
    (b"\x80\x04\x95", N_("a Python pickle")),
    (b"<!doctype html", N_("a web page")),
    (b"<html", N_("a web page")),
    (b"<?xml", N_("an XML document")),
)
_CONTROLS = bytes({*range(32), 127} - {9, 10, 12, 13, 27})


@dataclass(frozen=True)
class Table:
    """A table read whole: text cells under unique column names."""

    frame: pd.DataFrame
    """Columns of pandas' ``str`` type; only Parquet, JSON and Excel have missing values, others have ""."""
    reading: Reading
    rejected: list[Reject]
    """The first lines that were refused, at most ``LIMITS.rejects_kept``."""
    rejected_count: int
    notes: list[dict[str, Any]]
    """What else happened, as ``{"message": msgid, "values": {...}}``."""
    name: str = ""


class Chunks(Iterator[pd.DataFrame]):
    """The rows of a table as frames of at most *size* rows, in order.

    What was refused is known once the iterator is exhausted, and is complete only then.
    """

    def __init__(
        self, source: Source, log: Log, size: int, folder: tempfile.TemporaryDirectory[str] | None = None
    ) -> None:
        self.reading = source.reading
        self.columns = source.columns
        self._rows = source.rows
        self._log = log
        self._size = size
        self._folder = folder  # lives as long as the rows are read from it

    @property
    def rejected(self) -> list[Reject]:
        return self._log.rejected

    @property
    def rejected_count(self) -> int:
        return self._log.rejected_count

    @property
    def notes(self) -> list[dict[str, Any]]:
        return self._log.all_notes()

    def __next__(self) -> pd.DataFrame:
        rows = list(islice(self._rows, self._size))
        if not rows:
            self.close()
            raise StopIteration
        columns = zip(self.columns, zip(*rows, strict=True), strict=True)
        return pd.DataFrame({name: pd.array(cells, dtype="str") for name, cells in columns})

    def close(self) -> None:
        """Forget the unpacked copy of a zipped table."""
        if self._folder is not None:
            self._folder.cleanup()


def chunks(
    path: Path,
    *,
    size: int = 2_000,
    name: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    header: bool | None = None,
) -> Chunks:
    """Read the table at *path* piece by piece.

    Parameters
    ----------
    path : Path
        CSV, TSV, JSON lines, JSON, Parquet, .xlsx, or a zip of one of them.
    size : int
        Rows of one frame.
    name : str, optional
        What the user calls the file, where *path* is a temporary copy.
    encoding, delimiter, header : optional
        What the user says instead of what would be detected; an empty delimiter means one column.

    Raises
    ------
    NotFound
        If there is no such file.
    BadTable
        If it is not a table; a sentence says what it is instead.
    """
    path = Path(path)
    if not path.is_file():
        raise NotFound(
            N_("There is no file “{name}”."), N_("Check its name and folder."), name=name or str(path)
        )
    if delimiter is not None:
        delimiter = DELIMITER_NAMES.get(delimiter.lower(), delimiter)
        if len(delimiter) > 1 or delimiter in ("\n", "\r", '"'):
            raise BadTable(
                N_("“{delimiter}” cannot separate cells."),
                N_("Use one character, such as a comma, or the word tab."),
                delimiter=delimiter[:20],
            )
    log = Log()
    with path.open("rb") as file:
        zipped = file.read(4) == b"PK\x03\x04"
    if not zipped:
        return Chunks(_open(path, _suffix(name, path), log, encoding, delimiter, header), log, size)
    members = archive.check(path)
    if archive.is_workbook(members):
        return Chunks(open_workbook(path, log, header=header), log, size)
    folder = tempfile.TemporaryDirectory(prefix="xfer-", ignore_cleanup_errors=True)
    inner, member = archive.extract_only(path, members, Path(folder.name))
    source = _open(inner, inner.suffix, log, encoding, delimiter, header)
    source.reading = replace(source.reading, member=member)
    return Chunks(source, log, size, folder)


def read(
    path: Path,
    *,
    name: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    header: bool | None = None,
) -> Table:
    """Read the whole table at *path*; parameters as for :func:`chunks`.

    Raises
    ------
    NotFound, BadTable
        As :func:`chunks`; also if no row is left, or more than ``LIMITS.corpus_rows``.
    """
    source = chunks(path, size=20_000, name=name, encoding=encoding, delimiter=delimiter, header=header)
    frames: list[pd.DataFrame] = []
    rows = 0
    for frame in source:
        frames.append(frame)
        rows += len(frame)
        if rows > LIMITS.corpus_rows:
            source.close()
            raise BadTable(
                N_("The table has more than {limit} rows."),
                N_("Take a sample of it; whole tables of any size can be classified."),
                limit=LIMITS.corpus_rows,
            )
    if not frames and source.rejected_count:
        first = source.rejected[0]
        raise BadTable(
            N_("None of the {n} rows could be read; line {line} was refused first."),
            N_("Choose another delimiter or encoding."),
            n=source.rejected_count, line=first.line,
        )  # fmt: skip
    if not frames:
        raise BadTable(
            N_("The table has column names ({names}) and no rows below them."),
            N_("Add rows, or say that the first row holds no names."),
            names=", ".join(source.columns)[:100],
        )
    return Table(
        pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0],
        source.reading, source.rejected, source.rejected_count, source.notes, Path(name or path).stem,
    )  # fmt: skip


def _suffix(name: str | None, path: Path) -> str:
    return Path(name or path).suffix.lower()


def _open(
    path: Path, suffix: str, log: Log, encoding: str | None, delimiter: str | None, header: bool | None
) -> Source:
    with path.open("rb") as file:
        head = file.read(1 << 16)
    if not head.strip(b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise BadTable(
            N_("The file is empty."), N_("Check that the right file was chosen and that it was saved.")
        )
    if head.startswith(b"PAR1"):
        return open_parquet(path, log)
    _refuse_other_kinds(head, encoding)
    used = encodings.known(encoding) if encoding else encodings.detect(path)
    kind = opens_like_json(head.decode(used, errors="ignore"), suffix)
    if kind == "jsonl":
        return open_lines(path, log, encoding=used)
    if kind == "json":
        return open_document(path, log, encoding=used)
    return open_delimited(path, log, encoding=used, delimiter=delimiter, header=header)


def _refuse_other_kinds(head: bytes, encoding: str | None) -> None:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:16].lower()
    for mark, kind in _OTHER_KINDS:
        if start.startswith(mark.lower()):
            raise BadTable(
                N_("This is {kind}, not a table."),
                N_("Save the texts as CSV, TSV, JSON lines, Parquet or .xlsx, one text a row."),
                kind=as_message(kind),
            )
    if start.startswith(b"pk\x03\x04"):
        raise BadTable(N_("The zip holds another zip or an Office document."), N_("Zip the table by itself."))
    strange = len(head) - len(head.translate(None, _CONTROLS))
    if strange > max(0.02 * len(head), 8) and not encodings.is_wide(head) and not encoding:
        raise BadTable(
            N_("This is not a table: its bytes are not text."),
            N_("Save the texts as CSV, TSV, JSON lines, Parquet or .xlsx, one text a row."),
        )
