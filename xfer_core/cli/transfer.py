"""``xfer transfer``: train a probe on each domain, test it on each; with ``--strategies`` also tune."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from xfer_core.cli import parts
from xfer_core.errors import BadSetting, Interrupted
from xfer_core.i18n import N_, fill

if TYPE_CHECKING:
    from xfer_core.corpora.corpus import Corpus
    from xfer_core.training.settings import Setting


def add(commands: Any) -> None:
    from xfer_core.crossing.settings import SETTINGS, SHARED
    from xfer_core.training import settings as training

    this = parts.command(commands, "transfer", "train on each domain, test on each", transfer, say)
    this.add_argument("table", metavar="TABLE", help="a table, or corpus:NAME")
    parts.add_columns(this)
    parts.add_reading(this)
    this.add_argument("--layers", default="all", help="all, or a list such as 0,3,6 (0: the embeddings)")
    this.add_argument(
        "--pool",
        default="mean",
        choices=("mean", "cls", "max", "last"),
        help="what the probes read of a text",
    )
    this.add_argument(
        "--strategies", metavar="A,B,…", help="tune these in every domain as well, such as head,top-2,lora"
    )
    tuning = this.add_argument_group("only with --strategies")
    shared = [setting for setting in training.SETTINGS if setting.name in (*SHARED, "seed")]
    for setting in (*SETTINGS, *shared):
        _add_setting(this if setting.name in PROBES else tuning, setting)


PROBES = ("model", "per_class", "max_length", "seed")
"""Settings that probes heed as well as strategies."""
SPLIT = (
    "of each class and domain at most so many texts: probes learn from 70 %% of them and are tested on 30 %%"
)


def _add_setting(group: Any, setting: Setting) -> None:
    """Those of strategies have no default here, so that it can be told whether one was given."""
    if setting.kind == "bool":
        group.add_argument(
            setting.flag, dest=setting.name, action="store_true", default=None,
            help=setting.does.replace("%", "%%"),
        )  # fmt: skip
        return
    kinds = {"int": int, "float": float, "text": str, "choice": str}
    does = SPLIT if setting.name == "per_class" else setting.does.replace("%", "%%")
    group.add_argument(
        setting.flag, dest=setting.name, type=kinds[setting.kind],
        default=setting.default if setting.name in PROBES else None,
        help=f"{does} (default: {setting.default})",
    )  # fmt: skip


def _check_given(args: argparse.Namespace) -> None:
    """Refuse what would do nothing."""
    from xfer_core.crossing.settings import SETTINGS, SHARED
    from xfer_core.training import settings as training

    known = {setting.name: setting.flag for setting in (*SETTINGS, *training.SETTINGS)}
    names = [name for name in (*(each.name for each in SETTINGS), *SHARED) if name not in PROBES]
    given = [known[name] for name in names if getattr(args, name) is not None]
    if given and not args.strategies:
        raise BadSetting(
            N_("{flags}: only trainings heed this, and no strategy was named."),
            N_("Name some with --strategies, or leave it out."),
            flags=", ".join(given),
        )


def transfer(args: argparse.Namespace) -> dict[str, Any]:
    from xfer_core import corpora
    from xfer_core.analysis import probes
    from xfer_core.analysis.transfer_words import said
    from xfer_core.crossing import settings
    from xfer_core.crossing.ground import check, ground

    _check_given(args)
    config = settings.validate(vars(args)) if args.strategies else None
    corpus = parts.corpus_of(args)
    if config is not None:  # before anything takes time
        check(config)
        ground(corpus, config)
    identifier = corpora.save(corpus)
    found = probes.transfer_of(
        args.model, identifier, layers=parts.layers(args.layers), pool=args.pool, per_class=args.per_class,
        max_length=args.max_length, seed=args.seed, report=parts.progress(),
    )  # fmt: skip
    words = [fill(each["message"], each["values"]) for each in said(found)]
    result = {**found.as_dict(), "words": words}
    return result if config is None else {**result, **_strategies(corpus, identifier, config)}


def _strategies(corpus: Corpus, identifier: str, config: Any) -> dict[str, Any]:
    """Tune in every domain, in this process; raises Interrupted if it was stopped."""
    from dataclasses import asdict

    from xfer_core import runs
    from xfer_core.crossing import results, settings, worker
    from xfer_core.crossing.words import cells
    from xfer_core.runs import events

    run = runs.create(settings.KIND, settings.request(config, identifier), f"{corpus.name}-transfer")
    sys.stderr.write(f"transfer {run.id}\n")
    run = runs.run_here(run.id, worker.body, parts.progress())
    if run.state in ("stopped", "interrupted"):
        raise Interrupted(N_("What was finished is kept in run {run}."), run=run.id)
    found = results.load(run.id)
    return {
        "run": run.id,
        "state": run.state,
        "folder": str(run.folder),
        "strategies": list(found.strategies),
        "strategy_cells": cells(found),
        "strategy_means": [events.plain(asdict(each)) for each in found.across],
        "strategy_notes": [fill(**note) for note in found.notes],
    }


def say(result: dict[str, Any]) -> str:
    head = "source → target".ljust(28) + "  ".join(["TF-IDF", *(f"{layer:>6}" for layer in result["layers"])])
    notes = (fill(note["message"], note["values"]) for note in result["notes"])
    lines = [*result["words"], *notes, "", head, *_rows(result, "cells", "source", "{} → {}")]
    lines += _rows(result, "all_but_one", "left_out", "all but {} → {}")
    if "strategies" in result:
        lines += ["", f"run {result['run']}", *_of_strategies(result)]
    return "\n".join(lines)


def _rows(result: dict[str, Any], cells: str, source: str, form: str) -> list[str]:
    rows: dict[tuple[str, str], dict[int, float]] = {}
    for cell in result[cells]:
        rows.setdefault((cell[source], cell["target"]), {})[cell["layer"]] = cell["macro_f1"]
    return [
        form.format(*pair).ljust(28) + "  ".join(f"{scores[layer]:6.3f}" for layer in [-1, *result["layers"]])
        for pair, scores in rows.items()
    ]


def _of_strategies(result: dict[str, Any]) -> list[str]:
    lines = ["source → target".ljust(28) + "  ".join(f"{name:>11}" for name in result["strategies"])]
    rows: dict[str, dict[str, float]] = {}
    for cell in result["strategy_cells"]:
        source = f"all but {cell['source']}" if cell["all_but"] else cell["source"]
        rows.setdefault(f"{source} → {cell['target']}", {})[cell["strategy"]] = cell["macro_f1"]
    for pair, scores in rows.items():
        known = (f"{scores[name]:11.3f}" if name in scores else f"{'–':>11}" for name in result["strategies"])
        lines.append(pair.ljust(28) + "  ".join(known))
    return lines
