"""Columns of a table beyond text, label, domain and split: kept beside the texts, for maps to be coloured by.

In the frame of a corpus they stand behind its own columns, as ``beside:NAME``, so that whatever takes rows
takes them along. They are no part of a corpus's id: nothing is learnt from them.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from xfer_core.corpora.columns import SAMPLE_ROWS, Columns, repeats
from xfer_core.corpora.reading import is_number
from xfer_core.settings import LIMITS

MARK = "beside:"


def picked(frame: pd.DataFrame, columns: Columns) -> pd.DataFrame:
    """The first ``LIMITS.kept_columns`` other columns of a table that can colour a map, as strings.

    Those are numbers, or values that come back: of names, links and sentences that are another one in nearly
    every row there is nothing to see. The first rows decide.
    """
    kept: dict[str, pd.Series] = {}
    for name in frame.columns:
        if len(kept) == LIMITS.kept_columns:
            break
        if name in (columns.text, columns.label, columns.domain, columns.split):
            continue
        head = frame[name].head(SAMPLE_ROWS).astype("str").fillna("").str.strip()
        filled = head[head != ""]
        if len(filled) and (repeats(filled) or filled.map(is_number).all()):
            kept[MARK + str(name)] = frame[name].astype("str").fillna("").str.strip()
    return pd.DataFrame(kept, index=frame.index)


def typed(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with numbers (float64, NaN for none) for other columns that hold nothing else, else strings
    ("" for none); of several tables together no more than of one."""
    for at, name in enumerate(names(frame)):
        if at >= LIMITS.kept_columns:
            frame = frame.drop(columns=name)
            continue
        if pd.api.types.is_numeric_dtype(frame[name]):
            continue
        values = frame[name].where(frame[name].notna(), "").astype("str")
        numbers = pd.to_numeric(values.str.replace(",", "."), errors="coerce").astype(np.float64)
        known = np.isfinite(numbers)
        frame[name] = numbers if known.equals(values != "") else values
    return frame


def names(frame: pd.DataFrame) -> list[str]:
    """The other columns of a corpus's frame, as they stand in it."""
    return [str(name) for name in frame.columns if str(name).startswith(MARK)]


def others(frame: pd.DataFrame) -> dict[str, pd.Series]:
    """The other columns by the names they had in the table."""
    return {name.removeprefix(MARK): frame[name] for name in names(frame)}
