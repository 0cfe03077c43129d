"""Which label was taken for which."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from xfer_core.charts.colours import INK, SEQUENTIAL
from xfer_core.charts.frame import HOVER, Translate, framed, named_axis, named_below, safe, scale

NUMBERED = 12
"""Classes above which numbers no longer fit into the cells."""


def confusion(
    matrix: ArrayLike, label_names: Sequence[str], *, shares: bool = False, t: Translate = str
) -> go.Figure:
    """Heat map of *matrix*, counts [true, predicted]: texts, or with *shares* the percentage of each row."""
    counts = np.asarray(matrix)
    totals = counts.sum(axis=1, keepdims=True)
    percent = np.divide(100 * counts, totals, out=np.full(counts.shape, np.nan), where=totals > 0)
    words = t("{true} taken for {predicted}: {n} of {total} texts ({share:.1f}%)")
    right = t("{true} recognised: {n} of {total} texts ({share:.1f}%)")
    hover = [
        [
            (right if i == j else words).format(
                true=safe(true), predicted=safe(predicted), n=counts[i, j], total=totals[i, 0],
                share=0.0 if np.isnan(percent[i, j]) else percent[i, j],
            )
            for j, predicted in enumerate(label_names)
        ]
        for i, true in enumerate(label_names)
    ]  # fmt: skip
    cells = "%{z:.0f}%" if shares else "%{z}"
    figure = go.Figure(
        go.Heatmap(
            z=percent if shares else counts,
            zmin=0,
            zmax=100 if shares else None,
            texttemplate=cells if len(label_names) <= NUMBERED else None,
            textfont={"color": INK},
            colorscale=SEQUENTIAL,
            customdata=hover,
            hovertemplate=HOVER,
            colorbar=scale(t("% of the row") if shares else t("Texts")),
        )
    )
    figure.update_xaxes(named_below(label_names, t("Predicted label")))
    figure.update_yaxes(named_axis(label_names, t("True label"), autorange="reversed"))
    return framed(figure, 240 + 36 * min(len(label_names), 20))
