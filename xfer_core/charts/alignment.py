"""What bridging two domains did: gains by layer, scores before and after, and where the texts lie."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from xfer_core.analysis.alignment import METHODS, NONE, Alignment, Pairs
from xfer_core.charts.colours import APART, INK, SEQUENTIAL
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
from xfer_core.i18n import N_

SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross", "star", "x")


RESULTS = {
    "helps": (N_("clearly above"), "triangle-up"),
    "hurts": (N_("clearly below"), "triangle-down"),
    "open": (N_("cannot be told"), "circle"),
}
"""What the interval of a gain says → in the legend, and as a mark."""
STRIP = 92
"""Pixels of one method's strip."""


def gains(found: Alignment, chosen: str = "", *, t: Translate = str) -> go.Figure:
    """Gain by layer, over no adaptation on the same layer: a strip a method, lines are the 95 % intervals.

    All strips have one scale and stand in one pair of axes, below each other, so that a phone shows them as a
    wide page does. Marks say whether the interval holds 0; the strip of *chosen* is shaded. The dotted line
    is the room there is, up to a probe trained on labels of the target.
    """
    acting = [name for name in found.methods if name != NONE]
    rows = np.array([found.methods.index(name) for name in acting])
    room = found.ceiling - found.macro_f1[found.methods.index(NONE)]
    low = min(0.0, float(np.nanmin(found.gain_low[rows], initial=0.0)))
    high = float(np.nanmax([*found.gain_high[rows].ravel(), *room], initial=0.01))
    height = 1.35 * (high - low)  # above each strip, its method's name
    figure = go.Figure()
    for place, name in enumerate(acting):
        at = -place * height
        figure.add_hline(y=at, line={"color": GREY, "width": 1})
        figure.add_annotation(
            x=0, xref="paper", xanchor="left", y=at + high + 0.24 * height, yanchor="top",
            text=t(METHODS[name].title), showarrow=False,
        )  # fmt: skip
        if name == chosen:
            figure.add_hrect(
                y0=at + low - 0.02 * height, y1=at + low + 0.98 * height, fillcolor=PALE, line_width=0,
                layer="below",
            )  # fmt: skip
    for result, (word, symbol) in RESULTS.items():
        cells = [
            (place, layer)
            for layer in range(len(found.layers))
            for place, name in enumerate(acting)
            if found.verdict(name, found.layers[layer]) == result
        ]
        marker = {"symbol": symbol, "size": 9} | ({"color": GREY} if result == "open" else {})
        _marks(figure, found, cells, rows, height, t).update(name=t(word), marker=marker)
    _room(figure, found, room, [-place * height for place in range(len(acting))], t)
    _strips(figure, found, len(acting), height, (low, high), t)
    return framed(figure, 150 + STRIP * len(acting)).update_layout(showlegend=True)


def _marks(
    figure: go.Figure,
    found: Alignment,
    cells: list[tuple[int, int]],
    rows: NDArray[np.int64],
    height: float,
    t: Translate,
) -> Any:
    """One trace of all *cells* (method among *rows*, layer) whose intervals say the same."""
    at = tuple(np.array([(rows[place], layer) for place, layer in cells], int).reshape(-1, 2).T)
    middle = found.gain[at]
    figure.add_scatter(
        x=[layer for _, layer in cells],
        y=middle - height * np.array([place for place, _ in cells]),
        mode="markers",
        error_y={
            "type": "data", "symmetric": False, "array": found.gain_high[at] - middle,
            "arrayminus": middle - found.gain_low[at], "thickness": 1.5, "width": 0,
        },
        customdata=[
            _gain_hover(found, found.methods[rows[place]], found.layers[layer], t) for place, layer in cells
        ],
        hovertemplate=HOVER,
    )  # fmt: skip
    return figure.data[-1]


def _strips(
    figure: go.Figure, found: Alignment, count: int, height: float, ends: tuple[float, float], t: Translate
) -> None:
    """The axes: layers below, and in every strip 0 and one round number to either side where it has room."""
    low, high = ends
    step = float(f"{max(high, -low) / 1.5:.0e}")
    ticks = [each for each in (-step, 0.0, step) if low - 0.1 * step <= each <= high + 0.1 * step]
    figure.update_xaxes(
        title={"text": t("Layer (0: the embeddings)")}, tickvals=list(range(len(found.layers))),
        ticktext=[str(layer) for layer in found.layers], showgrid=False, zeroline=False,
        range=[-0.5, len(found.layers) - 0.5],
    )  # fmt: skip
    figure.update_yaxes(
        title={"text": t("Gain in macro-F1 on the target")}, zeroline=False, showgrid=False,
        tickvals=[each - place * height for place in range(count) for each in ticks],
        ticktext=[f"{each:+.2g}" if each else "0" for _ in range(count) for each in ticks],
        range=[(1 - count) * height + low - 0.03 * height, high + 0.27 * height],
    )  # fmt: skip


