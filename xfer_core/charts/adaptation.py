"""An adaptation by training in pictures: what each method won or lost, how it learnt, what its head reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from xfer_core.adaptation.methods import METHODS, SOURCE_ONLY
from xfer_core.adaptation.results import Adaptation, Measure, Outcome, Points
from xfer_core.charts.frame import GREY, HOVER, Translate, framed, named_axis, short

SYMBOLS = ("circle", "diamond", "square", "cross", "x", "triangle-up", "star", "triangle-down")
"""Of the labels, one after the other, and again from the start."""
COLOURS = ("#1c83e1", "#ff8c00")
"""Of source and target, seen on white and on near-black."""


def before_after(found: Adaptation, *, t: Translate = str) -> go.Figure:
    """Macro-F1 on the test texts of source and target with 95 % intervals, a row a method.

    The dashed line is source only on the target: what lies to its left has hurt.
    """
    rows = [each for each in (found.before, *found.adapted) if each.measured][::-1]
    figure = go.Figure()
    sides = (("source", found.config.source, 0.12, "circle-open"),
             ("target", found.config.target, -0.12, "circle"))  # fmt: skip
    for side, name, shift, symbol in sides:
        known = [(at, each, getattr(each, side)) for at, each in enumerate(rows) if getattr(each, side)]
        figure.add_scatter(
            x=[measure.value for _, _, measure in known], y=[at + shift for at, _, _ in known],
            mode="markers", name=short(name), hovertemplate=HOVER,
            marker={"symbol": symbol, "size": 10},
            error_x={
                "type": "data", "symmetric": False, "thickness": 1.5,
                "array": [measure.high - measure.value for _, _, measure in known],
                "arrayminus": [measure.value - measure.low for _, _, measure in known],
            },
            customdata=[_told(each, name, measure, t) for _, each, measure in known],
        )  # fmt: skip
    if found.before.target is not None:
        figure.add_vline(x=found.before.target.value, line={"dash": "dash", "color": GREY, "width": 1})
    figure.update_yaxes(named_axis([t(METHODS[each.method].title) for each in rows], ""))
    figure.update_yaxes(range=[-0.6, len(rows) - 0.4])
    figure.update_xaxes(title=t("Macro-F1 on test texts"), tickformat=".2f")
    figure.update_layout(showlegend=True)
    return framed(figure, 120 + 52 * max(len(rows), 1))


def _told(outcome: Outcome, domain: str, measure: Measure, t: Translate) -> str:
    return t("{method} on {domain}: {value:.3f} ({low:.3f} to {high:.3f}), {n} texts").format(
        method=t(METHODS[outcome.method].title), domain=short(domain), value=measure.value,
        low=measure.low, high=measure.high, n=measure.n,
    )  # fmt: skip


def curves(known: Mapping[str, Sequence[Mapping[str, Any]]], *, t: Translate = str) -> go.Figure:
    """Macro-F1 on the source's validation texts by step, one line a method; *known*: its ``metric`` events.

    A method that trains in rounds begins anew at step 0, so its line does too.
    """
    figure = go.Figure()
    for method, points in known.items():
        steps: list[float | None] = []
        scores: list[float | None] = []
        for point in points:
            if steps and steps[-1] is not None and point["step"] < steps[-1]:
                steps.append(None)
                scores.append(None)
            steps.append(point["step"])
            scores.append(float(point["validation_macro_f1"]))
        name = t(METHODS[method].title)
        words = t("{method}, step {step}: {score:.3f}")
        figure.add_scatter(
            x=steps, y=scores, mode="lines+markers", name=name, hovertemplate=HOVER, marker={"size": 5},
            customdata=[
                "" if score is None else words.format(method=name, step=step, score=score)
                for step, score in zip(steps, scores, strict=True)
            ],
        )  # fmt: skip
    figure.update_xaxes(title=t("Step"))
    figure.update_yaxes(title=t("Macro-F1 on source validation"), tickformat=".2f")
    figure.update_layout(showlegend=True)
    return framed(figure, 340)


def features(
    found: Adaptation,
    before: Points,
    after: Points,
    method: str,
    labels: Sequence[str],
    *,
    t: Translate = str,
) -> go.Figure:
    """What the classifiers read of the same test texts, source only beside *method*: domains by colour.

    Each side has a plane of its own (PCA), so that only what lies together or apart may be compared.
    """
    names = [t(METHODS[each].title) for each in (SOURCE_ONLY, method)]
    figure = make_subplots(cols=2, subplot_titles=names, horizontal_spacing=0.04)
    for column, points in enumerate((before, after), 1):
        for side, domain in enumerate(_domains(found)):
            chosen = points.target == bool(side)
            of = points.labels[chosen]
            said = [short(labels[label]) if label >= 0 else t("no label") for label in of]
            figure.add_scattergl(
                x=points.at[chosen, 0], y=points.at[chosen, 1], mode="markers", name=short(domain),
                showlegend=False, hovertemplate=HOVER,
                customdata=[f"{short(domain)} · {label}" for label in said],
                marker={
                    "size": 6, "opacity": 0.6, "color": COLOURS[side],
                    "symbol": [SYMBOLS[each % len(SYMBOLS)] if each >= 0 else "circle-open" for each in of],
                },
                col=column, row=1,
            )  # fmt: skip
    _legend(figure, found, labels)
    figure.update_xaxes(showticklabels=False, zeroline=False, showgrid=False)
    figure.update_yaxes(showticklabels=False, zeroline=False, showgrid=False)
    return framed(figure, 380).update_layout(margin={"l": 8, "r": 8, "t": 64, "b": 8}, legend={"y": 1.1})


def _legend(figure: go.Figure, found: Adaptation, labels: Sequence[str]) -> None:
    """What colours and shapes mean; a point of its own would show one of each domain's shapes."""
    meant = [(name, colour, "square") for name, colour in zip(_domains(found), COLOURS, strict=True)]
    if len(labels) <= len(SYMBOLS):
        meant += [(name, GREY, symbol) for name, symbol in zip(labels, SYMBOLS, strict=False)]
    for name, colour, symbol in meant:
        figure.add_scatter(
            x=[None], y=[None], mode="markers", name=short(name), hoverinfo="skip",
            marker={"color": colour, "symbol": symbol, "size": 9},
        )  # fmt: skip


def _domains(found: Adaptation) -> tuple[str, str]:
    return found.config.source, found.config.target


def table(found: Adaptation) -> list[dict[str, Any]]:
    """Every number, one row a method, for a table or a file; what is not known is NaN."""
    rows = []
    for each in found.outcomes:
        row: dict[str, Any] = {
            "method": each.method,
            "state": each.state,
            "source_validation": each.validation,
        }
        for name in ("source", "source_gain", "target", "target_gain"):
            measure: Measure | None = getattr(each, name)
            for part in ("value", "low", "high"):
                row[name if part == "value" else f"{name}_{part}"] = (
                    getattr(measure, part) if measure else np.nan
                )
        rows.append({**row, "domains_told_apart": each.domain, "seconds": each.seconds})
    return rows
