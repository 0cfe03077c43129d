"""The engine: warm helper processes for what a click waits for.

A page submits a function by its name and gets a :class:`Job` to look at; torch, transformers and umap live in
the helpers and never in the process that draws pages::

    job = engine.submit("xfer_core.analysis.probes:transfer", lane="long", model=model, corpus_id=corpus)

``client`` (jobs by their content) → ``lane`` (one helper process and its queue) ⇄ ``server`` (inside it).
"""

from xfer_core.engine.client import close, key, state, submit, warm
from xfer_core.engine.job import Job

__all__ = ["Job", "close", "key", "state", "submit", "warm"]
