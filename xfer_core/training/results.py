"""What a finished run left in its folder, read without torch or scikit-learn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from xfer_core import files
from xfer_core.errors import NotFound
from xfer_core.i18n import N_
from xfer_core.runs import store

METRICS, PREDICTIONS, MODEL = "metrics.json", "predictions.parquet", "model"


def result(run_id: str) -> dict[str, Any]:
    """The run's ``metrics.json``: test, validation, references, verdict and what the training cost.

    Raises
    ------
    NotFound
        If there is no such run, or it has no results (yet).
    """
    return dict(files.read_json(_file(run_id, METRICS)))


def predictions(run_id: str) -> pd.DataFrame:
    """Every test text as the run's model reads it.

    Columns: ``row`` (1-based row of the table), ``text``, ``true``, ``predicted``, ``confidence`` (of the
    predicted class, 0 to 1) and one ``p_<label>`` a class.

    Raises
    ------
    NotFound
        If there is no such run, or it has no results (yet).
    """
    return pd.read_parquet(_file(run_id, PREDICTIONS))


def misread(run_id: str, true: str | None = None, predicted: str | None = None) -> pd.DataFrame:
    """The test texts the model got wrong, most confident error first; columns of :func:`predictions`.

    *true* and *predicted* keep only errors of that label taken for that other one.
    """
    table = predictions(run_id)
    wrong = table["true"] != table["predicted"]
    if true is not None:
        wrong &= table["true"] == true
    if predicted is not None:
        wrong &= table["predicted"] == predicted
    return table[wrong].sort_values("confidence", ascending=False, kind="stable").reset_index(drop=True)


def _file(run_id: str, name: str) -> Path:
    path = store.get(run_id).folder / name
    if not path.exists():
        raise NotFound(
            N_("Run {run} has no results."),
            N_("They appear when the run has finished."),
            run=run_id,
        )
    return path
