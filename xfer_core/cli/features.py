"""``xfer features``: what every layer makes of every text, for pandas, NumPy or the Embedding Projector."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from xfer_core.cli import parts


def add(commands: Any) -> None:
    this = parts.command(commands, "features", "pooled features of every layer", features, say)
    this.add_argument("model", metavar="MODEL", help="bundled:NAME, a folder, a hub id or a run")
    this.add_argument("table", metavar="TABLE", help="a table, or corpus:NAME")
    this.add_argument("--text", metavar="COLUMN", help="column of the texts (default: guessed)")
    parts.add_reading(this)
    this.add_argument(
        "--out", required=True, type=Path, metavar="FILE",
        help="FILE.parquet: a row a text; FILE.npz: NumPy arrays, one a layer; FILE.zip, or a FOLDER:"
        " vectors.tsv and metadata.tsv of each layer, for the Embedding Projector; folders that are not"
        " there yet are made",
    )  # fmt: skip
    this.add_argument("--pool", choices=("mean", "cls", "max", "last"), default="mean")
    this.add_argument("--layers", default="all", help="all, or a list such as 0,3,6 (0: the embeddings)")
    this.add_argument("--max-length", type=int, default=128, help="longest text in tokens (default: 128)")


def features(args: argparse.Namespace) -> dict[str, Any]:
    from xfer_core.analysis import features as core

    begun = time.monotonic()
    core.check_format(args.out)
    texts, beside = parts.texts_of(args)
    found = core.features(
        args.model,
        texts,
        pool=args.pool,
        layers=parts.layers(args.layers),
        max_length=args.max_length,
        report=parts.progress(),
    )
    core.export(found, texts, args.out, beside)
    rows, hidden = found.by_layer[0].shape
    return {
        "rows": rows,
        "layers": len(found.layers),
        "hidden": hidden,
        "pool": args.pool,
        "truncated": found.truncated,
        "seconds": round(time.monotonic() - begun, 2),
        "out": str(args.out),
    }


def say(result: dict[str, Any]) -> str:
    return f"{result['rows']} texts × {result['layers']} layers × {result['hidden']} in {result['out']}"
