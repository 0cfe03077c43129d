"""``xfer profile``: what every layer knows of the task and of the domain, and which one travels."""

from __future__ import annotations

import argparse
from typing import Any

from xfer_core.cli import parts


def add(commands: Any) -> None:
    this = parts.command(commands, "profile", "what each layer knows, and which layer travels", profile, say)
    this.add_argument("model", metavar="MODEL", help="bundled:NAME, a folder, a hub id or a run")
    this.add_argument("table", metavar="TABLE", help="a table, or corpus:NAME")
    parts.add_columns(this)
    parts.add_reading(this)
    this.add_argument("--pool", choices=("mean", "cls", "max", "last"), default="mean")
    this.add_argument(
        "--per-class", type=int, default=400, help="texts of each class in each domain at most (default: 400)"
    )
    this.add_argument("--max-length", type=int, default=128, help="longest text in tokens (default: 128)")
    this.add_argument("--seed", type=int, default=0)


def profile(args: argparse.Namespace) -> dict[str, Any]:
    from xfer_core import corpora
    from xfer_core.analysis.profiling import profile_of

    return profile_of(
        args.model, corpora.save(parts.corpus_of(args)), pool=args.pool, per_class=args.per_class,
        max_length=args.max_length, seed=args.seed, report=parts.progress(),
    ).as_dict()  # fmt: skip


COLUMNS = {
    "task": "task_macro_f1",
    "shuffled": "control",
    "domain": "domain_accuracy",
    "A-dist.": "a_distance",
    "transfer": "transfer_macro_f1",
    "behind": "behind_best",
    "LogME": "logme",
}


def say(result: dict[str, Any]) -> str:
    from xfer_core.i18n import fill

    head = "layer  " + "  ".join(f"{name:>8}" for name in COLUMNS)
    rows = [
        f"{row['layer']:>5}  " + "  ".join(_number(row[field]) for field in COLUMNS.values())
        for row in result["layers"]
    ]
    said = [fill(each["message"], each["values"]) for each in (*result["words"], *result["notes"])]
    return "\n".join([head, *rows, *said])


def _number(value: float | None) -> str:
    return f"{value:8.3f}" if value is not None else "       –"
