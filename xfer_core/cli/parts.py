"""What the commands share: how an argument becomes a corpus, and progress on standard error."""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xfer_core.errors import BadSetting, BadTable
from xfer_core.i18n import N_
from xfer_core.progress import Report, seconds_left

if TYPE_CHECKING:
    from xfer_core.corpora.corpus import Corpus
    from xfer_core.corpora.table import Table

Say = Callable[[dict[str, Any]], str]


def command(
    commands: Any, name: str, summary: str, run: Callable[[argparse.Namespace], dict[str, Any]], say: Say
) -> argparse.ArgumentParser:
    """Declare a command: name, one line of help, what carries it out, how a person reads the result."""
    this = commands.add_parser(name, help=summary, description=summary)
    this.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    this.set_defaults(run=run, say=say)
    return this


def add_columns(this: argparse.ArgumentParser) -> None:
    this.add_argument("--text", metavar="COLUMN", help="column of the texts (default: guessed)")
    this.add_argument("--label", metavar="COLUMN", help="column of the labels (default: guessed)")
    this.add_argument("--domain", metavar="COLUMN", help="column of the domains (default: guessed)")
    this.add_argument("--split", metavar="COLUMN", help="column that says train, validation or test")


def add_reading(this: argparse.ArgumentParser) -> None:
    this.add_argument("--encoding", help="encoding of the table (default: detected)")
    this.add_argument("--delimiter", help="delimiter of the table (default: detected)")
    this.add_argument("--header", action=argparse.BooleanOptionalAction, help="is the first row a header?")


def reading(args: argparse.Namespace) -> dict[str, Any]:
    """The reading options that were given; the rest is detected."""
    return {
        name: getattr(args, name)
        for name in ("encoding", "delimiter", "header")
        if getattr(args, name) is not None
    }


def table_path(name: str) -> Path:
    path = Path(name)
    if not path.is_file():
        raise BadTable(
            N_("There is no file “{path}”."),
            N_("Give the path of a table, or corpus:NAME; “xfer corpora list” shows the names."),
            path=name,
        )
    return path


def corpus_of(args: argparse.Namespace) -> Corpus:
    """The corpus a TABLE argument means: ``corpus:NAME`` (a sample or one kept earlier), or a file."""
    from xfer_core.corpora import corpus

    if args.table.startswith("corpus:"):
        _check_columns(args)
        return _named(args.table)
    table, columns = read_table(args)
    return corpus.build(table, columns, name=Path(args.table).stem, seed=args.seed)


def _check_columns(args: argparse.Namespace) -> None:
    """A corpus has its columns already; naming another one is a mistake, not a wish to ignore."""
    for role in ("text", "label", "domain", "split"):
        given = getattr(args, role, None)
        if given not in (None, role):
            raise BadTable(
                N_("A corpus has no column “{column}”: its columns are text, label, domain and split."),
                N_("Leave --{role} out."),
                column=given,
                role=role,
            )


def _named(reference: str) -> Corpus:
    from xfer_core.corpora import catalogue, corpus

    name = reference.removeprefix("corpus:")
    return catalogue.fetch(name, progress()) if name in catalogue.SAMPLES else corpus.load(name)


def read_table(args: argparse.Namespace) -> tuple[Table, Any]:
    """The table as read, and its columns: as given, else as guessed."""
    from xfer_core.corpora import columns
    from xfer_core.corpora.table import read

    table = read(table_path(args.table), **reading(args))
    guess = columns.guess(table.frame)
    chosen = {role: getattr(args, role, None) for role in ("text", "label", "domain", "split")}
    for role, column in chosen.items():
        if column is not None and column not in table.frame.columns:
            raise BadTable(
                N_("The table has no column “{column}” for the {role}."),
                N_("Its columns are: {columns}."),
                column=column,
                role=role,
                columns=", ".join(map(str, table.frame.columns)),
            )
    known = {role: chosen[role] or getattr(guess, role) for role in chosen}
    return table, columns.Columns(**known)


def progress() -> Report:
    """A report that rewrites one line of a terminal, or writes each message once into a log."""
    begun, shown, last_message = time.monotonic(), 0.0, ""
    terminal = sys.stderr.isatty()

    def report(fraction: float, message: str) -> None:
        nonlocal shown, last_message
        now = time.monotonic()
        if terminal and (now - shown > 0.2 or fraction >= 1):
            left = seconds_left(now - begun, fraction)
            rest = f", {left:.0f} s left" if left and left > 1 else ""
            columns = os.get_terminal_size(sys.stderr.fileno()).columns
            sys.stderr.write(f"\r{message} {fraction:4.0%}{rest}".ljust(columns - 1)[: columns - 1])
            sys.stderr.write("\n" if fraction >= 1 else "")
            shown = now
        elif not terminal and message != last_message:
            sys.stderr.write(f"{message}\n")
        last_message = message

    return report


def plain(value: float) -> float | None:
    """A number as JSON has it: NaN is null there."""
    return None if math.isnan(value) else float(value)


def layers(text: str) -> tuple[int, ...] | None:
    """``all`` → None, ``0,3,6`` → (0, 3, 6)."""
    if text == "all":
        return None
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise BadSetting(
            N_("“{layers}” is not a list of layers."), N_("Write all, or numbers such as 0,3,6."), layers=text
        ) from None


def texts_of(args: argparse.Namespace) -> tuple[list[str], dict[str, list[Any]]]:
    """The texts of a TABLE argument, in order, and its other columns; a table needs no labels for this."""
    if args.table.startswith("corpus:"):
        _check_columns(args)
        frame, column = _named(args.table).table(), "text"
    else:
        table, columns = read_table(args)
        frame, column = table.frame.fillna(""), columns.text
    beside = {str(name): frame[name].tolist() for name in frame.columns if name != column}
    return frame[column].tolist(), beside


@contextmanager
def as_table(name: str) -> Iterator[Path]:
    """A TABLE argument as a file: itself, or a corpus written out for the time of the block."""
    if not name.startswith("corpus:"):
        yield table_path(name)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "corpus.parquet"
        write_corpus(_named(name), path)
        yield path


def write_corpus(corpus: Corpus, path: Path) -> None:
    """A corpus as a table, CSV or Parquet by the path's ending; its texts unchanged, to be read back."""
    from xfer_core.corpora.writing import write_table

    write_table(corpus.table(), path, raw=True)
