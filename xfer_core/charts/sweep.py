"""A sweep in pictures: how good at which depth, and how its arms learn."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from xfer_core.charts.frame import GREY, HOVER, PALE, Translate, framed, safe, short
from xfer_core.charts.views import MEASURES, OF_CURVES
from xfer_core.sweep import words
from xfer_core.sweep.comparison import Comparison, Row
from xfer_core.sweep.results import Sweep

Curves = Mapping[str, Sequence[Mapping[str, Any]]]
"""Arm → its ``metric`` events, oldest first."""

SYMBOLS = (
    *("diamond", "square", "triangle-up", "x", "star", "cross", "pentagon", "triangle-down", "hexagon"),
    *("bowtie", "hourglass"),
)
"""Strategies differ by shape as well as by colour."""

LADDER = re.compile(r"head|full|(top|freeze)-\d+")
"""Strategies that differ in nothing but how many layers learn: one line joins them."""

COLUMNS, PANEL = 3, 190
"""Panels beside each other; pixels of height of each."""


def depth(comparison: Comparison, measure: str = "macro_f1", *, t: Translate = str) -> go.Figure:
    """Quality against the number of layers that learn: means over seeds, bars one standard deviation long.

    A line joins the strategies that differ in depth only; every other one has a mark of its own.
    """
    figure = go.Figure()
    ladder = [row for row in comparison.rows if LADDER.fullmatch(row.strategy)]
    others = [row for row in comparison.rows if row not in ladder]
    if ladder:
        _points(figure, ladder, measure, t("layers from the top"), "circle", [0.0] * len(ladder), t)
    at = [row.layers for row in others]
    for place, row in enumerate(others):
        before = at[:place].count(row.layers)
        aside = 0.14 * (before // 2 + 1) * (-1) ** (before + 1)  # left and right of the line by turns
        _points(figure, [row], measure, safe(row.strategy), SYMBOLS[place % len(SYMBOLS)], [aside], t)
    end = comparison.depth + 1
    references(figure, comparison, measure, [-0.4, end + 0.4], t)
    ticks = ["0", *(str(layer) for layer in range(1, end)), f"{end - 1} +<br>{t('embeddings')}"]
    figure.update_xaxes(
        title=t("Layers that learn, besides the classifier"), tickvals=list(range(end + 1)), ticktext=ticks,
        range=[-0.5, end + 0.5], automargin=True,
    )  # fmt: skip
    figure.update_yaxes(title=t(MEASURES[measure].axis), tickformat=".2f", automargin=True)
    return framed(figure, 440)


def _points(
    figure: go.Figure, rows: Sequence[Row], measure: str, name: str, symbol: str, aside: Sequence[float],
    t: Translate,
) -> None:  # fmt: skip
    spread = "spread" if measure == "macro_f1" else "accuracy_spread"
    figure.add_scatter(
        x=[row.layers + shift for row, shift in zip(rows, aside, strict=True)],
        y=[getattr(row, measure) for row in rows],
        error_y={"type": "data", "array": [getattr(row, spread) for row in rows], "thickness": 1.5},
        mode="lines+markers" if len(rows) > 1 else "markers",
        marker={"symbol": symbol, "size": 10},
        name=name,
        customdata=[hover(row, t) for row in rows],
        hovertemplate=HOVER,
    )


def hover(row: Row, t: Translate) -> str:
    """A strategy's numbers, as every picture of a comparison shows them."""
    said = t(
        "{strategy}, seeds: {seeds}<br>macro-F1 {score:.3f} ± {spread:.3f}, 95% between {low:.3f} and "
        "{high:.3f}<br>accuracy {accuracy:.3f} ± {accuracy_spread:.3f}"
    ).format(
        strategy=safe(words.name(row.strategy, t)), seeds=row.seeds, score=row.macro_f1, spread=row.spread,
        low=row.low, high=row.high, accuracy=row.accuracy, accuracy_spread=row.accuracy_spread,
    )  # fmt: skip
    costs = (
        (t("{value:,} parameters trained"), row.trainable_parameters),
        (t("{value:,.0f} s a training"), row.seconds),
        (t("{value:,.0f} MB at most"), row.memory_mb),
    )
    return "<br>".join([said, *(each.format(value=value) for each, value in costs if value is not None)])


def references(
    figure: go.Figure, comparison: Comparison, measure: str, ends: Sequence[float], t: Translate
) -> None:
    """What every strategy must beat, as grey lines from one of *ends* to the other."""
    for row, dash in zip(comparison.references.values(), ("dash", "dot"), strict=False):
        figure.add_scatter(
            x=list(ends),
            y=[getattr(row, measure)] * 2,
            mode="lines",
            name=words.brief(row.strategy, t),
            line={"dash": dash, "color": GREY},
            customdata=[hover(row, t)] * 2,
            hovertemplate=HOVER,
        )


