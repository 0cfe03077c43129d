"""How well a probe trained in one domain reads another, layer by layer."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from xfer_core.analysis.transfer import TFIDF, Cell, Transfer
from xfer_core.charts.frame import (
    GREY,
    HOVER,
    PALE,
    Translate,
    framed,
    safe,
    short,
)
from xfer_core.charts.matrix import brief, known_range, matrix


def by_layer(result: Transfer, source: str | None = None, *, t: Translate = str) -> go.Figure:
    """Macro-F1 by layer: one line a target for *source*, or the mean of all pairs with their range.

    The dashed line is TF-IDF, the dotted one marks the last layer, the arrow names the best.
    """
    figure = go.Figure()
    best = _draw_mean(figure, result, t) if source is None else _draw_targets(figure, result, source, t)
    last = result.layers[-1]
    figure.add_vline(x=last, line={"dash": "dot", "color": GREY, "width": 1})
    layer, height = best
    figure.add_annotation(
        x=layer, y=height, text=t("best: layer {layer}").format(layer=layer), ay=-36, arrowcolor=GREY
    )
    # The note stands below the axis: within the picture it would lie on some line for some result.
    ticks = [str(each) for each in result.layers[:-1]] + [f"{last}<br>{t('last layer')}"]
    title = {"text": t("Layer (0: the embeddings)")}
    figure.update_xaxes(title=title, tickvals=list(result.layers), ticktext=ticks, automargin=True)
    figure.update_yaxes(title=t("Macro-F1 (0 to 1)"), tickformat=".2f")
    return framed(figure, 420)


def _draw_mean(figure: go.Figure, result: Transfer, t: Translate) -> tuple[int, float]:
    scores = np.array([result.macro_f1[pair] for pair in result.pairs()])
    mean, low, high = scores.mean(axis=0), scores.min(axis=0), scores.max(axis=0)
    words = t("Layer {layer}: {mean:.3f}, pairs from {low:.3f} to {high:.3f}")
    hover = [
        words.format(layer=layer, mean=mean[place], low=low[place], high=high[place])
        for place, layer in enumerate(result.layers)
    ]
    name = t("mean of {n} pairs of domains").format(n=len(scores))
    _line(figure, result.layers, mean[:TFIDF], hover, name)
    _reference(figure, result.layers, float(mean[TFIDF]), t)
    figure.add_scatter(
        x=[*result.layers, *reversed(result.layers)], y=[*high[:TFIDF], *low[:TFIDF][::-1]], fill="toself",
        fillcolor=PALE, line={"width": 0, "color": PALE}, mode="lines", hoverinfo="skip",
        name=t("lowest to highest pair"),
    )  # fmt: skip
    place = int(mean[:TFIDF].argmax())
    return result.layers[place], float(mean[place])


def _draw_targets(figure: go.Figure, result: Transfer, source: str, t: Translate) -> tuple[int, float]:
    cells: dict[str, list[Cell]] = {}
    for cell in result.cells():
        if cell.source == source:
            cells.setdefault(cell.target, []).append(cell)
    across = [target for target in cells if target != source]
    for target, row in cells.items():
        name = t("{domain} (its own)").format(domain=short(target)) if target == source else short(target)
        probes = [cell for cell in row if cell.layer != TFIDF]
        words = [_hover(cell, row[-1], t) for cell in probes]
        dash = "dash" if target == source else "solid"
        _line(figure, result.layers, np.array([cell.macro_f1 for cell in probes]), words, name, dash)
    tfidf = float(np.mean([cells[target][-1].macro_f1 for target in across]))
    _reference(figure, result.layers, tfidf, t)
    best = max((cell for target in across for cell in cells[target][:-1]), key=lambda cell: cell.macro_f1)
    return best.layer, best.macro_f1


def _hover(cell: Cell, tfidf: Cell, t: Translate) -> str:
    words = t(
        "{source} → {target}, layer {layer}<br>macro-F1 {score:.3f}, 95% between {low:.3f} and {high:.3f}"
        "<br>{n} texts tested; TF-IDF {tfidf:.3f}"
    )
    return words.format(
        source=safe(cell.source), target=safe(cell.target), layer=cell.layer, score=cell.macro_f1,
        low=cell.low, high=cell.high, n=cell.n, tfidf=tfidf.macro_f1,
    )  # fmt: skip


def _line(
    figure: go.Figure,
    layers: tuple[int, ...],
    scores: NDArray[np.float64],
    hover: list[str],
    name: str,
    dash: str = "solid",
) -> None:
    figure.add_scatter(
        x=list(layers), y=scores.tolist(), mode="lines+markers", name=name, customdata=hover,
        hovertemplate=HOVER, line={"dash": dash},
    )  # fmt: skip


def _reference(figure: go.Figure, layers: tuple[int, ...], score: float, t: Translate) -> None:
    figure.add_scatter(
        x=[layers[0], layers[-1]],
        y=[score, score],
        mode="lines",
        name=t("TF-IDF, words only"),
        line={"dash": "dash", "color": GREY},
        customdata=[t("TF-IDF: {score:.3f}").format(score=score)] * 2,
        hovertemplate=HOVER,
    )


def heat(
    result: Transfer,
    layer: int | str,
    *,
    range_: tuple[float, float] | None = None,
    t: Translate = str,
) -> go.Figure:
    """Macro-F1 of every source and target at a *layer* (``TFIDF``: the reference), or by a choice of layers.

    The colour range is that of all layers, so that one layer's picture compares with another's, or the
    *range_* given. Below the domains stand, where there are three or more, all but each of them.
    """
    places = _places(result, layer)
    words = t(
        "trained on {source}, tested on {target}, {layer}<br>"
        "macro-F1 {score:.3f}, 95% between {low:.3f} and {high:.3f}<br>{n} texts tested"
    )

    def cell(s: int, u: int, at: tuple[int, int, int]) -> tuple[list[str], str]:
        score, low, high = (float(each[at]) for each in (result.macro_f1, result.low, result.high))
        said = words.format(
            source=_source(result, s, t), target=safe(result.domains[u]), layer=_layer(result, at[2], t),
            score=score, low=low, high=high, n=result.tested[u],
        )  # fmt: skip
        return [f"{score:.2f}", f"{brief(low)}–{brief(high)}", t("n {n}").format(n=result.tested[u])], said

    title = t("Macro-F1 (0 to 1)")
    return _drawn(result, result.macro_f1, places, cell, title, range_=range_, t=t)


def gaps(
    result: Transfer,
    layer: int | str,
    *,
    range_: tuple[float, float] | None = None,
    t: Translate = str,
) -> go.Figure:
    """What training on the target's own texts would give on top, from the same layer."""
    places = _places(result, layer)
    words = t(
        "trained on {source}, tested on {target}, {layer}<br>"
        "{gap:+.3f} with labels of the target itself, 95% between {low:+.3f} and {high:+.3f}"
        "<br>{n} texts tested"
    )
    gap = result.gap

    def cell(s: int, u: int, at: tuple[int, int, int]) -> tuple[list[str], str]:
        low, high = _side(result.gap_low, at), _side(result.gap_high, at)
        said = words.format(
            source=_source(result, s, t), target=safe(result.domains[u]), layer=_layer(result, at[2], t),
            gap=float(gap[at]), low=low, high=high, n=result.tested[u],
        )  # fmt: skip
        return [
            f"{round(float(gap[at]), 2) + 0.0:+.2f}",
            f"{brief(low, sign=True)}…{brief(high, sign=True)}",
            t("n {n}").format(n=result.tested[u]),
        ], said

    title = t("Lost by not training in the target")
    return _drawn(result, gap, places, cell, title, apart=True, range_=range_, t=t)


