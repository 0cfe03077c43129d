"""A tuned model by the name of the run that made it."""

from __future__ import annotations

from xfer_core.errors import Refused
from xfer_core.files import IDENTIFIER
from xfer_core.i18n import N_
from xfer_core.runs import store


def locate(model: str) -> str:
    """The model folder of a run named *model*; anything that is not a run's id comes back unchanged.

    Raises
    ------
    Refused
        If there is such a run, but no model in it.
    """
    run = store.find(model) if IDENTIFIER.fullmatch(model) else None
    if run is None:
        return model
    folder = run.folder / "model"
    if run.live or not (folder / "config.json").exists():
        raise Refused(
            N_("The run {run} has no model to use."), N_("Wait for its end, or choose another."), run=run.id
        )
    return str(folder)