def _gain_hover(found: Alignment, method: str, layer: int, t: Translate) -> str:
    at = found.at(method, layer)
    return t(
        "{method}, layer {layer}<br>gain {gain:+.3f}, 95% between {low:+.3f} and {high:+.3f}"
        "<br>macro-F1 {before:.3f} before, {after:.3f} after"
    ).format(
        method=t(METHODS[method].title), layer=layer, gain=found.gain[at], low=found.gain_low[at],
        high=found.gain_high[at], before=found.macro_f1[found.at(NONE, layer)], after=found.macro_f1[at],
    )  # fmt: skip


def _room(
    figure: go.Figure, found: Alignment, room: NDArray[np.float64], bases: list[float], t: Translate
) -> None:
    """The line of *room* [layers] in every strip, whose 0 stands at its base; one trace, broken between."""
    words = t("Layer {layer}: a probe trained on labels of the target is {room:+.3f} above no adaptation")
    hover = [words.format(layer=layer, room=each) for layer, each in zip(found.layers, room, strict=True)]
    figure.add_scatter(
        x=[*range(len(found.layers)), None] * len(bases),
        y=[each for base in bases for each in (*(base + room), None)],
        mode="lines", name=t("trained on target labels"), line={"dash": "dot", "color": GREY},
        hovertemplate=HOVER, customdata=[*hover, ""] * len(bases),
    )  # fmt: skip


def before_after(found: Alignment, method: str, layer: int, *, t: Translate = str) -> go.Figure:
    """Macro-F1 in both domains before and after, with 95 % bounds, and trained on labels of the target.

    A target that cannot be scored has its name and no bars.
    """
    place = found.layers.index(layer)
    scores = found.scores(method, layer)
    figure = go.Figure()
    domains = ("source", "target")
    names = [short(found.source), short(found.target)]
    for when, name in (("before", t("before")), ("after", t("after"))):
        each = [score for domain in domains if (score := scores[when][domain]) is not None]
        hover = [_bar_hover(domain, name, score, t) for domain, score in zip(names, each, strict=False)]
        figure.add_bar(
            x=list(range(len(each))), y=[score["macro_f1"] for score in each], name=name,
            error_y={"type": "data", "symmetric": False, "color": GREY,
                     "array": [score["high"] - score["macro_f1"] for score in each],
                     "arrayminus": [score["macro_f1"] - score["low"] for score in each]},
            customdata=hover, hovertemplate=HOVER, text=[f"{score['macro_f1']:.2f}" for score in each],
            textposition="inside", insidetextanchor="start", textangle=0,
        )  # fmt: skip
    ceiling = found.ceiling[place]
    if not np.isnan(ceiling):
        figure.add_scatter(
            x=[0.55, 1.45], y=[ceiling, ceiling], mode="lines", name=t("trained on target labels"),
            line={"dash": "dot", "color": GREY}, hovertemplate=HOVER,
            customdata=[t("A probe trained on labels of the target: {score:.3f}").format(score=ceiling)] * 2,
        )  # fmt: skip
    figure.update_xaxes(
        title={"text": t("Domain")}, tickvals=[0, 1], range=[-0.6, 1.6],
        ticktext=[t("{domain}<br>(source)").format(domain=names[0]),
                  t("{domain}<br>(target)").format(domain=names[1])],
    )  # fmt: skip
    figure.update_yaxes(title={"text": t("Macro-F1 (0 to 1)")}, range=[0, 1.02], tickformat=".1f")
    return framed(figure, 360)


def _bar_hover(domain: str, when: str, score: dict[str, float], t: Translate) -> str:
    words = t("{domain}, {when}: macro-F1 {score:.3f}, 95% between {low:.3f} and {high:.3f}")
    return words.format(
        domain=domain, when=when, score=score["macro_f1"], low=score["low"], high=score["high"]
    )


def surest(found: Alignment, *, t: Translate = str) -> go.Figure:
    """What methods and layers can be chosen by without labels of the target: high is sure and varied."""
    named = [t(METHODS[name].title) for name in found.methods]
    words = t("{method}, layer {layer}: {value:.3f} nats")
    figure = go.Figure(
        go.Heatmap(
            z=found.label_free, colorscale=SEQUENTIAL, texttemplate="%{z:.2f}", textfont={"color": INK},
            hovertemplate=HOVER, hoverongaps=False, colorbar=scale(t("Mutual information (nats)")),
            customdata=[
                [words.format(method=name, layer=layer, value=found.label_free[row, at])
                 for at, layer in enumerate(found.layers)]
                for row, name in enumerate(named)
            ],
        )
    )  # fmt: skip
    figure.update_yaxes(named_axis(named, t("Method"), autorange="reversed"))
    figure.update_xaxes(
        title={"text": t("Layer (0: the embeddings)")}, tickvals=list(range(len(found.layers))),
        ticktext=[str(layer) for layer in found.layers], showgrid=False,
    )  # fmt: skip
    return framed(figure, 170 + 30 * len(named))


