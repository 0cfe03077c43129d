"""``xfer maps``: a map of every layer of a model, as a page of its own or as coordinates."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xfer_core.cli import parts
from xfer_core.errors import BadSetting
from xfer_core.i18n import N_

if TYPE_CHECKING:
    from xfer_core.charts.map_canvas import Picture

FORMATS = (".html", ".csv", ".parquet", ".npz")


def add(commands: Any) -> None:
    this = parts.command(commands, "maps", "every layer of a model as a map of the texts", maps, say)
    this.add_argument("model", metavar="MODEL", help="bundled:NAME, a folder, a hub id or a run")
    this.add_argument("table", metavar="TABLE", help="a table, or corpus:NAME")
    parts.add_columns(this)
    parts.add_reading(this)
    this.add_argument(
        "--out", required=True, type=Path, metavar="FILE",
        help="FILE.html: a page to explore; FILE.csv or FILE.parquet: a row a text, its places in the columns"
        " x_0, y_0, x_1, …; FILE.npz: NumPy arrays, the places as points [layers, texts, 2]",
    )  # fmt: skip
    this.add_argument(
        "--base", default="", metavar="MODEL", help="another model to compare with, in one plane"
    )
    this.add_argument("--pool", choices=("mean", "cls", "max", "last"), default="mean")
    this.add_argument("--texts", type=int, default=1_000, help="texts at most (default: 1000)")
    this.add_argument("--max-length", type=int, default=128, help="longest text in tokens (default: 128)")
    this.add_argument(
        "--hold",
        type=float,
        default=0.0,
        help="0: each layer takes its own shape; 1: all hold still (default: 0)",
    )
    this.add_argument("--color", "--colour", default="", metavar="COLUMN",
                      help="what colours the points of a page at first (default: domain)")  # fmt: skip
    this.add_argument("--shape", default="", metavar="COLUMN", help="what shapes them at first")
    this.add_argument("--seed", type=int, default=0)


def maps(args: argparse.Namespace) -> dict[str, Any]:
    from xfer_core import corpora
    from xfer_core.analysis.projection import maps_of
    from xfer_core.analysis.reading import Reading
    from xfer_core.charts.map_canvas import Picture
    from xfer_core.charts.map_columns import columns
    from xfer_core.progress import part

    begun = time.monotonic()
    check_format(args.out)
    corpus = parts.corpus_of(args)
    corpus_id = corpora.save(corpus)
    models = (args.model, args.base) if args.base else (args.model,)
    report = parts.progress()
    sets = [
        maps_of(
            Reading(model, corpus_id, args.pool, args.texts, args.max_length, args.seed), hold=args.hold,
            base_model="" if model == args.base else args.base,
            report=part(report, at / len(models), (at + 1) / len(models)),
        )
        for at, model in enumerate(models)
    ]  # fmt: skip
    first = sets[0]
    picture = Picture(tuple(sets), models, corpus, columns(first, corpus, None, str))
    write(picture, args.out, _view(args, picture))
    return {
        "out": str(args.out),
        "texts": len(first.rows),
        "layers": len(first.points),
        "trustworthiness": [round(float(value), 4) for value in first.trustworthiness],
        "seconds": round(time.monotonic() - begun, 2),
    }


def check_format(out: Path) -> None:
    """Refuse a name whose ending is none of ``FORMATS``, before anything is computed."""
    if out.suffix not in FORMATS:
        raise BadSetting(
            N_("A map cannot be written as “{name}”."),
            N_("Let it end in .html, .csv, .parquet or .npz."),
            name=out.name,
        )


def _view(args: argparse.Namespace, picture: Picture) -> dict[str, Any]:
    """What a page shows at first."""
    known = [column.key for column in picture.columns]
    for name in (args.color, args.shape):
        if name and name not in known:
            raise BadSetting(
                N_("Points cannot be coloured or shaped by “{column}”."),
                N_("Choose one of {columns}."),
                column=name,
                columns=", ".join(known),
            )
    shown = "two" if args.base else "one"
    return {"colour": args.color or known[0], "shape": args.shape, "show": shown, "movement": False}


def write(picture: Picture, out: Path, view: dict[str, Any]) -> None:
    """The maps in the format that *out* ends in."""
    import numpy as np

    from xfer_core.charts.map_canvas import page, table
    from xfer_core.corpora.writing import write_table
    from xfer_core.files import whole

    if out.suffix == ".html":
        text = page(picture, view, title=" · ".join(picture.names))
        with whole(out) as draft:
            draft.write_text(text, encoding="utf-8")
    elif out.suffix == ".npz":
        frame = picture.corpus.take(picture.sets[0].rows).table()
        beside = {
            name: frame[name].fillna("").to_numpy(str)
            for name in ("text", "label", "domain")
            if name in frame
        }
        points = dict(zip(("points", "base_points"), (maps.points for maps in picture.sets), strict=False))
        with whole(out) as draft, draft.open("wb") as file:
            np.savez(file, allow_pickle=False, **points, **beside)
    else:
        write_table(table(picture), out)


def say(result: dict[str, Any]) -> str:
    size = f"{result['texts']} texts in {result['layers']} layers"
    return f"{size}, trustworthiness {min(result['trustworthiness']):.2f} or more, in {result['out']}"
