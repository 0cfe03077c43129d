"""Who was trained where and tested where, as a heat map with numbers in its cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from xfer_core.charts.colours import APART, INK, SEQUENTIAL
from xfer_core.charts.frame import GREY, HOVER, Translate, framed, named_axis, named_below, scale

BOUNDED, NUMBERED = 6, 12
"""Targets up to which a cell has room for number, interval and n; for the number alone."""

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
        half is all targets but one, in the same order: set apart by a line, and framed where the one left out
        is tested, for only there is the domain new.
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
    rest = len(sources) > len(targets)
    if rest:
        _say_who_was_left_out(cells, len(targets), t)
        title += "<br>" + t("Framed: tested on the domain left out")
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
            colorscale=APART if apart else SEQUENTIAL,
            textfont={"color": INK},
        )
    )
    if rest:
        figure.add_hline(y=len(targets) - 0.5, line={"color": GREY, "width": 2})
        _frame(figure, len(targets))
    figure.update_xaxes(named_below(targets, t("Tested on")))
    figure.update_yaxes(named_axis(sources, t("Trained on"), autorange="reversed"))
    row = 58 if lines == 3 else 44
    return framed(figure, 210 + row * min(len(sources), 24))


def _say_who_was_left_out(cells: list[list[tuple[Sequence[str], str]]], size: int, t: Translate) -> None:
    """Of trainings on all domains but one, into the hover."""
    alone = t("this domain was left out of the training: the fair test")
    among = t("this domain was among those trained on: not a test of a new domain")
    for left_out, row in enumerate(cells[size:]):
        for u, (text, said) in enumerate(row):
            row[u] = text, f"{said}<br>{alone if u == left_out else among}" if said else ""


def _frame(figure: go.Figure, size: int) -> None:
    for u in range(size):
        figure.add_shape(
            type="rect", x0=u - 0.47, x1=u + 0.47, y0=size + u - 0.45, y1=size + u + 0.45,
            line={"color": INK, "width": 2},
        )  # fmt: skip


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
