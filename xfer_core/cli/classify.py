"""``xfer classify``: label a table of any size with a tuned model."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from xfer_core.cli import parts


def add(commands: Any) -> None:
    this = parts.command(commands, "classify", "label a table with a tuned model", classify, say)
    this.add_argument("run_id", metavar="RUN", help="id of a run, or a model folder")
    this.add_argument("table", metavar="TABLE", help="a table, or corpus:NAME")
    this.add_argument("--text", metavar="COLUMN", help="column of the texts (default: guessed)")
    this.add_argument("--out", required=True, type=Path, metavar="FILE")
    this.add_argument("--format", choices=("csv", "parquet"), default="csv")
    this.add_argument(
        "--raw", action="store_true", help="leave cells that look like spreadsheet formulas as they are"
    )
    parts.add_reading(this)


def classify(args: argparse.Namespace) -> dict[str, Any]:
    from xfer_core.inference import classify as core

    with parts.as_table(args.table) as path:
        return core.classify_table(
            args.run_id,
            path,
            text=args.text,
            out=args.out,
            format=args.format,
            raw=args.raw,
            report=parts.progress(),
            **parts.reading(args),
        )


def say(result: dict[str, Any]) -> str:
    rejected = f", {result['rejected']} rejected" if result["rejected"] else ""
    return (
        f"{result['rows']} rows{rejected} in {result['out']} ({result['rows_per_second']:.0f} rows a second)"
    )
