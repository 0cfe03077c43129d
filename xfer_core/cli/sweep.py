"""``xfer sweep``: several strategies on one table, compared fairly, in this process and to the end."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING, Any

from xfer_core.cli import parts
from xfer_core.errors import Interrupted
from xfer_core.i18n import N_, fill

if TYPE_CHECKING:
    from xfer_core.progress import Report
    from xfer_core.runs.store import Run
    from xfer_core.sweep.results import Arm, Sweep

ROW = ("strategy", "role", "seed", "macro_f1", "accuracy", "trainable_parameters", "seconds", "memory_mb")


def add(commands: Any) -> None:
    this = parts.command(commands, "sweep", "compare several strategies on a table", sweep, say)
    this.add_argument("table", metavar="TABLE", help="a table, or corpus:NAME")
    this.add_argument(
        "--strategies", required=True, metavar="A,B,…", help="such as head,top-2,full,lora,features-4"
    )
    add_settings(this)


def add_settings(this: argparse.ArgumentParser) -> None:
    """What ``xfer sweep`` and ``xfer report`` have in common."""
    from xfer_core.sweep.settings import SETTINGS, SHARED
    from xfer_core.training import settings as training

    parts.add_columns(this)
    parts.add_reading(this)
    shared = [setting for setting in training.SETTINGS if setting.name in (*SHARED, "seed")]
    kinds = {"int": int, "float": float, "text": str, "choice": str}
    for setting in (*SETTINGS, *shared):
        if setting.kind == "bool":
            this.add_argument(setting.flag, action="store_true", help=setting.does)
            continue
        given = "" if setting.default in (None, "") else f" (default: {setting.default})"
        this.add_argument(
            setting.flag,
            dest=setting.name,
            type=kinds[setting.kind],
            default=setting.default,
            metavar="TABLE" if setting.name == "second" else None,
            help=(setting.does + given).replace("%", "%%"),
        )


def sweep(args: argparse.Namespace) -> dict[str, Any]:
    run, found = carried_out(args, {})
    return {**told(found), "state": run.state, "folder": str(run.folder)}


def carried_out(args: argparse.Namespace, chosen: dict[str, Any]) -> tuple[Run, Sweep]:
    """Do the sweep that *args*, and above them the *chosen* settings, ask for.

    Raises
    ------
    Interrupted
        If it was stopped; what was finished is kept.
    """
    from xfer_core import corpora, runs
    from xfer_core.sweep import results, settings, worker
    from xfer_core.sweep.check import check

    corpus = parts.corpus_of(args)
    second = ""
    if args.second:
        other = argparse.Namespace(**{**vars(args), **_NO_COLUMNS, "table": args.second})
        second = corpora.save(parts.corpus_of(other))
    config = settings.validate({**vars(args), **chosen, "second": second})
    check(config, corpus)  # before there is a run
    identifier = corpora.save(corpus)
    run = runs.create(settings.KIND, settings.request(config, identifier), f"{corpus.name}-{config.mode}")
    sys.stderr.write(f"sweep {run.id}\n")
    run = runs.run_here(run.id, worker.body, watching(run))
    if run.state in ("stopped", "interrupted"):
        raise Interrupted(N_("What was finished is kept in run {run}."), run=run.id)
    return run, results.load(run.id)


_NO_COLUMNS = {"text": None, "label": None, "domain": None, "split": None}


def watching(run: Run) -> Report:
    """Progress on standard error: how far, and a line for every arm that has ended."""
    from xfer_core.runs import events

    show, cursor, looked = parts.progress(), 0, 0.0

    def report(fraction: float, message: str) -> None:
        nonlocal cursor, looked
        if time.monotonic() - looked > 0.5:
            looked = time.monotonic()
            written, cursor = events.read(run.folder, cursor)
            for event in written:
                if event["kind"] == "arm" and event["state"] != "running":
                    sys.stderr.write(f"{_line(event)}\n")
        show(fraction, message)

    return report


def _line(event: dict[str, Any]) -> str:
    rate = "" if event["learning_rate"] is None else f", rate {event['learning_rate']:g}"
    score = event["validation_macro_f1"]
    seen = "" if score is None else f", validation macro-F1 {score:.3f} in {event['seconds']:.0f} s"
    return f"{event['arm']}: {event['state']}{rate}{seen}"


def told(found: Sweep) -> dict[str, Any]:
    """A sweep as ``--json`` prints it: one row for each arm that is compared."""
    return {
        "sweep": found.run,
        "corpus": found.corpus,
        "strategies": list(found.config.strategies),
        "rows": [_row(arm) for arm in found.chosen],
        "trials": [_trial(arm) for arm in found.arms if not arm.chosen],
        "references": found.references,
        "probes": found.probes,
        "recommendation": found.recommendation,
        "recommended_run": found.recommended_run,
        "shift": found.shift,
        "measured": found.measured,
        "forgetting": found.forgetting,
        "notes": [fill(**note) for note in found.notes],
    }


def _row(arm: Arm) -> dict[str, Any]:
    return {"arm": arm.id, "lr": arm.learning_rate, **{name: getattr(arm, name) for name in ROW}}


def _trial(arm: Arm) -> dict[str, Any]:
    from xfer_core.runs import store

    return {
        "arm": arm.id, "strategy": arm.strategy, "role": arm.role, "seed": arm.seed, "lr": arm.learning_rate,
        "state": arm.state, "validation_macro_f1": arm.validation_macro_f1, "seconds": arm.seconds,
        "message": str(store.to_error(arm.message)) if arm.message else "",
    }  # fmt: skip


def say(result: dict[str, Any]) -> str:
    lines = [f"sweep {result['sweep']}", *result["notes"], _heading()]
    for strategy in result["strategies"]:
        rows = [row for row in result["rows"] if row["strategy"] == strategy]
        if rows:
            scores = [row["macro_f1"] for row in rows]
            ended = [*rows, *(row for row in result["trials"] if row["state"] == "done")]
            tried = sum((row["strategy"], row["role"]) == (strategy, "trial") for row in ended)
            lines.append(
                f"{strategy:<16}{tried or '–':>6}{rows[0]['lr'] or '–':>9}{len(rows):>6}"
                f"{_mean(scores):9.3f}{min(scores):7.3f}{max(scores):7.3f}{rows[0]['trainable_parameters']:13,}"
                f"{_mean([row['seconds'] for row in rows]):9.1f}"
            )
    for name, numbers in result["references"].items():
        lines.append(f"{name:<16}{'–':>6}{'–':>9}{'–':>6}{numbers['macro_f1']:9.3f}")
    advice = result["recommendation"]
    if advice:
        lines += ["", f"recommended: {advice['strategy']}", advice["sentence"]]
    if result["recommended_run"]:
        lines.append(f"xfer classify {result['recommended_run']} TABLE --out FILE")
    return "\n".join(lines)


def _heading() -> str:
    heads = f"{'strategy':<16}{'rates':>6}{'chosen':>9}{'seeds':>6}{'macro-F1':>9}{'low':>7}{'high':>7}"
    return f"{heads}{'parameters':>13}{'seconds':>9}"


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
