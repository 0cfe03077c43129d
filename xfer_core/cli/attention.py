"""``xfer attention``: every head's weights for one text, as numbers or as a page that stands alone."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from xfer_core.cli import parts
from xfer_core.errors import BadSetting
from xfer_core.i18n import N_


def add(commands: Any) -> None:
    this = parts.command(commands, "attention", "attention of every head for one text", attention, say)
    this.add_argument("model", metavar="MODEL", help="bundled:NAME, a folder, a hub id or a run")
    this.add_argument("--text", required=True)
    this.add_argument("--pair", metavar="TEXT2", help="a second text, read together with the first")
    this.add_argument("--out", type=Path, metavar="FILE.html|.npz", help="keep the picture or the numbers")


def attention(args: argparse.Namespace) -> dict[str, Any]:
    from xfer_core.attention import reading as core
    from xfer_core.charts import attention_html

    if args.out is not None and args.out.suffix not in (".html", ".npz"):
        raise BadSetting(
            N_("“{out}” is neither a page nor a file of numbers."),
            N_("End the name in .html for the picture, or in .npz for the weights."),
            out=str(args.out),
        )
    reading = core.read(args.model, args.text, args.pair)
    if args.out is not None and args.out.suffix == ".html":
        args.out.write_text(attention_html.page(reading, title=args.model), encoding="utf-8")
    elif args.out is not None:
        core.export(reading, args.out)
    layers, heads, _, _ = reading.weights.shape
    return {
        "tokens": reading.tokens,
        "layers": layers,
        "heads": heads,
        "cut": reading.cut,
        "prediction": reading.prediction,
        "bytes": args.out.stat().st_size if args.out else reading.weights.nbytes,
        "out": str(args.out) if args.out else None,
    }


def say(result: dict[str, Any]) -> str:
    head = f"{result['layers']} layers × {result['heads']} heads, {len(result['tokens'])} tokens"
    cut = f" ({result['cut']} more were cut)" if result["cut"] else ""
    return f"{head}{cut}: {' '.join(result['tokens'])}" + (f"\n{result['out']}" if result["out"] else "")
