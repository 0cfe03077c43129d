"""How well a probe trained in one domain reads another, layer by layer."""

from __future__ import annotations

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
    named_axis,
    named_below,
    safe,
    scale,
    short,
)


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
    n = len(scores)
    name = t("mean of {n} pairs of domains") if len(result.domains) > 1 else t("within the domain")
    _line(figure, result.layers, mean[:TFIDF], hover, name.format(n=n))
    _reference(figure, result.layers, float(mean[TFIDF]), t)
    if n > 1:
        figure.add_scatter(
            x=[*result.layers, *reversed(result.layers)],
            y=[*high[:TFIDF], *low[:TFIDF][::-1]],
            fill="toself",
            fillcolor=PALE,
            line={"width": 0, "color": PALE},
            mode="lines",
            hoverinfo="skip",
            name=t("lowest to highest pair"),
        )
    place = int(mean[:TFIDF].argmax())
    return result.layers[place], float(mean[place])


def _draw_targets(figure: go.Figure, result: Transfer, source: str, t: Translate) -> tuple[int, float]:
    cells: dict[str, list[Cell]] = {}
    for cell in result.cells():
        if cell.source == source:
            cells.setdefault(cell.target, []).append(cell)
    across = [target for target in cells if target != source] or [source]
    for target, row in cells.items():
        name = t("{domain} (its own)").format(domain=short(target)) if target == source else short(target)
        probes = [cell for cell in row if cell.layer != TFIDF]
        words = [_hover(cell, row[-1], t) for cell in probes]
        dash = "dash" if target == source and len(cells) > 1 else "solid"
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


def heat(result: Transfer, layer: int, *, t: Translate = str) -> go.Figure:
    """Macro-F1 of every source and target at one *layer* (``TFIDF`` for the reference), numbers in the cells.

    The colour range is that of all layers, so that one layer's picture compares with another's.
    """
    place = TFIDF if layer == TFIDF else result.layers.index(layer)
    scores = result.macro_f1[:, :, place]
    words = t(
        "trained on {source}, tested on {target}<br>"
        "macro-F1 {score:.3f}, 95% between {low:.3f} and {high:.3f}<br>{n} texts tested"
    )
    hover = [
        [
            words.format(
                source=safe(source), target=safe(target), score=scores[s, u], low=result.low[s, u, place],
                high=result.high[s, u, place], n=result.tested[u],
            )
            for u, target in enumerate(result.domains)
        ]
        for s, source in enumerate(result.domains)
    ]  # fmt: skip
    figure = go.Figure(
        go.Heatmap(
            z=scores,
            zmin=float(np.nanmin(result.macro_f1)),
            zmax=float(np.nanmax(result.macro_f1)),
            texttemplate="%{z:.2f}" if len(result.domains) <= 12 else None,
            customdata=hover,
            hovertemplate=HOVER,
            hoverongaps=False,
            colorbar=scale(t("Macro-F1 (0 to 1)")),
        )
    )
    figure.update_xaxes(named_below(result.domains, t("Tested on")))
    figure.update_yaxes(named_axis(result.domains, t("Trained on"), autorange="reversed"))
    return framed(figure, 210 + 44 * min(len(result.domains), 16))
