"""Who was trained where and tested where, as a heat map with numbers in its cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from xfer_core.charts.frame import GREY, HOVER, Translate, framed, named_axis, named_below, scale

BOUNDED, NUMBERED = 6, 12
"""Targets up to which a cell has room for number, interval and n; for the number alone."""

APART = [[0.0, "#2c7fb8"], [0.5, "#f2f2f2"], [1.0, "#d95f0e"]]
"""Below nothing, nothing, above: told apart by colour-blind readers, readable on white and on near-black."""

Array = NDArray[np.float64]


def matrix(
    values: Array,
    sources: Sequence[str],
    targets: Sequence[str],
    cell: Callable[[int, int], tuple[Sequence[str], str]],
    *,
    title: str,
    range_: tuple[float, float],
    apart: bool = False,
    t: Translate = str,
) -> go.Figure:
    """*values* [sources, targets] as colours, NaN as holes.

    Parameters
    ----------
    sources, targets : sequence of str
        As the user called them; cut and escaped here. Where there are more sources than targets, the second
        half is set apart by a line.
    cell : (source, target) → lines, hover
        What stands in a cell that is known, the most important line first (as many are written as there is
        room for), and what a pointer on it shows, escaped by the caller.
    apart : bool
        Colours that part at 0.
    """
    lines = 3 if len(targets) <= BOUNDED else 1 if len(targets) <= NUMBERED else 0
    cells = [
        [((), "") if np.isnan(value) else cell(s, u) for u, value in enumerate(row)]
        for s, row in enumerate(values)
    ]
    low, high = range_
    if apart:  # as far to either side, so that the middle colour is nothing
        low, high = -max(abs(low), abs(high)), max(abs(low), abs(high))
    colours: dict[str, Any] = {"colorscale": APART} if apart else {}
    figure = go.Figure(
        go.Heatmap(
            z=values,
            zmin=low,
            zmax=high,
            text=[["<br>".join(text[:lines]) for text, _ in row] for row in cells],
            texttemplate="%{text}" if lines else None,
            customdata=[[hover for _, hover in row] for row in cells],
            hovertemplate=HOVER,
            hoverongaps=False,
            colorbar=scale(title),
            **colours,
        )
    )
    if len(sources) > len(targets):
        figure.add_hline(y=len(targets) - 0.5, line={"color": GREY, "width": 2})
    figure.update_xaxes(named_below(targets, t("Tested on")))
    figure.update_yaxes(named_axis(sources, t("Trained on"), autorange="reversed"))
    row = 58 if lines == 3 else 44
    return framed(figure, 210 + row * min(len(sources), 24))


def brief(value: float, *, sign: bool = False) -> str:
    """Two digits for a cell that is narrow on a phone: ``.65``, with *sign* ``+.05``."""
    rounded = round(float(value), 2) + 0.0  # no minus before nothing
    return f"{rounded:{'+' if sign else ''}.2f}".replace("0.", ".", 1)


def known_range(values: Array, lowest: float | None = None) -> tuple[float, float]:
    """The range of what is known in *values*, for colours that compare from picture to picture."""
    known = values[~np.isnan(values)]
    if not len(known):
        return 0.0, 1.0
    return (float(known.min()) if lowest is None else lowest), float(known.max())
