"""What tuning does to the model: how far each layer moves, and what is forgotten."""

from __future__ import annotations

import plotly.graph_objects as go

from xfer_core.charts.colours import INK, SEQUENTIAL
from xfer_core.charts.frame import GREY, HOVER, Translate, framed, named_axis, safe, scale
from xfer_core.sweep.comparison import trained_layers
from xfer_core.sweep.results import Sweep


def shift(sweep: Sweep, *, t: Translate = str) -> go.Figure:
    """Debiased linear CKA of every layer's states before and after, shallow first; 1: not moved."""
    names = sorted(sweep.shift, key=lambda name: (trained_layers(name, sweep.depth), name))
    said = t("{strategy}, layer {layer}: {value:.3f} alike before and after")
    figure = go.Figure(
        go.Heatmap(
            z=[sweep.shift[name] for name in names],
            zmin=0,
            zmax=1,
            texttemplate="%{z:.2f}" if sweep.depth <= 12 else None,
            customdata=[
                [
                    said.format(strategy=safe(name), layer=layer, value=value)
                    for layer, value in enumerate(sweep.shift[name])
                ]
                for name in names
            ],
            hovertemplate=HOVER,
            hoverongaps=False,
            colorscale=SEQUENTIAL,
            textfont={"color": INK},
            colorbar=scale(t("Debiased linear CKA (1: not moved)")),
        )
    )  # fmt: skip
    figure.update_xaxes(title=t("Layer (0: the embeddings)"), dtick=1 if sweep.depth <= 12 else None)
    figure.update_yaxes(named_axis(names, t("Strategy"), autorange="reversed"))
    return framed(figure, 170 + 34 * max(1, len(names)))


def forgetting(sweep: Sweep, *, t: Translate = str) -> go.Figure:
    """Macro-F1 of a probe on the second corpus: bars after tuning, the dashed line before."""
    names = sorted(sweep.forgetting, key=lambda name: (trained_layers(name, sweep.depth), name))
    found = [sweep.forgetting[name] for name in names]
    said = t("{strategy}: {after:.3f} after, {before:.3f} before; layer {layer}, texts of {corpus}: {n}")
    figure = go.Figure(
        go.Bar(
            x=[each["after"] for each in found],
            y=list(range(len(names))),
            orientation="h",
            name=t("after tuning"),
            customdata=[
                said.format(
                    strategy=safe(name), after=each["after"], before=each["before"], layer=each["layer"],
                    n=each["n"], corpus=safe(each["corpus"]),
                )
                for name, each in zip(names, found, strict=True)
            ],
            hovertemplate=HOVER,
        )
    )  # fmt: skip
    if found:
        figure.add_scatter(
            x=[found[0]["before"]] * 2, y=[-0.5, len(names) - 0.5], mode="lines", name=t("before tuning"),
            line={"dash": "dash", "color": GREY}, hoverinfo="skip",
        )  # fmt: skip
    figure.update_layout(showlegend=True)
    figure.update_xaxes(title=t("Macro-F1 on the second corpus (0 to 1)"), range=[0, 1])
    figure.update_yaxes(named_axis(names, t("Strategy"), range=[len(names) - 0.5, -0.5]))
    return framed(figure, 160 + 32 * max(1, len(names)))
