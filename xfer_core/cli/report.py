"""``xfer report``: what is the best use of a model on these texts? The whole answer in one HTML file."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from xfer_core.cli import parts
from xfer_core.cli import sweep as sweeps
from xfer_core.errors import Refused
from xfer_core.i18n import LANGUAGES, N_, translate


def add(commands: Any) -> None:
    this = parts.command(commands, "report", "the best use of a model on a table, as one file", report, say)
    this.add_argument("table", metavar="TABLE", help="a table, corpus:NAME, or sweep:ID of one already done")
    this.add_argument("--out", type=Path, help="the HTML file (default: report.html in the run's folder)")
    this.add_argument("--language", choices=LANGUAGES, default="en", help="of the file (default: en)")
    sweeps.add_settings(this)


def report(args: argparse.Namespace) -> dict[str, Any]:
    from xfer_core import runs
    from xfer_core.charts.report import report as drawn
    from xfer_core.sweep import results

    if args.out and not args.out.resolve().parent.is_dir():
        raise Refused(N_("There is no folder “{folder}” to write to."), folder=str(args.out.resolve().parent))
    if args.out and args.out.is_dir():
        raise Refused(
            N_("“{path}” is a folder."), N_("Name a file in it, such as report.html."), path=str(args.out)
        )
    if args.table.startswith("sweep:"):
        found = results.load(args.table.removeprefix("sweep:"))
        run = runs.get(found.run)
    else:
        run, found = sweeps.carried_out(args, {"strategies": (), "mode": "answer"})
    out = args.out or run.folder / "report.html"
    spoken = partial(translate, language=args.language)
    written = drawn(found, results.curves(found), t=spoken, language=args.language)
    out.write_text(written, encoding="utf-8")
    return {
        "out": str(out), "bytes": out.stat().st_size, "state": run.state, "folder": str(run.folder),
        **sweeps.told(found),
    }  # fmt: skip


def say(result: dict[str, Any]) -> str:
    return f"{sweeps.say(result)}\n{result['out']}"
