"""A run of kind ``crossing``: ``python -m xfer_core.crossing.worker RUN_ID``.

One process tunes every strategy in every domain and reads the tested texts of all domains with each tuned
model. Whatever is known stands in the folder at any time; a stop keeps what is done.
"""

from __future__ import annotations

import shutil

from xfer_core import corpora
from xfer_core.crossing import results
from xfer_core.crossing.ground import check, ground
from xfer_core.crossing.settings import validate
from xfer_core.i18n import N_
from xfer_core.runs import worker


def body(job: worker.Job) -> None:
    config, corpus = validate(job.config), corpora.load(job.config["corpus"])
    source, place = check(config), ground(corpus, config)
    job.phase(N_("Starting"))
    from xfer_core.crossing.work import Crossings  # here: it imports torch and transformers' Trainer

    crossings = Crossings(job, config, place, source)
    try:
        crossings.all()
    finally:
        for heavy in job.folder.glob(f"{results.TRAININGS}/*/checkpoints"):
            shutil.rmtree(heavy, ignore_errors=True)
    found = results.load(job.run.id)
    best = max((each for each in found.across if each.pairs), key=lambda each: each.macro_f1, default=None)
    if best is not None:
        job.metrics(strategy=best.strategy, macro_f1=best.macro_f1)


if __name__ == "__main__":
    worker.main(body)
