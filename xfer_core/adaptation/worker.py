"""A run of kind ``adaptation``: ``python -m xfer_core.adaptation.worker RUN_ID``.

One process does everything: source only first, by which all others are measured, then every method asked
for; at the end the model that reads the source's validation texts best. Whatever is known stands in the
folder at any time.
"""

from __future__ import annotations

from xfer_core import corpora
from xfer_core.adaptation.ground import ground
from xfer_core.adaptation.settings import validate
from xfer_core.i18n import N_
from xfer_core.runs import worker


def body(job: worker.Job) -> None:
    """Adapt, measure, and leave a model; a stop keeps what is done."""
    config, corpus = validate(job.config), corpora.load(job.config["corpus"])
    texts = ground(corpus, config)
    job.phase(N_("Starting"))
    from xfer_core.adaptation.work import Adapting  # here: it imports torch and transformers' Trainer

    adapting = Adapting(job, config, texts, corpus.id)
    for method in config.methods:
        adapting.method(method)
    adapting.close()


if __name__ == "__main__":
    worker.main(body)
