"""``xfer heads``: what every head of a model does over a table's texts, or which heads tuning has moved."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from xfer_core.cli import parts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from xfer_core.attention.habits import Habits
    from xfer_core.attention.moved import Moved

LISTED = 10


def add(commands: Any) -> None:
    this = parts.command(commands, "heads", "what each head does over a table's texts", heads, say)
    this.add_argument("model", metavar="MODEL", help="bundled:NAME, a folder, a hub id or a run")
    this.add_argument("table", metavar="TABLE", help="a table, or corpus:NAME")
    parts.add_columns(this)
    parts.add_reading(this)
    this.add_argument("--texts", type=int, default=100, help="texts of the table at most (default: 100)")
    this.add_argument("--max-length", type=int, default=128, help="longest text in tokens (default: 128)")
    this.add_argument(
        "--before", metavar="MODEL0", help="how far each head moved from this model, instead of what it does"
    )
    this.add_argument(
        "--other", metavar="RUN", default="",
        help="with --before: a run like MODEL with another seed, for how far heads differ by chance",
    )  # fmt: skip
    this.add_argument("--seed", type=int, default=0, help="which texts are drawn (default: 0)")


def heads(args: argparse.Namespace) -> dict[str, Any]:
    from xfer_core import corpora
    from xfer_core.attention.habits import habits_of
    from xfer_core.attention.moved import moved_of

    corpus = corpora.save(parts.corpus_of(args))
    options = {
        "texts": args.texts, "seed": args.seed, "max_length": args.max_length, "report": parts.progress()
    }  # fmt: skip
    if args.before is None:
        return _habits(habits_of(args.model, corpus, **options))
    return _moved(moved_of(args.before, args.model, corpus, other=args.other, **options))


def _habits(found: Habits) -> dict[str, Any]:
    measures = {key: habit.mean for key, habit in found.measures.items()}
    rows = [
        {
            "layer": layer + 1, "head": head + 1,
            **{key: parts.plain(mean[layer, head]) for key, mean in measures.items()},
            "name": found.names.get((layer, head), ("", 0.0))[0],
        }
        for layer, head in _places(measures["entropy"])
    ]  # fmt: skip
    return {
        "model": found.model, "texts": found.texts, "tokens": found.tokens, "sink": found.sink,
        "unidentifiable": found.unidentifiable, "head_size": found.head_size, "heads": rows,
    }  # fmt: skip


def _moved(found: Moved) -> dict[str, Any]:
    noise = found.noise
    rows = [
        {
            "layer": layer + 1, "head": head + 1, "jsd": parts.plain(found.jsd[layer, head]),
            "low": parts.plain(found.low[layer, head]), "high": parts.plain(found.high[layer, head]),
            "noise": None if noise is None else parts.plain(noise[layer, head]),
        }
        for layer, head in (divmod(int(place), found.jsd.shape[1]) for place in found.order)
    ]  # fmt: skip
    return {
        "model": found.after, "before": found.before, "other": found.other or None, "texts": found.texts,
        "still_layers": [layer + 1 for layer in found.still], "heads": rows,
    }  # fmt: skip


def _places(array: NDArray[Any]) -> list[tuple[int, int]]:
    return [(layer, head) for layer in range(array.shape[0]) for head in range(array.shape[1])]


def say(result: dict[str, Any]) -> str:
    if "still_layers" in result:
        head = f"heads that moved furthest from {result['before']}, in bits ({result['texts']} texts)"
        rows = [
            f"{row['layer']}.{row['head']}: {row['jsd']:.4f} ({row['low']:.4f} to {row['high']:.4f})"
            + ("" if row["noise"] is None else f"; two seeds differ by {row['noise']:.4f}")
            for row in result["heads"][:LISTED]
        ]
        still = ", ".join(map(str, result["still_layers"]))
        return "\n".join([head, *rows, *([f"layers that did not move: {still}"] if still else [])])
    columns = [key for key in result["heads"][0] if key not in ("layer", "head", "name")]
    lines = ["head   " + " ".join(f"{column:>11}" for column in columns)]
    for row in result["heads"]:
        numbers = " ".join(f"{'–' if row[key] is None else format(row[key], '.3f'):>11}" for key in columns)
        lines.append(f"{row['layer']}.{row['head']:<4} {numbers}  {row['name']}".rstrip())
    return "\n".join(lines)
