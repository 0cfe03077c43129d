"""``xfer train``: one run, from a table to a tuned model, in this process and to its end."""

from __future__ import annotations

import argparse
from typing import Any

from xfer_core.cli import parts
from xfer_core.errors import Interrupted
from xfer_core.i18n import N_


def add(commands: Any) -> None:
    from xfer_core.training.settings import SETTINGS

    this = parts.command(commands, "train", "fine-tune a model on a table", train, say)
    this.add_argument("table", metavar="TABLE", help="a table, or corpus:NAME")
    parts.add_columns(this)
    parts.add_reading(this)
    kinds = {"int": int, "float": float, "text": str, "choice": str}
    for setting in SETTINGS:
        if setting.kind == "bool":
            this.add_argument(setting.flag, action="store_true", help=setting.does)
        else:
            given = "" if setting.default is None else f" (default: {setting.default})"
            this.add_argument(
                setting.flag,
                *(("--lr",) if setting.name == "learning_rate" else ()),
                dest=setting.name,
                type=kinds[setting.kind],
                default=setting.default,
                help=(setting.does + given).replace("%", "%%"),
            )


def train(args: argparse.Namespace) -> dict[str, Any]:
    from xfer_core import corpora, runs
    from xfer_core.models.sources import resolve
    from xfer_core.runs.models import locate
    from xfer_core.tasks import task
    from xfer_core.training import fits, results, settings, worker

    config = settings.validate(vars(args))
    fits.check(config.strategy, resolve(locate(config.model)))  # before there is a run
    corpus = parts.corpus_of(args)
    task(config.task).check(corpus)
    identifier = corpora.save(corpus)
    run = runs.create("train", settings.request(config, identifier), name=f"{corpus.name}-{config.strategy}")
    report = parts.progress()
    report(0.0, N_("Starting"))
    run = runs.run_here(run.id, worker.body, report)
    if run.state in ("stopped", "interrupted"):
        raise Interrupted(N_("What was finished is kept in run {run}."), run=run.id)
    return {"run": run.id, "state": run.state, "folder": str(run.folder), **results.result(run.id)}


def say(result: dict[str, Any]) -> str:
    test, references = result["test"], result["references"]
    lines = [
        f"run {result['run']} in {result['folder']}",
        f"test: accuracy {test['accuracy']:.3f}, macro-F1 {test['macro_f1']:.3f}",
    ]
    lines += [f"  against {name}: macro-F1 {numbers['macro_f1']:.3f}" for name, numbers in references.items()]
    return "\n".join([*lines, result["verdict"]["sentence"]])
