"""What quality costs: macro-F1 against trained parameters, time or memory."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import ceil, floor, hypot, log10
from typing import Any

import plotly.graph_objects as go

from xfer_core.charts.frame import GREY, HOVER, Translate, framed, short
from xfer_core.charts.placing import Box, Point, places
from xfer_core.charts.sweep import hover, references
from xfer_core.charts.views import COSTS, MEASURES
from xfer_core.sweep.comparison import Comparison, Cost, Row
from xfer_core.sweep.comparison import pareto as front_of

QUALITY = MEASURES["macro_f1"]
NEAR = 40
"""Pixels from a mark to the middle of its name beyond which a line joins the two."""


def pareto(comparison: Comparison, cost: Cost = "trainable_parameters", *, t: Translate = str) -> go.Figure:
    """Every strategy at its cost, means over seeds with a bar of one standard deviation.

    Filled marks and the grey line are the front: whoever is not on it is beaten by one that is both cheaper
    and better.
    """
    figure = go.Figure()
    front = front_of(comparison, cost)
    priced = [row for row in comparison.rows if getattr(row, cost) is not None]
    line = [comparison.row(name) for name in front]
    figure.add_scatter(
        x=[getattr(row, cost) for row in line], y=[row.macro_f1 for row in line], mode="lines",
        line={"color": GREY, "width": 1, "shape": "hv"}, hoverinfo="skip", name=t("front"),
    )  # fmt: skip
    for on, name, symbol in (
        (True, t("none is cheaper and better"), "circle"),
        (False, t("another is cheaper and better"), "circle-open"),
    ):
        rows = sorted(
            (row for row in priced if (row.strategy in front) is on),
            key=lambda row: (getattr(row, cost), row.macro_f1),
        )
        if rows:
            figure.add_scatter(
                x=[getattr(row, cost) for row in rows],
                y=[row.macro_f1 for row in rows],
                error_y={"type": "data", "array": [row.spread for row in rows], "thickness": 1.5},
                mode="markers",
                marker={"symbol": symbol, "size": 11, "line": {"width": 2}},
                name=name,
                customdata=[hover(row, t) for row in rows],
                hovertemplate=HOVER,
            )
    values = [getattr(row, cost) for row in priced]
    logarithmic = cost != "memory_mb" and bool(values) and min(values) > 0
    xs = [log10(value) if logarithmic else float(value) for value in values]
    figure.update_xaxes(title=t(COSTS[cost].axis), type="log" if logarithmic else "linear", automargin=True)
    figure.update_yaxes(title=t(QUALITY.axis), tickformat=".2f", automargin=True)
    if priced:
        sides = _wider(min(xs), max(xs), 0.12, 0.3)  # most names stand to the right of their marks
        scores = [row.macro_f1 for row in comparison.references.values()]
        lows = [row.macro_f1 - row.spread for row in priced] + scores
        bottom, top = _wider(
            min(lows), max(*(row.macro_f1 + row.spread for row in priced), *scores, 0.0), 0.08
        )
        steps = [(xs[priced.index(row)], row.macro_f1) for row in line]
        _names(figure, priced, xs, sides, (bottom, top), _lines(steps, scores, sides))
        figure.update_xaxes(range=sides)
        figure.update_yaxes(range=(bottom, top))
        if logarithmic:
            figure.update_xaxes(_ticks(*sides))
        ends = [10**side if logarithmic else side for side in sides]
        references(figure, comparison, "macro_f1", ends, t)
    return framed(figure, 460)


def _wider(low: float, high: float, before: float, after: float | None = None) -> tuple[float, float]:
    """The range with a share of it *before*, and *after* if that is another one."""
    wide = (high - low) or abs(high) or 1.0
    return low - before * wide, high + (before if after is None else after) * wide


def _ticks(low: float, high: float) -> dict[str, Any]:
    """Ticks of a logarithmic axis between two powers of ten, every number written out: 500, 20k, 1M."""
    steps = (1, 2, 5) if high - low < 2 else (1,)
    powers = range(floor(low), ceil(high) + 1)
    values = [step * 10.0**power for power in powers for step in steps]
    shown = [value for value in values if low <= log10(value) <= high]
    return {"tickvals": shown, "ticktext": [_brief(value) for value in shown]}


def _brief(value: float) -> str:
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def _lines(steps: Sequence[Point], levels: Sequence[float], sides: Sequence[float]) -> list[Box]:
    """Left, top, right and bottom of the front's steps and the references, in units of the axes."""
    found = [(sides[0], level, sides[1], level) for level in levels]
    for (x, y), (after, above) in pairwise(steps):
        found += [(x, y, after, y), (after, above, after, y)]
    return found


def _names(
    figure: go.Figure, rows: Sequence[Row], xs: Sequence[float], sides: Sequence[float],
    ends: Sequence[float], lines: Sequence[Box],
) -> None:  # fmt: skip
    """Every strategy's name beside its mark, *xs* in the units of the axis; crowded ones on a thin line."""
    wide, high = sides[1] - sides[0], ends[1] - ends[0]
    at = [((x - sides[0]) / wide, (ends[1] - row.macro_f1) / high) for x, row in zip(xs, rows, strict=True)]
    names = [short(row.strategy) for row in rows]
    bars = [row.spread / high for row in rows]
    drawn = [
        ((a - sides[0]) / wide, (ends[1] - b) / high, (c - sides[0]) / wide, (ends[1] - d) / high)
        for a, b, c, d in lines
    ]
    for row, x, name, (dx, dy) in zip(rows, xs, names, places(at, names, bars, drawn), strict=True):
        aside = max(abs(dx) - 3.25 * len(name), 0.0)
        figure.add_annotation(
            x=x, y=row.macro_f1, text=name, ax=dx, ay=dy, showarrow=True, arrowhead=0, arrowcolor=GREY,
            arrowwidth=1 if hypot(aside, dy) > NEAR / 2 else 0.1, standoff=7, font={"size": 11},
        )  # fmt: skip
