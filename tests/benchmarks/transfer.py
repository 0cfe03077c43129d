"""Does a middle layer travel further than the last one, and any layer further than words?

    python tests/benchmarks/transfer.py [--json] [--model M] [--per-class N] [--seed S] [--quick]

Fetches the four-domain corpus (at first use), computes the features of the bundled model and its probes from
nothing, and checks what the first page of the app claims. Exit 1 if a check fails.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from typing import Any

from xfer_core.analysis.probes import transfer_of
from xfer_core.analysis.transfer import TFIDF, Transfer
from xfer_core.corpora import catalogue, save
from xfer_core.models.sources import BUNDLED
from xfer_core.settings import LIMITS

SECONDS = 40


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.add_argument("--model", default=BUNDLED)
    parser.add_argument("--per-class", type=int, default=LIMITS.transfer_texts_per_class)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="100 texts of each class in each domain")
    args = parser.parse_args()
    corpus = catalogue.fetch("four-domains")
    with tempfile.TemporaryDirectory() as cold:  # nothing cached: the seconds are those of a first start
        os.environ["XFER_HOME"] = cold
        began, busy = time.perf_counter(), time.process_time()
        result = transfer_of(
            args.model, save(corpus), per_class=100 if args.quick else args.per_class, seed=args.seed
        )
        seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - busy
    found = report(result, seconds, cpu_seconds)
    sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n" if args.json else readable(result, found))
    return 0 if found["checks"]["best_layer_above_tfidf_in_every_pair"] else 1


def report(result: Transfer, seconds: float, cpu_seconds: float) -> dict[str, Any]:
    summary, means = result.summary(), result.ranking.score.value
    return {
        "name": "transfer",
        "work": f"{int((result.trained + result.tested).sum())} texts, {len(result.layers)} layers,"
        f" {len(result.domains)} domains",
        "seconds": round(seconds, 2),
        "cpu_seconds": round(cpu_seconds, 2),
        "machine": {"cores": os.cpu_count(), "cpu": platform.processor() or platform.machine()},
        "checks": {
            "best_layer_above_tfidf_in_every_pair": summary.above_tfidf == summary.pairs,
            "mean_of_a_middle_layer_above_the_last": bool(max(means[1:-1]) > means[-1]),
            f"within_{SECONDS}_seconds": seconds < SECONDS,
        },
        **result.as_dict(),
    }


def readable(result: Transfer, found: dict[str, Any]) -> str:
    lines = [" " * 22 + "TF-IDF" + "".join(f"{layer:>8}" for layer in result.layers)]
    for s, source in enumerate(result.domains):
        for t, target in enumerate(result.domains):
            row = result.macro_f1[s, t]
            scores = "".join(f"{score:8.2f}" for score in row[:TFIDF])
            lines.append(f"{source + ' → ' + target:<22}{row[TFIDF]:6.2f}{scores}")
    summary = result.summary()
    means = "".join(f"{score:8.2f}" for score in result.ranking.score.value)
    lines.append(f"{'mean across domains':<22}{summary.tfidf:6.2f}{means}")
    lines.append(
        f"best layer above TF-IDF in {summary.above_tfidf} of {summary.pairs} pairs; a middle layer above the"
        f" last in {summary.middle_above_last}; layer {result.ranking.layer} travels best on average"
    )
    lines.append(f"{found['work']}: {found['seconds']} s, {found['cpu_seconds']} s of processor time")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
