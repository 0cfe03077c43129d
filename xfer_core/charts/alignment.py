"""What bridging two domains did: gains by layer, scores before and after, and where the texts lie."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from xfer_core.analysis.alignment import METHODS, NONE, Alignment
from xfer_core.analysis.pairs import Pairs
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
from xfer_core.charts.matrix import APART

SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross", "star", "x")


def gains(found: Alignment, chosen: str = "", *, t: Translate = str) -> go.Figure:
    """Gain of every method by layer, over no adaptation on the same layer; bars are the 95 % intervals.

    Methods stand side by side around each layer; *chosen* is drawn in full, the others fainter. The dotted
    line is the room there is, up to a probe trained on labels of the target.
    """
    figure = go.Figure()
    acting = [name for name in found.methods if name != NONE]
    figure.add_hline(y=0, line={"color": GREY, "width": 1})
    for place, name in enumerate(acting):
        row = found.methods.index(name)
        middle = found.gain[row]
        shift = 0.7 * (place - (len(acting) - 1) / 2) / max(1, len(acting))
        figure.add_scatter(
            x=[at + shift for at in range(len(found.layers))], y=middle, mode="markers",
            name=t(METHODS[name].title),
            marker={"symbol": SYMBOLS[place % len(SYMBOLS)], "size": 9 if name == chosen else 7},
            opacity=1 if name == chosen or not chosen else 0.55,
            error_y={"type": "data", "symmetric": False, "array": found.gain_high[row] - middle,
                     "arrayminus": middle - found.gain_low[row], "thickness": 2 if name == chosen else 1,
                     "width": 0},
            customdata=[_gain_hover(found, name, layer, t) for layer in found.layers], hovertemplate=HOVER,
        )  # fmt: skip
    _room(figure, found, t)
    figure.update_xaxes(
        title={"text": t("Layer (0: the embeddings)")}, tickvals=list(range(len(found.layers))),
        ticktext=[str(layer) for layer in found.layers], showgrid=False,
    )  # fmt: skip
    figure.update_yaxes(
        title={"text": t("Gain in macro-F1 on the target")}, tickformat="+.2f", zeroline=False
    )
    return framed(figure, 460)


def _gain_hover(found: Alignment, method: str, layer: int, t: Translate) -> str:
    at = found.at(method, layer)
    return t(
        "{method}, layer {layer}<br>gain {gain:+.3f}, 95% between {low:+.3f} and {high:+.3f}"
        "<br>macro-F1 {before:.3f} before, {after:.3f} after"
    ).format(
        method=t(METHODS[method].title), layer=layer, gain=found.gain[at], low=found.gain_low[at],
        high=found.gain_high[at], before=found.macro_f1[found.at(NONE, layer)], after=found.macro_f1[at],
    )  # fmt: skip


def _room(figure: go.Figure, found: Alignment, t: Translate) -> None:
    room = found.ceiling - found.macro_f1[found.methods.index(NONE)]
    words = t("Layer {layer}: a probe trained on labels of the target is {room:+.3f} above no adaptation")
    hover = [words.format(layer=layer, room=each) for layer, each in zip(found.layers, room, strict=True)]
    figure.add_scatter(
        x=list(range(len(found.layers))), y=room, mode="lines", name=t("trained on target labels"),
        line={"dash": "dot", "color": GREY}, hovertemplate=HOVER,
        customdata=hover,
    )  # fmt: skip


def before_after(found: Alignment, method: str, layer: int, *, t: Translate = str) -> go.Figure:
    """Macro-F1 in both domains before and after, with 95 % bounds, and trained on labels of the target."""
    place = found.layers.index(layer)
    scores = found.scores(method, layer)
    figure = go.Figure()
    domains = ("source", "target")
    names = [short(found.source), short(found.target)]
    for when, name in (("before", t("before")), ("after", t("after"))):
        each = [scores[when][domain] for domain in domains]
        hover = [_bar_hover(domain, name, score, t) for domain, score in zip(names, each, strict=True)]
        figure.add_bar(
            x=[0, 1], y=[score["macro_f1"] for score in each], name=name,
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


def places(found: Alignment, method: str, layer: int, *, t: Translate = str) -> go.Figure:
    """Texts of both domains before (left) and after (right), in one plane and to one scale.

    The plane is that of the two main directions before anything moved. Colour is the domain, shape the label.
    Both halves stand in one pair of axes, so that a domain is one trace, whose colour the theme gives.
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
            x=np.concatenate([shown[0, mine, 0], shown[1, mine, 0] + step]),
            y=np.concatenate([shown[0, mine, 1], shown[1, mine, 1]]),
            mode="markers", name=short(name), opacity=0.6, customdata=[*words, *words], hovertemplate=HOVER,
            marker={"size": 6, "symbol": [_symbol(code) for code in (*labels, *labels)]},
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
            textfont={"color": "#0f1817"},
        )
    )  # fmt: skip
    names = [f"{source} → {target}" for source, target in found.pairs]
    figure.update_yaxes(named_axis(names, t("Source → target"), autorange="reversed"))
    named = [t(METHODS[name].title) for name in acting]
    figure.update_xaxes(
        named_below(named, t("Method")), ticktext=[name.replace(" ", "<br>", 1) for name in named]
    )
    return framed(figure, 230 + 28 * min(len(names), 24))
