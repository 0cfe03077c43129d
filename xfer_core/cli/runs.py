"""``xfer runs``: what was trained and classified here."""

from __future__ import annotations

import argparse
from typing import Any

from xfer_core.cli import parts


def add(commands: Any) -> None:
    group = commands.add_parser(
        "runs", help="the run store: list, show, stop, cancel, delete"
    ).add_subparsers(required=True, metavar="list|show|stop|cancel|delete")
    parts.command(group, "list", "all runs, newest first", listing, say_listing)
    for name, summary, run in (
        ("show", "one run: its state, settings and results", show),
        ("stop", "let a run finish its step, keep the best model and end", stop),
        ("cancel", "end a run within two seconds", cancel),
        ("delete", "delete a run and its folder", delete),
    ):
        this = parts.command(group, name, summary, run, say_show if name == "show" else say_one)
        this.add_argument("run_id", metavar="RUN")
        if name == "stop":
            this.add_argument("--arm", help="of a comparison: only this training; the others go on")


def listing(args: argparse.Namespace) -> dict[str, Any]:
    from xfer_core import runs

    runs.tick()
    return {"runs": [_brief(run) for run in runs.listing()]}


def show(args: argparse.Namespace) -> dict[str, Any]:
    from xfer_core import runs
    from xfer_core.cli.sweep import told
    from xfer_core.errors import NotFound
    from xfer_core.sweep import results as sweeps
    from xfer_core.sweep.settings import KIND
    from xfer_core.training import results

    runs.tick()
    run = runs.get(args.run_id)
    shown = {**_brief(run), "folder": str(run.folder), "config": run.config, "message": run.message}
    if run.kind == KIND:
        return {**shown, "result": told(sweeps.load(run.id))}
    try:
        return {**shown, "result": results.result(run.id)}
    except NotFound:
        return shown


def stop(args: argparse.Namespace) -> dict[str, Any]:
    from xfer_core import runs
    from xfer_core.sweep import results as sweeps

    if args.arm:
        sweeps.stop_arm(args.run_id, args.arm)
        return {**_brief(runs.get(args.run_id)), "arm": args.arm}
    return _brief(runs.stop(args.run_id))


def cancel(args: argparse.Namespace) -> dict[str, Any]:
    from xfer_core import runs

    return _brief(runs.cancel(args.run_id))


def delete(args: argparse.Namespace) -> dict[str, Any]:
    from xfer_core import runs

    runs.delete(args.run_id)
    return {"run": args.run_id, "state": "deleted"}


def _brief(run: Any) -> dict[str, Any]:
    return {
        "run": run.id,
        "kind": run.kind,
        "state": run.state,
        "step": run.step,
        "steps": run.steps,
        "metrics": run.metrics,
    }


def say_listing(result: dict[str, Any]) -> str:
    return "\n".join(_line(run) for run in result["runs"])


def _line(run: dict[str, Any]) -> str:
    """How far it is, unless it is through: one that ended early of itself has left steps undone."""
    far = "" if run["state"] == "finished" else f", step {run['step']} of {run['steps']}"
    return f"{run['run']}: {run['state']}{far}"


def say_show(result: dict[str, Any]) -> str:
    from xfer_core.cli import sweep

    if "sweep" not in result.get("result", {}):
        return say_one(result)
    about = {name: value for name, value in result.items() if name != "result"}
    return f"{say_one(about)}\n{sweep.say(result['result'])}"


def say_one(result: dict[str, Any]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in result.items())
