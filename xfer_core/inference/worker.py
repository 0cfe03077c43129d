"""A run of kind ``classify``: from its table to the labelled one, in a process of its own."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from xfer_core.errors import Interrupted
from xfer_core.files import write_json
from xfer_core.i18n import N_
from xfer_core.inference.request import outcome
from xfer_core.runs import events, worker
from xfer_core.settings import home

SUMMARY = "classified.json"


def body(job: worker.Job) -> None:
    """Label the table; ``classified.json`` says what :func:`classify_table` returned."""
    from xfer_core.inference.classify import classify_table

    config = job.config
    job.phase(N_("Loading the model"))
    began = time.monotonic()

    def counted(done: int, rows: int) -> None:
        job.progress(done, rows, throughput=done / (time.monotonic() - began))

    try:
        result = classify_table(
            config["model"], Path(config["path"]), out=outcome(job.folder, config), text=config["text"],
            format=config["format"], raw=config["raw"], report=_phases(job), counted=counted,
            stop=job.stop_requested, name=config["name"], **config["reading"],
        )  # fmt: skip
    except Interrupted:
        return  # the rows done so far are there, and the run's state says that it was stopped
    write_json(job.folder / SUMMARY, events.plain(result))
    job.metrics(**{key: result[key] for key in ("rows", "rejected", "empty", "truncated", "rows_per_second")})
    _forget_upload(Path(config["path"]))


def _phases(job: worker.Job) -> Any:
    """Phases only: how far it is, is told in rows by ``counted``."""
    return lambda fraction, message: job.phase(message)


def _forget_upload(path: Path) -> None:
    if path.resolve().is_relative_to((home() / "uploads").resolve()):
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    worker.main(body)
