"""``xfer attention``: every head's weights for one text, as numbers or as a page that stands alone."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from xfer_core.cli import parts
from xfer_core.errors import BadSetting
from xfer_core.files import whole
from xfer_core.i18n import N_

SUFFIXES = (".html", ".npz", ".parquet")
# Named here too, so that the help of all commands needs no numpy; a test holds them together.
MEASURES = ("weight", "norm", "share")
BY = ("piece", "word")


def add(commands: Any) -> None:
    this = parts.command(commands, "attention", "attention of every head for one text", attention, say)
    this.add_argument("model", metavar="MODEL", help="bundled:NAME, a folder, a hub id or a run")
    this.add_argument("--text", required=True, help="what the model reads")
    this.add_argument("--pair", metavar="TEXT2", help="a second text, read together with the first")
    this.add_argument("--before", metavar="MODEL", help="the same text in another model, to compare")
    this.add_argument("--measure", choices=MEASURES, default="weight", help="what a cell is")
    this.add_argument(
        "--kind", choices=("encoder", "decoder", "cross"), default="", help="of an encoder-decoder"
    )
    this.add_argument("--start", type=int, default=1, metavar="N", help="first token shown of a long text")
    this.add_argument("--by", choices=BY, default="piece", help="tokens as they are, or joined to words")
    this.add_argument("--hide", default="", metavar="special,punctuation", help="tokens that are left out")
    this.add_argument("--renormalise", action="store_true", help="share out what hidden tokens held")
    this.add_argument("--layer", type=int, metavar="L", help="open in the picture, from 1")
    this.add_argument("--head", type=int, metavar="H", help="open in the picture, from 1")
    this.add_argument(
        "--out", type=Path, metavar="FILE.html|.npz|.parquet",
        help="keep the picture, or the numbers as they were read",
    )  # fmt: skip


def attention(args: argparse.Namespace) -> dict[str, Any]:
    import numpy as np

    from xfer_core.attention import reading as core
    from xfer_core.attention.shaping import shape

    if args.out is not None and args.out.suffix not in SUFFIXES:
        raise BadSetting(
            N_("“{out}” is neither a page nor a file of numbers."),
            N_("End the name in .html for the picture, or in .npz or .parquet for the numbers."),
            out=str(args.out),
        )
    shaping = {"by": args.by, "hide": _hidden(args.hide), "renormalise": args.renormalise}
    if args.before and args.out is not None and args.out.suffix != ".html":
        raise BadSetting(
            N_("A file of numbers holds one model."),
            N_("Leave --before out, or end the name in .html for both models in one picture."),
        )
    asked = {"measure": args.measure, "kind": args.kind, "start": max(args.start - 1, 0)}
    reading = core.read(args.model, args.text, args.pair, **asked)
    before = core.read(args.before, args.text, args.pair, **asked) if args.before else None
    _check(args, reading)
    shaped = shape(reading, **shaping)
    if not shaped.tokens or not shaped.keys:
        raise BadSetting(N_("Every token of this text is hidden. Show special tokens or punctuation."))
    if args.out is not None:
        _write(args, reading, before, shaping)
    return {
        "tokens": shaped.tokens,
        "keys": shaped.keys,
        "layers": reading.layers,
        "heads": reading.heads,
        "measure": reading.measure,
        "total": reading.total,
        "cut": reading.cut,
        "hidden": float(np.mean(shaped.hidden)) if shaped.hidden.size else 0.0,
        "untrained": reading.uniform,
        "prediction": reading.prediction,
        "bytes": args.out.stat().st_size if args.out else reading.weights.nbytes,
        "out": str(args.out) if args.out else None,
    }


def _check(args: argparse.Namespace, reading: Any) -> None:
    """Places are counted from 1; a mistyped one must not quietly show another."""
    for message, value, count in (
        (N_("There is no layer {value}; the model has {count}."), args.layer, reading.layers),
        (N_("There is no head {value}; a layer has {count}."), args.head, reading.heads),
        (N_("There is no token {value}; the text has {count}."), args.start, reading.total),
    ):
        if value is not None and not 1 <= value <= count:
            raise BadSetting(message, value=value, count=count)


def _write(args: argparse.Namespace, reading: Any, before: Any, shaping: dict[str, Any]) -> None:
    from xfer_core.attention import reading as core
    from xfer_core.charts import attention_html

    if args.out.suffix != ".html":
        core.export(reading, args.out)
        return
    if before is not None and (before.tokens, before.keys) != (reading.tokens, reading.keys):
        raise BadSetting(
            N_("The two models cut this text into different tokens, so there is no cell to compare."),
            N_("Compare a model with one that was tuned from it."),
        )
    look = {name: getattr(args, name) for name in ("layer", "head") if getattr(args, name)}
    text = attention_html.page(reading, before=before, shaping=shaping, look=look, title=args.model)
    with whole(args.out) as draft:
        draft.write_text(text, encoding="utf-8")


def _hidden(given: str) -> frozenset[str]:
    from xfer_core.attention.shaping import HIDE

    names = frozenset(name.strip() for name in given.split(",")) - {""}
    if unknown := names - set(HIDE):
        raise BadSetting(
            N_("“{name}” cannot be hidden."), N_("Take one or both of: {known}."),
            name=min(unknown)[:60], known=", ".join(HIDE),
        )  # fmt: skip
    return names


def say(result: dict[str, Any]) -> str:
    head = f"{result['layers']} layers × {result['heads']} heads, {len(result['tokens'])} tokens"
    cut = f" ({result['cut']} more were cut)" if result["cut"] else ""
    hidden = (
        f"\n{result['hidden']:.0%} of it hidden" if result["hidden"] and result["measure"] == "weight" else ""
    )
    return f"{head}{cut}: {' '.join(result['tokens'])}{hidden}" + (
        f"\n{result['out']}" if result["out"] else ""
    )
