"""``xfer transfer``: train a probe on each domain, test it on each, for every layer."""

from __future__ import annotations

import argparse
from typing import Any

from xfer_core.cli import parts


def add(commands: Any) -> None:
    from xfer_core.models.sources import BUNDLED

    this = parts.command(commands, "transfer", "train on each domain, test on each", transfer, say)
    this.add_argument("table", metavar="TABLE", help="a table, or corpus:NAME")
    parts.add_columns(this)
    parts.add_reading(this)
    this.add_argument("--model", default=BUNDLED, help="model, or id of a run (default: the bundled one)")
    this.add_argument("--layers", default="all", help="all, or a list such as 0,3,6 (0: the embeddings)")
    this.add_argument("--seed", type=int, default=0)


def transfer(args: argparse.Namespace) -> dict[str, Any]:
    from xfer_core import corpora
    from xfer_core.analysis import probes

    identifier = corpora.save(parts.corpus_of(args))
    return probes.transfer_of(
        args.model, identifier, layers=parts.layers(args.layers), seed=args.seed, report=parts.progress()
    ).as_dict()


def say(result: dict[str, Any]) -> str:
    head = "source → target".ljust(28) + "  ".join(["TF-IDF", *(f"{layer:>6}" for layer in result["layers"])])
    rows: dict[tuple[str, str], dict[int, float]] = {}
    for cell in result["cells"]:
        rows.setdefault((cell["source"], cell["target"]), {})[cell["layer"]] = cell["macro_f1"]
    lines = [
        f"{source} → {target}".ljust(28)
        + "  ".join(f"{scores[layer]:6.3f}" for layer in [-1, *result["layers"]])
        for (source, target), scores in rows.items()
    ]
    return "\n".join([head, *lines])
