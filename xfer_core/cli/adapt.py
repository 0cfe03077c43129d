"""``xfer adapt``: bridge two domains without labels of the target."""

from __future__ import annotations

import argparse
from typing import Any

from xfer_core.cli import parts


def add(commands: Any) -> None:
    from xfer_core.adaptation import settings as deep
    from xfer_core.analysis.alignment import DEFAULT, METHODS, SHARES
    from xfer_core.models.sources import BUNDLED

    this = parts.command(commands, "adapt", "bridge two domains without labels of the target", adapt, say)
    this.add_argument("table", metavar="TABLE", help="a table, or corpus:NAME")
    parts.add_columns(this)
    parts.add_reading(this)
    this.add_argument("--source", required=True, metavar="DOMAIN", help="the domain with labels")
    this.add_argument("--target", required=True, metavar="DOMAIN", help="the domain to do without")
    training = [name for name in deep.METHODS if name != deep.SOURCE_ONLY]
    this.add_argument(
        "--method",
        default=DEFAULT,
        choices=[*METHODS, *training],
        help=f"on frozen features, in seconds: {', '.join(METHODS)}; by training: {', '.join(training)}"
        f" (default: {DEFAULT})",
    )
    this.add_argument("--model", default=BUNDLED, help="model, or id of a run (default: the bundled one)")
    this.add_argument(
        "--layer", type=int, help="layer of the features (default: chosen without target labels)"
    )
    this.add_argument(
        "--shares",
        default=SHARES[0],
        choices=SHARES,
        help="class shares: as they are, or equal, which needs labels of the target (default: natural)",
    )
    this.add_argument("--per-class", type=int, help="texts a class and domain at most")
    this.add_argument("--seed", type=int, default=0)


def adapt(args: argparse.Namespace) -> dict[str, Any]:
    from xfer_core import corpora
    from xfer_core.analysis.alignment import METHODS

    identifier = corpora.save(parts.corpus_of(args))
    return _aligned(args, identifier) if args.method in METHODS else _trained(args, identifier)


def _aligned(args: argparse.Namespace, corpus: str) -> dict[str, Any]:
    from xfer_core.analysis.aligning import align_of
    from xfer_core.i18n import fill
    from xfer_core.settings import LIMITS

    found = align_of(
        args.model, corpus, args.source, args.target,
        layers=None if args.layer is None else (args.layer,), shares=args.shares, seed=args.seed,
        per_class=args.per_class or LIMITS.transfer_texts_per_class, report=parts.progress(),
    )  # fmt: skip
    layer = found.best_layer(args.method) if args.layer is None else args.layer
    words = [fill(each["message"], each["values"]) for each in found.words(args.method, layer)]
    return {"method": args.method, "layer": layer, **found.scores(args.method, layer), "words": words,
            **found.as_dict()}  # fmt: skip


def _trained(args: argparse.Namespace, corpus: str) -> dict[str, Any]:
    """A run of :mod:`xfer_core.adaptation`, carried out in this process."""
    from xfer_core.adaptation import results, settings, worker
    from xfer_core.runs import store
    from xfer_core.runs.worker import run_here

    config = settings.validate(
        {"source": args.source, "target": args.target, "methods": [args.method], "model": args.model,
         "seed": args.seed}
    )  # fmt: skip
    run = store.create(settings.KIND, settings.request(config, corpus), "")
    run_here(run.id, worker.work, parts.progress())
    return {"method": args.method, "run": run.id, **results.load(run.id).as_dict()}


def say(result: dict[str, Any]) -> str:
    lines = [
        f"{domain:>7}: macro-F1 {result['before'][domain]['macro_f1']:.3f} before,"
        f" {result['after'][domain]['macro_f1']:.3f} after"
        for domain in ("source", "target")
    ]
    return "\n".join([*lines, *result.get("words", [])])
