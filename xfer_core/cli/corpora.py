"""``xfer corpora``: the catalogue of real sample corpora."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from xfer_core.cli import parts


def add(commands: Any) -> None:
    group = commands.add_parser("corpora", help="real sample corpora: list and fetch").add_subparsers(
        required=True, metavar="list|fetch"
    )
    parts.command(group, "list", "the catalogue", listing, say_listing)
    fetching = parts.command(group, "fetch", "fetch one, its hash checked", fetch, say_fetched)
    fetching.add_argument("name", metavar="NAME")
    fetching.add_argument("--out", type=Path, metavar="FILE", help="write it as a table, .csv or .parquet")


def listing(args: argparse.Namespace) -> dict[str, Any]:
    from xfer_core.corpora import catalogue

    return {
        "corpora": [
            {
                "name": each.name,
                "domains": list(each.domains),
                "labels": list(each.labels),
                "rows": each.rows,
                "licence": each.licence,
                "source": each.source,
                "cached": catalogue.cached(each.name),
            }
            for each in catalogue.SAMPLES.values()
        ]
    }


def fetch(args: argparse.Namespace) -> dict[str, Any]:
    from xfer_core.corpora import catalogue

    corpus = catalogue.fetch(args.name, parts.progress())
    if args.out is not None:
        parts.write_corpus(corpus, args.out)
    return {
        "name": args.name,
        "corpus": corpus.id,
        "rows": corpus.n,
        "unlabelled": corpus.unlabelled,
        "labels": list(corpus.label_names),
        "domains": list(corpus.domain_names),
        "licence": catalogue.SAMPLES[args.name].licence,
        "source": catalogue.SAMPLES[args.name].source,
        "out": str(args.out) if args.out else None,
    }


def say_listing(result: dict[str, Any]) -> str:
    return "\n".join(
        f"{c['name']}: {c['rows']:,} texts, {len(c['labels'])} labels, {len(c['domains']) or 1} domain(s), "
        f"{c['licence']}{', cached' if c['cached'] else ''}"
        for c in result["corpora"]
    )


def say_fetched(result: dict[str, Any]) -> str:
    where = f" in {result['out']}" if result["out"] else ""
    bare = f", {result['unlabelled']:,} without a label" if result["unlabelled"] else ""
    return (
        f"{result['corpus']}: {result['rows']:,} texts{bare}{where} ({result['licence']}; {result['source']})"
    )