def small_multiples(
    sweep: Sweep, curves: Curves, measure: str = "validation_macro_f1", *, t: Translate = str
) -> go.Figure:
    """A panel a strategy, a line an arm: in colour those with the chosen learning rate, grey the other ones.

    While the choice is not made yet, all are grey. An arm that is still to come has its panel already if it
    is a key of *curves*, so that a picture redrawn while it grows keeps its height and places.
    """
    names = list(
        dict.fromkeys(
            arm.strategy
            for arm in sweep.arms
            if curves.get(arm.id) or (arm.id in curves and arm.state in ("waiting", "running"))
        )
    )
    rows = max(1, ceil(len(names) / COLUMNS))
    figure = make_subplots(
        rows=rows, cols=min(COLUMNS, max(1, len(names))), shared_xaxes="all", shared_yaxes="all",
        subplot_titles=[short(name) for name in names], vertical_spacing=min(0.12, 0.36 / rows),
        horizontal_spacing=0.04,
    )  # fmt: skip
    # Those in colour come first: a colour a strategy, whatever grey lines there are.
    for chosen, style in ((True, {"width": 2}), (False, {"width": 1, "color": GREY})):
        for place, name in enumerate(names):
            arms = [a for a in sweep.arms if a.strategy == name and a.chosen is chosen and curves.get(a.id)]
            x, y, said = _joined({arm.id: curves[arm.id] for arm in arms}, measure, t)
            figure.add_scatter(
                x=x, y=y, mode="lines", line=style, customdata=said, hovertemplate=HOVER, connectgaps=False,
                showlegend=False, row=place // COLUMNS + 1, col=place % COLUMNS + 1,
            )  # fmt: skip
    for place in range(len(names)):
        row, column = place // COLUMNS + 1, place % COLUMNS + 1
        if place + COLUMNS >= len(names):
            figure.update_xaxes(title=t("Step"), showticklabels=True, row=row, col=column)
        if column == 1:
            figure.update_yaxes(title=t(OF_CURVES[measure].name), row=row, col=1)
    figure.update_yaxes(automargin=True, tickformat=".2f")
    return framed(figure, 70 + PANEL * rows).update_layout(margin_t=36)


def _joined(curves: Curves, measure: str, t: Translate) -> tuple[list[Any], list[Any], list[str]]:
    """Several curves as one line with gaps between them."""
    x: list[Any] = []
    y: list[Any] = []
    said: list[str] = []
    words = t("{arm}, step {step}: {value:.3f}")
    for arm, points in curves.items():
        known = [p for p in points if isinstance(p.get(measure), int | float)]
        x += [*(p["step"] for p in known), None]
        y += [*(p[measure] for p in known), None]
        said += [*(words.format(arm=safe(arm), step=p["step"], value=p[measure]) for p in known), ""]
    return x, y, said


def overlay(
    sweep: Sweep,
    curves: Curves,
    measure: str = "validation_macro_f1",
    *,
    strategies: Sequence[str] | None = None,
    t: Translate = str,
) -> go.Figure:
    """One line a strategy, the mean of its compared arms, over a grey band from lowest to highest seed.

    Of all of them or, for fewer lines over each other, of some *strategies*.
    """
    figure = go.Figure()
    names = list(dict.fromkeys(arm.strategy for arm in sweep.arms if curves.get(arm.id)))
    names = [name for name in names if strategies is None or name in strategies]
    bands = []
    said = t("{strategy}, step {step}: {mean:.3f}, seeds from {low:.3f} to {high:.3f}")
    for place, name in enumerate(names):
        arms = [arm.id for arm in sweep.chosen if arm.strategy == name and arm.id in curves]
        steps, values = _aligned([curves[arm] for arm in arms], measure)
        low, mean, high = (
            reduce(values, axis=0) if len(steps) else values[:0] for reduce in (np.min, np.mean, np.max)
        )
        figure.add_scatter(
            x=steps, y=mean.tolist(), mode="lines+markers", name=short(name),
            marker={"symbol": SYMBOLS[place % len(SYMBOLS)], "size": 7}, hovertemplate=HOVER,
            customdata=[said.format(strategy=safe(name), step=step, mean=mean[i], low=low[i], high=high[i])
                        for i, step in enumerate(steps)],
        )  # fmt: skip
        if len(values) > 1:
            bands.append(([*steps, *reversed(steps)], [*high, *low[::-1]]))
    for number, (x, y) in enumerate(bands):
        figure.add_scatter(
            x=x, y=y, fill="toself", fillcolor=PALE, mode="lines", line={"width": 0, "color": PALE},
            hoverinfo="skip", name=t("lowest to highest seed"), legendgroup="band", showlegend=number == 0,
        )  # fmt: skip
    figure.update_xaxes(title=t("Step"), rangemode="tozero")
    figure.update_yaxes(title=t(OF_CURVES[measure].axis), tickformat=".2f", automargin=True)
    return framed(figure, 440)


def _aligned(curves: Sequence[Sequence[Mapping[str, Any]]], measure: str) -> tuple[list[int], np.ndarray]:
    """The steps that all *curves* have measured, and the values there: [curves, steps]."""
    found = [
        {p["step"]: p[measure] for p in points if isinstance(p.get(measure), int | float)}
        for points in curves
    ]
    steps = sorted(set.intersection(*(set(each) for each in found))) if found else []
    return steps, np.array([[each[step] for step in steps] for each in found]).reshape(len(found), len(steps))
