"""``curves(run, …)``: the live loss and score curves of one training run, drawn in the browser.

The picture follows the run by itself through ``/api/runs/{run}/events``; the page's script runs again only
when the run's state changes.
"""

from __future__ import annotations

from typing import Any

from xfer_core.i18n import LANGUAGES, N_
from xfer_core.runs.store import Run
from xfer_core.ui.components.base import component
from xfer_core.ui.language import language, t

_MOUNT = component("curves")

TRAINING, VALIDATION, MACRO_F1 = 0, 1, 2
"""Places in the theme's list of categorical colours."""

WORDS = {
    "step": N_("step"),
    "at_step": N_("Step {step}"),
    "best": N_("best"),
    "best_at": N_("best at step {step}"),
    "waiting": N_("Waiting for the first check"),
    "empty": N_("No point was recorded."),
    "queued": N_("Waiting for its turn"),
    "running": N_("Starting"),
    "lost": N_("Connection lost, trying again"),
    "step_of": N_("step {step} of {steps}"),
    "left": N_("about {time} left"),
    "throughput": N_("{n} texts a second"),
    "seconds": N_("{n} s"),
    "minutes": N_("{n} min"),
    "hours": N_("{n} h"),
    "reset": N_("Show all steps"),
    "hint": N_("Drag over a picture to zoom in; double-click to see all again."),
    "table": N_("The numbers as a table"),
}


def curves(run: Run, *, best: int | None = None, references: dict[str, float] | None = None) -> None:
    """Draw the curves of *run*.

    Parameters
    ----------
    best : int, optional
        Step of the model that was kept; while None, the step of the highest validation macro-F1 so far.
    references : dict
        What to beat, with the part it was measured on (translated) → its macro-F1; grey dashed lines.
    """
    _MOUNT(
        key=f"curves-{run.id}",
        data={
            "run": run.id,
            "state": run.state,
            "url": f"api/runs/{run.id}/events?lang={language()}",
            "locale": LANGUAGES[language()].replace("_", "-"),
            "best": best,
            "best_by": {"score": "validation_macro_f1", "loss": "validation_loss"},
            "panels": _panels(references or {}),
            "words": {name: t(message) for name, message in WORDS.items()},
        },
        on_state_change=lambda: None,
    )


def _panels(references: dict[str, float]) -> list[dict[str, Any]]:
    training = {"label": t("training"), "split": TRAINING, "hollow": True}
    validation = {"label": t("validation"), "split": VALIDATION}
    return [
        {
            "title": t("Loss"),
            "unit": t("cross-entropy in nats, without dropout"),
            "series": [training | {"key": "train_loss"}, validation | {"key": "validation_loss"}],
        },
        {
            "title": t("Scores"),
            "unit": t("share, 0 to 1"),
            "unitInterval": True,
            "series": [
                training | {"key": "train_accuracy", "label": t("training accuracy")},
                validation | {"key": "validation_accuracy", "label": t("validation accuracy")},
                {
                    "key": "validation_macro_f1", "label": t("validation macro-F1"),
                    "split": MACRO_F1, "dash": [6, 3],
                },
            ],
            "references": [
                {"label": name, "value": value, "dash": [[6, 4], [2, 3], [10, 4]][place % 3]}
                for place, (name, value) in enumerate(references.items())
            ],
        },
    ]  # fmt: skip
