"""What the points of a map may be coloured and shaped by: one value of each column for every point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xfer_core.analysis.predictions import Predicted
from xfer_core.analysis.projection import Maps
from xfer_core.charts.frame import Translate
from xfer_core.corpora import Corpus
from xfer_core.corpora.beside import MARK
from xfer_core.corpora.rows import in_order
from xfer_core.corpora.split import PARTS, UNLABELLED
from xfer_core.settings import LIMITS

NONE = 65_535
"""The code of a point that has no category."""
LONGEST = 60
"""Characters of a column's name, and of a value, that a legend has room for."""
ENDS = (2, 98)
"""Percentiles between which a scale of numbers runs: one very long text would make all others look alike."""
FEW = 10
"""Different numbers up to which each has a colour of its own, as stars and grades should."""


@dataclass(frozen=True)
class Column:
    """*values*: int64 [n] codes into *names* with -1 for none, or float64 [n] with NaN for none."""

    key: str
    title: str
    values: NDArray[Any]
    names: tuple[str, ...] | None = None
    digits: int = 0
    """After the decimal point, of numbers."""
    absent: str = ""
    """What a point without a category is called; by default "none"."""

    def header(self) -> dict[str, Any]:
        if self.names is not None:
            return {"key": self.key, "title": self.title, "kind": "names", "names": list(self.names),
                    "absent": self.absent}  # fmt: skip
        low, high = self.ends()
        return {"key": self.key, "title": self.title, "kind": "number",
                "low": low, "high": high, "digits": self.digits}  # fmt: skip

    def ends(self) -> tuple[float, float]:
        known = self.values[np.isfinite(self.values)]
        if not len(known):
            return 0.0, 1.0
        low, high = np.percentile(known, ENDS)
        return float(low), float(high)

    def coded(self) -> bytes:
        """Little-endian: uint16 codes, or float32 numbers."""
        if self.names is None:
            return self.values.astype("<f4").tobytes()
        return np.where(self.values < 0, NONE, self.values).astype("<u2").tobytes()

    def word(self, at: int) -> str | float | None:
        """What the column says of the point *at*; None for nothing."""
        value = self.values[at]
        if self.names is not None:
            return self.names[int(value)] if value >= 0 else None
        return float(value) if np.isfinite(value) else None


def columns(maps: Maps, corpus: Corpus, predicted: Predicted | None, t: Translate) -> list[Column]:
    """Domain, label, what a tuned model says, part, length, row and the table's other columns, as far as they
    are there."""
    rows = maps.rows
    found = []
    if len(corpus.domain_names) > 1:
        found.append(Column("domain", t("Domain"), corpus.domains[rows], corpus.domain_names))
    if corpus.label_names:
        found.append(Column("label", t("Label"), corpus.labels[rows], corpus.label_names,
                            absent=t("no label")))  # fmt: skip
    if maps.correct is not None:
        right = maps.correct.astype(np.int64)
        found.append(Column("correct", t("Right or wrong"), right, (t("wrong"), t("right"))))
    if predicted is not None:
        found.append(Column("prediction", t("Prediction"), predicted.codes, predicted.label_names))
        found.append(Column("confidence", t("Confidence"), predicted.confidence.astype(float), digits=2))
    frame = corpus.frame.iloc[rows]
    parts = frame["split"].map({UNLABELLED: -1, **{part: at for at, part in enumerate(PARTS)}})
    named = t("train"), t("validation"), t("test")
    found.append(Column("split", t("Part"), parts.to_numpy(np.int64), named, absent=t("no label")))
    found.append(Column("length", t("Characters"), frame["text"].str.len().to_numpy(float)))
    found.append(Column("row", t("Row"), frame["row"].to_numpy(float)))
    for name, values in corpus.others.items():
        taken = {column.title for column in found}
        title = t("{column} (of the table)").format(column=name) if name in taken else name[:LONGEST]
        found.append(_other(MARK + name, title, values.iloc[rows], t))
    return found


def _other(key: str, title: str, values: pd.Series, t: Translate) -> Column:
    """Many numbers are a scale; few numbers, and words, are categories, the rarest of very many one."""
    if values.dtype == float and values.nunique() > FEW:
        whole = bool((values.dropna() % 1 == 0).all())
        return Column(key, title, values.to_numpy(), digits=0 if whole else 2)
    words = values.map(lambda value: f"{value:g}", na_action="ignore") if values.dtype == float else values
    words = words.fillna("").astype("str")
    common = words[words != ""].value_counts()
    names = in_order(common.index[: LIMITS.shown_values].tolist())
    codes = {"": -1, **{name: at for at, name in enumerate(names)}}
    placed = words.map(codes).fillna(len(names)).to_numpy(np.int64)
    rest = (t("all others"),) if len(common) > len(names) else ()
    return Column(key, title, placed, (*(name[:LONGEST] for name in names), *rest))
