"""A run of kind ``sweep``: ``python -m xfer_core.sweep.worker RUN_ID``.

What every arm has to beat comes first, written at once; then the arms, which share all that does not differ
between them, as many side by side as the machine does at once with profit (:mod:`xfer_core.sweep.crew`); at
the end the recommendation, and a training run with the recommended model that Classify can use. Whatever is
known stands in the folder at any time.
"""

from __future__ import annotations

import shutil

from xfer_core import corpora
from xfer_core.i18n import N_
from xfer_core.runs import worker
from xfer_core.sweep import results
from xfer_core.sweep.check import check
from xfer_core.sweep.evidence import Evidence, words
from xfer_core.sweep.settings import ANSWER, validate


def body(job: worker.Job) -> None:
    """Compare, recommend, and leave a run; a stop keeps what is done and still recommends."""
    config, corpus = validate(job.config), corpora.load(job.config["corpus"])
    checked, found = check(config, corpus), Evidence()
    job.phase(N_("Comparing with word counts"))
    words(found, corpus)
    found.write(job.folder / results.EVIDENCE)
    job.phase(N_("Starting"))
    from xfer_core.sweep.work import Sweeping  # here: it imports torch and transformers' Trainer

    sweep = Sweeping(job, checked, corpus)
    try:
        sweep.probe(found)
        if sweep.config.mode == ANSWER:
            sweep.answer()
        else:
            strategies = sweep.with_features(sweep.config.strategies, found)
            sweep.plan(strategies)
            for strategy in strategies:
                sweep.strategy(strategy)
        sweep.close()
    finally:  # also of a sweep that is cancelled: neither processes nor weights are left behind
        sweep.hands.close()
        for heavy in (job.folder / results.KEPT, *job.folder.glob(f"{results.ARMS}/*/checkpoints")):
            shutil.rmtree(heavy, ignore_errors=True)


if __name__ == "__main__":
    worker.main(body)
