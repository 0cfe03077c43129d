"""``xfer labels``: which labels are doubtful; with ``--fix``, a new version of the corpus."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xfer_core.cli import parts
from xfer_core.errors import BadSetting, BadTable, Refused
from xfer_core.i18n import N_, fill
from xfer_core.settings import LIMITS

SAID = 20
"""Doubtful texts that are printed for people; ``--json`` and ``--out`` have all."""

FEWEST = 1
"""Texts that can be asked for; whether so many are enough to judge labels, the analysis says."""


def add(commands: Any) -> None:
    from xfer_core.models.sources import BUNDLED

    this = parts.command(
        commands, "labels", "doubtful and contradicting labels, imbalance; corrections", labels, say
    )
    this.add_argument("table", metavar="TABLE", help="a table, or corpus:NAME")
    parts.add_columns(this)
    parts.add_reading(this)
    this.add_argument("--model", default=BUNDLED, help="model, or id of a run (default: the bundled one)")
    this.add_argument(
        "--texts", type=int, default=LIMITS.checked_texts,
        help="look at this many, drawn at random (default: %(default)s)",
    )  # fmt: skip
    this.add_argument("--out", type=Path, help="write the doubtful texts there, CSV or Parquet by its ending")
    this.add_argument(
        "--fix", metavar="FILE", help="a table with the columns position and new_label: make a new version"
    )
    this.add_argument("--seed", type=int, default=0)


def labels(args: argparse.Namespace) -> dict[str, Any]:
    from xfer_core import corpora

    if args.texts < FEWEST:
        raise BadSetting(
            N_("--texts is {value}."), N_("Give a number of texts, {least} or more."),
            value=args.texts, least=FEWEST,
        )  # fmt: skip
    if args.out and args.out.suffix.lower() not in (".csv", ".parquet"):
        raise Refused(
            N_("“{path}” ends neither in .csv nor in .parquet."),
            N_("Name the file by what it is to be: CSV or Parquet."),
            path=str(args.out),
        )
    corpus = parts.corpus_of(args)
    if args.fix:
        fixed = corpora.relabel(corpus, _corrections(args.fix, corpus.label_names))
        corpora.save(corpus)
        return {
            "parent": corpus.id, "corpus": corpora.save(fixed), "changed": len(fixed.source["relabelled"]),
            "changes": fixed.source["relabelled"],
        }  # fmt: skip
    found = _found(args, corpus)
    if args.out:
        import pandas as pd

        from xfer_core.corpora.writing import write_table

        write_table(
            pd.DataFrame(found["doubtful"], columns=list(COLUMNS)).fillna({"new_label": ""}), args.out
        )
        found["out"] = str(args.out)
    return found


COLUMNS = ("position", "row", "text", "label", "suggested", "probability", "given_probability", "new_label")
"""Of ``--out``. Its last column is empty, for a person to fill; the file is then understood by ``--fix``."""


def _found(args: argparse.Namespace, corpus: Any) -> dict[str, Any]:
    from xfer_core import corpora
    from xfer_core.analysis import labels as analysis
    from xfer_core.corpora import health

    found = analysis.check(
        corpora.save(corpus), args.model, texts=args.texts, seed=args.seed, report=parts.progress()
    )
    names, table = corpus.label_names, corpus.table()

    def text(at: int) -> dict[str, Any]:
        row = table.iloc[at]
        return {"position": at, "row": int(row["row"]), "text": row["text"], "label": row["label"]}

    doubtful = [
        {**text(int(at)), "suggested": names[s], "probability": float(p), "given_probability": float(g)}
        for at, s, p, g in zip(found.positions, found.suggested, found.probability, found.given, strict=True)
    ]
    positions, most = analysis.conflicts(corpus)
    unequal = health.imbalance(corpus)
    return {
        "corpus": corpus.id,
        "model": args.model,
        "layers": list(found.layers),
        "folds": found.folds,
        "texts": len(found.read),
        "agreement": found.agreement,
        "doubtful": doubtful,
        "conflicts": [
            {**text(int(at)), "suggested": names[s] if s >= 0 else None}
            for at, s in zip(positions, most, strict=True)
        ],
        "imbalance": {
            "labels": unequal.counts, "ratio": unequal.ratio, "class_weights_offered": unequal.offered,
            "macro_f1": found.plain.macro_f1, "macro_f1_weighted": found.weighted.macro_f1,
        },
        "notes": [fill(**note) for note in found.notes],
        "seed": args.seed,
        "seconds": found.seconds,
    }  # fmt: skip


def _corrections(name: str, known: Sequence[str]) -> dict[int, str]:
    from xfer_core.corpora.table import read

    table = read(parts.table_path(name)).frame
    if not {"position", "new_label"} <= set(table.columns):
        raise BadTable(
            N_("{path} lacks the column “position” or “new_label”."),
            N_("Write one with --out, and fill the column new_label."),
            path=name,
        )
    rows = table[table["new_label"].fillna("") != ""]
    wrong = [value for value in rows["position"].fillna("") if not value.isdecimal()]
    if wrong:
        raise BadTable(
            N_("“{value}” in the column “position” of {path} is not a whole number."),
            N_("Write the table with --out, and change nothing but new_label."),
            value=wrong[0][:80], path=name,
        )  # fmt: skip
    return {
        # An apostrophe is what --out puts before a label that a spreadsheet would run as a formula.
        int(at): label if label in known else label.removeprefix("'")
        for at, label in zip(rows["position"], rows["new_label"], strict=True)
    }


def say(result: dict[str, Any]) -> str:
    if "parent" in result:
        return f"{result['changed']} labels changed: corpus:{result['corpus']} (before: {result['parent']})"
    unequal = result["imbalance"]
    layers = ", ".join(map(str, result["layers"]))
    lines = [
        f"{len(result['doubtful'])} doubtful labels among {result['texts']} texts (layers {layers};"
        f" probes give {result['agreement']:.1%} of the texts the label they have)",
        f"{len(result['conflicts'])} texts stand with different labels",
        f"largest label : smallest = {unequal['ratio']:.1f} : 1; macro-F1 {unequal['macro_f1']:.3f},"
        f" with class weights {unequal['macro_f1_weighted']:.3f}",
        *result["notes"],
    ]
    for each in result["doubtful"][:SAID]:
        lines.append(
            f"row {each['row']}: {each['label']} → {each['suggested']} ({each['probability']:.2f})"
            f"  {' '.join(each['text'].split())[:100]}"
        )
    return "\n".join(lines)