def best(result: Transfer, *, t: Translate = str) -> go.Figure:
    """The layer that reads each target best, its colour the lead over the last layer."""
    places = result.choice("best")
    words = t(
        "trained on {source}, tested on {target}: {layer} is best, macro-F1 {score:.3f}, "
        "95% between {low:.3f} and {high:.3f}<br>"
        "{lead:+.3f} against the last layer, 95% between {lead_low:+.3f} and {lead_high:+.3f}<br>"
        "{n} texts tested, with which the layer was picked too"
    )
    lead = result.lead

    def cell(s: int, u: int, at: tuple[int, int, int]) -> tuple[list[str], str]:
        low, high = _side(result.lead_low, at), _side(result.lead_high, at)
        said = words.format(
            source=_source(result, s, t), target=safe(result.domains[u]), layer=_layer(result, at[2], t),
            score=float(result.macro_f1[at]), low=float(result.low[at]), high=float(result.high[at]),
            lead=float(lead[at]), lead_low=low, lead_high=high, n=result.tested[u],
        )  # fmt: skip
        return [
            str(result.layers[at[2]]),
            f"{lead[at]:+.2f}",
            f"{brief(low, sign=True)}…{brief(high, sign=True)}",
        ], said

    known = [lead[s, u, place] for (s, u), place in np.ndenumerate(places) if place >= 0]
    title = t("Lead of the best layer over the last")
    return _drawn(result, lead, places, cell, title, range_=(0.0, max([*known, 0.01])), t=t)


def _places(result: Transfer, layer: int | str) -> NDArray[np.int64]:
    """Places along the layers, int64 [sources, targets]; -2 where there is none (-1 is TF-IDF's)."""
    shape = result.macro_f1.shape[:2]
    if isinstance(layer, str):
        found = result.choice(layer)
        return np.where(found < 0, -2, found)
    return np.full(shape, len(result.layers) if layer == TFIDF else result.layers.index(layer))


def _drawn(
    result: Transfer,
    values: NDArray[np.float64],
    places: NDArray[np.int64],
    cell: Callable[[int, int, tuple[int, int, int]], tuple[list[str], str]],
    title: str,
    *,
    apart: bool = False,
    range_: tuple[float, float] | None = None,
    t: Translate,
) -> go.Figure:
    """The cells at *places* of *values* [sources, targets, layers + 1]; *cell* gives text and hover."""
    kept = np.take_along_axis(values, np.maximum(places, 0)[..., None], axis=2)[..., 0]
    shown = np.where(places < 0, np.nan, kept)
    names = [_named(result, s, t) for s in range(len(places))]
    return matrix(
        shown,
        names,
        result.domains,
        lambda s, u: cell(s, u, (s, u, int(places[s, u]))),
        title=title,
        range_=range_ or known_range(values),
        apart=apart,
        t=t,
    )


def _named(result: Transfer, source: int, t: Translate) -> str:
    size = len(result.domains)
    name = result.domains[source % size]
    return name if source < size else t("all but {domain}").format(domain=name)


def _source(result: Transfer, source: int, t: Translate) -> str:
    return safe(_named(result, source, t))


def _layer(result: Transfer, place: int, t: Translate) -> str:
    return "TF-IDF" if place == len(result.layers) else t("layer {n}").format(n=result.layers[place])


def _side(values: NDArray[np.float64] | None, at: tuple[int, int, int]) -> float:
    return float("nan") if values is None else float(values[at])
