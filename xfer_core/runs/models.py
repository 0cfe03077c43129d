"""A tuned model by the name of the run that made it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xfer_core.errors import Refused
from xfer_core.files import IDENTIFIER
from xfer_core.i18n import N_
from xfer_core.runs import store
from xfer_core.runs.store import Run

KINDS = ("train", "adaptation")
"""Of runs that leave a model."""


def tuned() -> list[str]:
    """Ids of the runs that have ended and left a model, newest first."""
    return [run.id for run in store.listing() if run.kind in KINDS and _model(run)]


def base_of(model: str) -> str:
    """What the run named *model* was tuned from; "" where *model* is no run that is kept here."""
    run = _run(model)
    return str(run.config.get("model", "")) if run is not None else ""


def learnt_from(model: str) -> str:
    """Id of the corpus that the run named *model* was tuned on; "" where *model* is no run kept here."""
    run = _run(model)
    return str(run.config.get("corpus", "")) if run is not None else ""


def twins(model: str) -> list[str]:
    """Runs that left a model and differ from the run named *model* in nothing but the seed, newest first."""
    run = _run(model)
    if run is None:
        return []
    others = (store.get(name) for name in tuned() if name != run.id)
    return [each.id for each in others if each.kind == run.kind and _unseeded(each) == _unseeded(run)]


def _unseeded(run: Run) -> dict[str, Any]:
    return {name: value for name, value in run.config.items() if name != "seed"}


def locate(model: str) -> str:
    """The model folder of a run named *model*; anything that is not a run's id comes back unchanged.

    Raises
    ------
    Refused
        If there is such a run, but no model in it.
    """
    run = _run(model)
    if run is None:
        return model
    folder = _model(run)
    if folder is None:
        cure = N_("Wait for its end, or choose another.")
        if not run.live:
            cure = N_("It ended before there was one; choose another, or train once more.")
        raise Refused(N_("The run {run} has no model to use."), cure, run=run.id)
    return str(folder)


def _run(model: str) -> Run | None:
    return store.find(model) if IDENTIFIER.fullmatch(model) else None


def _model(run: Run) -> Path | None:
    """The folder of the run's model, once the run has ended and if it left one."""
    folder = run.folder / "model"
    return folder if not run.live and (folder / "config.json").exists() else None
