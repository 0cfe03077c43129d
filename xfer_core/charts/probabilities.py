"""What a classifier makes of one text."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go

from xfer_core.charts.frame import HOVER, Translate, framed, named_axis, safe

SHOWN = 15


def probabilities(prediction: Mapping[str, float], *, t: Translate = str) -> go.Figure:
    """Bars of label → probability, the likeliest first; the least likely of many are one bar together."""
    ranked = sorted(prediction.items(), key=lambda item: -item[1])
    if len(ranked) > SHOWN:
        rest = ranked[SHOWN - 1 :]
        other = t("{n} other labels").format(n=len(rest))
        ranked = [*ranked[: SHOWN - 1], (other, sum(share for _, share in rest))]
    labels = [label for label, _ in ranked]
    shares = [float(share) for _, share in ranked]
    words = t("{label}: {share:.1%}")
    figure = go.Figure(
        go.Bar(
            x=shares,
            y=list(range(len(labels))),
            orientation="h",
            text=[f"{share:.1%}" for share in shares],
            textposition="auto",
            customdata=[words.format(label=safe(label), share=share) for label, share in ranked],
            hovertemplate=HOVER,
            showlegend=False,
        )
    )
    figure.update_xaxes(title=t("Probability"), range=[0, 1], tickformat=".0%")
    figure.update_yaxes(named_axis(labels, "", autorange="reversed"))
    return framed(figure, 100 + 32 * len(labels))
