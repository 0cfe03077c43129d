"""``xfer inspect``: how a table was read, and what is in it."""

from __future__ import annotations

import argparse
from typing import Any

from xfer_core.cli import parts


def add(commands: Any) -> None:
    this = parts.command(commands, "inspect", "how a table was read, and what is in it", inspect, say)
    this.add_argument("table", metavar="TABLE", help="a table, or corpus:NAME")
    parts.add_columns(this)
    parts.add_reading(this)
    this.add_argument(
        "--max-length", type=int, default=128, help="where longer texts would be cut, in tokens"
    )
    this.add_argument("--seed", type=int, default=0)


def inspect(args: argparse.Namespace) -> dict[str, Any]:
    from xfer_core.corpora import corpus, health
    from xfer_core.models import sources, tokens

    if args.table.startswith("corpus:"):
        known = parts.corpus_of(args)
        how: dict[str, Any] = {"format": "corpus", "encoding": None, "delimiter": None, "rejected": []}
    else:
        table, columns = parts.read_table(args)
        known = corpus.build(table, columns, name="table", seed=args.seed)
        how = {
            "format": table.reading.format,
            "encoding": table.reading.encoding,
            "delimiter": table.reading.delimiter,
            "header": table.reading.header,
            "rows": len(table.frame),
            "rejected": [{"line": r.line, "reason": r.sentence(), "text": r.text} for r in table.rejected],
            "rejected_count": table.rejected_count,
            "columns": [str(name) for name in table.frame.columns],
            "text": columns.text,
            "label": columns.label,
            "domain": columns.domain,
        }
    lengths = tokens.lengths(sources.resolve(sources.BUNDLED), known.texts)
    cut = float((lengths > args.max_length).mean())
    return {
        "rows": known.n,
        **how,
        **health.describe(known),
        "further_columns": list(known.others),
        "truncated_share": round(cut, 4),
    }


def say(result: dict[str, Any]) -> str:
    lines = [f"{name}: {value}" for name, value in result.items() if name != "rejected"]
    return "\n".join(lines + [f"rejected line {r['line']}: {r['reason']}" for r in result["rejected"][:20]])