def places(found: Alignment, method: str, layer: int, *, t: Translate = str) -> go.Figure:
    """Texts of both domains before (left) and after (right), in one plane and to one scale.

    The plane is that of the two main directions before anything moved. Colour is the domain, shape the label.
    Both halves stand in one pair of axes, so that a domain is one trace, whose colour the theme gives. The
    legend shows a trace's first point, which therefore is a circle that lies nowhere.
    """
    halves = np.stack([found.places[found.at(name, layer)] for name in (NONE, method)])
    low, high = np.nanquantile(halves.reshape(-1, 2), [0.005, 0.995], axis=0)
    width, height = np.maximum(high - low, 1e-9)
    step = 1.15 * width
    shown = np.clip(halves, low - 0.05 * (high - low), high + 0.05 * (high - low))
    figure = go.Figure()
    for domain, name in enumerate((found.source, found.target)):
        mine = found.place_domain == domain
        labels = found.place_label[mine]
        words = [f"{safe(name)}, {_label(found, code, t)}" for code in labels]
        figure.add_scatter(
            x=np.concatenate([[np.nan], shown[0, mine, 0], shown[1, mine, 0] + step]),
            y=np.concatenate([[np.nan], shown[0, mine, 1], shown[1, mine, 1]]),
            mode="markers", name=short(name), opacity=0.6, hovertemplate=HOVER,
            customdata=["", *words, *words],
            marker={"size": 6, "symbol": ["circle", *(_symbol(code) for code in (*labels, *labels))]},
        )  # fmt: skip
    for code, label in enumerate(found.labels[: len(SYMBOLS)]):  # what the shapes mean; nothing is drawn
        marker = {"symbol": _symbol(code), "color": GREY}
        figure.add_scatter(x=[None], y=[None], mode="markers", name=short(label), marker=marker)
    for place, word in enumerate((t("before"), t("after"))):
        figure.add_annotation(
            x=(low[0] + high[0]) / 2 + place * step, y=high[1] + 0.12 * height, text=word, showarrow=False
        )
    figure.add_vline(x=(low[0] + high[0] + step) / 2, line={"color": PALE, "width": 1})
    hidden: dict[str, Any] = {"showticklabels": False, "zeroline": False, "showgrid": False}
    figure.update_xaxes(title={"text": t("First main direction")}, **hidden)
    figure.update_yaxes(title={"text": t("Second main direction")}, **hidden)
    return framed(figure, 380)


def _label(found: Alignment, code: int, t: Translate) -> str:
    return safe(found.labels[code]) if code >= 0 else t("no label")


def _symbol(code: int) -> str:
    return SYMBOLS[code % len(SYMBOLS)] if code >= 0 else "circle-open"


def pairs(found: Pairs, layer: int, *, t: Translate = str) -> go.Figure:
    """Gain of every method in every pair of domains at one *layer*; numbers in the cells."""
    place = found.layers.index(layer)
    acting = [name for name in found.methods if name != NONE]
    rows = [found.methods.index(name) for name in acting]
    shown = found.gain[:, rows, place]
    words = t("{source} → {target}, {method}<br>gain {gain:+.3f}, 95% between {low:+.3f} and {high:+.3f}")
    hover = [
        [
            words.format(
                source=safe(source), target=safe(target), method=t(METHODS[name].title),
                gain=found.gain[i, row, place], low=found.gain_low[i, row, place],
                high=found.gain_high[i, row, place],
            )
            for name, row in zip(acting, rows, strict=True)
        ]
        for i, (source, target) in enumerate(found.pairs)
    ]  # fmt: skip
    largest = float(np.nanmax(np.abs(shown), initial=0.01))
    figure = go.Figure(
        go.Heatmap(
            z=shown, zmin=-largest, zmax=largest, zmid=0, customdata=hover, colorscale=APART,
            texttemplate="%{z:+.2f}" if len(found.pairs) <= 30 else None, hovertemplate=HOVER,
            hoverongaps=False, colorbar=scale(t("Gain in macro-F1 on the target")),
            textfont={"color": INK},
        )
    )  # fmt: skip
    names = [f"{source} → {target}" for source, target in found.pairs]
    figure.update_yaxes(named_axis(names, t("Source → target"), autorange="reversed"))
    named = [t(METHODS[name].title) for name in acting]
    figure.update_xaxes(
        named_below(named, t("Method")), ticktext=[name.replace(" ", "<br>", 1) for name in named]
    )
    return framed(figure, 230 + 28 * min(len(names), 24))
