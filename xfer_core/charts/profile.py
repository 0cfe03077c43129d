"""The universality profile: what layers know, what gives the domain away, what travels."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from xfer_core.analysis.profile import Profile
from xfer_core.analysis.ranking import Band
from xfer_core.analysis.resampling import BOUND
from xfer_core.charts.colours import INK, SEQUENTIAL
from xfer_core.charts.frame import GREY, HOVER, PALE, Translate, framed, scale
from xfer_core.charts.measures import HEADLINE, Measure

SYMBOLS = {"transfer": "circle", "task": "diamond", "domain": "square"}
MANY = 13
"""Layers from which not every one is named below the axis, nor its number written in a cell."""


def headline(profile: Profile, *, t: Translate = str) -> go.Figure:
    """What travels, task knowledge and domain evidence by layer, with bands and shuffled-label floors.

    Bands are 95 % bounds; below the dotted grey lines, with the open mark of the same shape, lie 95 % of
    the same probes of shuffled labels. The arrow names the layer that is best, the dotted upright is the
    last.
    """
    figure = go.Figure()
    shown = [measure for measure in HEADLINE if getattr(profile, measure.field).known]
    for measure in shown:
        band = getattr(profile, measure.field)
        floor = getattr(profile, measure.floor)
        figure.add_scatter(
            x=list(profile.layers), y=band.value, mode="lines+markers", name=t(measure.title),
            marker={"symbol": SYMBOLS[measure.field], "size": 9 if measure is shown[0] else 7},
            line={"width": 3 if measure is shown[0] else 1.5}, hovertemplate=HOVER,
            customdata=_hover(profile, t(measure.title), band, floor, t),
        )  # fmt: skip
    for number, measure in enumerate(shown):
        _band(figure, profile, getattr(profile, measure.field), t, named=number == 0)
    for number, measure in enumerate(shown):
        figure.add_scatter(
            x=list(profile.layers), y=getattr(profile, measure.floor), hoverinfo="skip",
            mode="lines+markers",
            marker={"symbol": f"{SYMBOLS[measure.field]}-open", "size": 6, "color": GREY},
            line={"dash": "dot", "color": GREY, "width": 1.5}, legendgroup="floor",
            name=t("shuffled labels: 95% lie below"), showlegend=number == 0,
        )  # fmt: skip
    _name_best(figure, profile, t)
    _below(figure, profile, t)
    figure.update_yaxes(title=t("Macro-F1, accuracy (0 to 1)"), tickformat=".2f", automargin=True)
    return framed(figure, 460)


def _hover(profile: Profile, title: str, band: Band, floor: Any, t: Translate) -> list[str]:
    words = t(
        "{measure}, layer {layer}<br>{value:.3f}, 95% between {low:.3f} and {high:.3f}<br>"
        "shuffled labels: {floor:.3f}"
    )
    return [
        words.format(
            measure=title, layer=layer, value=band.value[at], low=band.low[at], high=band.high[at],
            floor=floor[at],
        )
        for at, layer in enumerate(profile.layers)
    ]  # fmt: skip


def _band(figure: go.Figure, profile: Profile, band: Band, t: Translate, named: bool) -> None:
    there = np.flatnonzero(np.isfinite(band.value + band.low + band.high))
    layers = [profile.layers[place] for place in there]
    figure.add_scatter(
        x=[*layers, *reversed(layers)], y=[*band.high[there], *band.low[there][::-1]], fill="toself",
        fillcolor=PALE, mode="lines", line={"width": 0, "color": PALE}, hoverinfo="skip",
        name=t("95% between"), legendgroup="band", showlegend=named,
    )  # fmt: skip


def _name_best(figure: go.Figure, profile: Profile, t: Translate) -> None:
    ranking = profile.ranking
    if ranking.best is None:
        return
    words = t("travels best: layer {layer}") if ranking.pairs else t("best: layer {layer}")
    figure.add_annotation(
        x=ranking.layer, y=float(ranking.score.low[ranking.best]), text=words.format(layer=ranking.layer),
        ay=38, ax=0, arrowcolor=GREY,
    )  # fmt: skip


def _below(figure: go.Figure, profile: Profile, t: Translate) -> None:
    """The axis of layers, with the last one marked."""
    last = profile.layers[-1]
    figure.add_vline(x=last, line={"dash": "dot", "color": GREY, "width": 1})
    named = profile.layers if len(profile.layers) <= MANY else profile.layers[:-2:2]
    ticks = [str(layer) for layer in named if layer != last]
    figure.update_xaxes(
        title={"text": t("Layer (0: the embeddings)")}, automargin=True,
        tickvals=[*(layer for layer in named if layer != last), last],
        ticktext=[*ticks, f"{last}<br>{t('last layer')}"],
    )  # fmt: skip


def small(profile: Profile, measure: Measure, *, t: Translate = str) -> go.Figure | None:
    """One measure by layer, for a row of small pictures; None where it is known of no layer."""
    values = getattr(profile, measure.field)
    if values is None or not np.isfinite(values).any():
        return None
    figure = go.Figure()
    words = t("Layer {layer}: {value:.3f}")
    figure.add_scatter(
        x=list(profile.layers), y=values, mode="lines+markers", showlegend=False, hovertemplate=HOVER,
        customdata=[words.format(layer=layer, value=values[at]) for at, layer in enumerate(profile.layers)],
        name=t(measure.title),
    )  # fmt: skip
    if (errors := profile.errors.get(measure.field)) is not None:
        _band(figure, profile, Band(values, values - BOUND * errors, values + BOUND * errors), t, named=False)
    if (chance := _chance(profile, measure)) is not None:
        figure.add_scatter(
            x=[profile.layers[0], profile.layers[-1]], y=[chance, chance], mode="lines", showlegend=False,
            line={"dash": "dot", "color": GREY, "width": 1.5}, hovertemplate=HOVER, name=t("chance"),
            customdata=[t("Chance: {value:.3f}").format(value=chance)] * 2,
        )  # fmt: skip
    figure.update_xaxes(title={"text": t("Layer")}, dtick=1 if len(profile.layers) <= MANY else None)
    figure.update_yaxes(automargin=True, nticks=5, tickformat=".3~g")
    if measure.span:
        figure.update_yaxes(range=_room(measure.span, values))
    return framed(figure, 210)


def _chance(profile: Profile, measure: Measure) -> float | None:
    return {"purity_label": profile.chance[0], "purity_domain": profile.chance[1]}.get(measure.field)


def _room(span: tuple[float, float], values: NDArray[np.float64]) -> list[float]:
    """The span of a measure, and a little more where chance led beyond it."""
    margin = 0.04 * (span[1] - span[0])
    return [min(span[0], float(np.nanmin(values))) - margin, max(span[1], float(np.nanmax(values))) + margin]


def likeness(profile: Profile, *, t: Translate = str) -> go.Figure:
    """Debiased linear CKA of every two layers."""
    said = t("Layers {one} and {other}: {value:.3f} alike")
    names = [str(layer) for layer in profile.layers]
    figure = go.Figure(
        go.Heatmap(
            z=profile.cka, zmin=0, zmax=1, x=names, y=names, hoverongaps=False, hovertemplate=HOVER,
            texttemplate="%{z:.2f}" if len(names) <= MANY else None, colorscale=SEQUENTIAL,
            textfont={"color": INK},
            customdata=[
                [said.format(one=one, other=other, value=profile.cka[a, b]) for b, other in enumerate(names)]
                for a, one in enumerate(names)
            ],
            colorbar=scale(t("Debiased linear CKA (1: alike)")),
        )
    )  # fmt: skip
    axis = {"title": {"text": t("Layer")}, "type": "category", "automargin": True}
    figure.update_xaxes(axis)
    figure.update_yaxes(axis)
    return framed(figure, 120 + 42 * min(len(names), 14))
