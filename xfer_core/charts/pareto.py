"""What quality costs: macro-F1 against trained parameters, time or memory."""

from __future__ import annotations

import plotly.graph_objects as go

from xfer_core.charts.frame import GREY, HOVER, Translate, framed, short
from xfer_core.charts.sweep import hover
from xfer_core.i18n import N_
from xfer_core.sweep import words
from xfer_core.sweep.comparison import Comparison, Cost
from xfer_core.sweep.comparison import pareto as front_of

COSTS: dict[Cost, str] = {
    "trainable_parameters": N_("Trained parameters"),
    "seconds": N_("Time of one training (seconds)"),
    "memory_mb": N_("Peak memory (MB)"),
}


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
                mode="markers+text",
                text=[short(row.strategy) for row in rows],
                textposition=["top left"] * len(rows) if on else _around(len(rows)),
                marker={"symbol": symbol, "size": 11, "line": {"width": 2}},
                name=name,
                customdata=[hover(row, t) for row in rows],
                hovertemplate=HOVER,
                cliponaxis=False,
            )
    for row, dash in zip(comparison.references.values(), ("dash", "dot"), strict=False):
        figure.add_hline(
            y=row.macro_f1, line={"dash": dash, "color": GREY}, annotation_text=words.name(row.strategy, t),
            annotation_position="bottom left", annotation_font_color=GREY,
        )  # fmt: skip
    values = [getattr(row, cost) for row in priced]
    logarithmic = cost != "memory_mb" and bool(values) and min(values) > 0
    figure.update_xaxes(title=t(COSTS[cost]), type="log" if logarithmic else "linear", automargin=True)
    if logarithmic:
        figure.update_xaxes(dtick="D2")
    figure.update_yaxes(title=t("Macro-F1 on the test texts (0 to 1)"), tickformat=".2f", automargin=True)
    return framed(figure, 440)


def _around(marks: int) -> list[str]:
    """Where names stand, by turns, so that those of neighbours do not lie on each other."""
    places = ("bottom left", "middle right", "middle left", "bottom right")
    return [places[mark % len(places)] for mark in range(marks)]
