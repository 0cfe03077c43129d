"""How well each class is found."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go

from xfer_core.charts.frame import HOVER, Translate, framed, named_axis, safe


def per_class(scores: Mapping[str, Mapping[str, float]], *, t: Translate = str) -> go.Figure:
    """Bars of precision, recall and F1 for each class: label → {precision, recall, f1, support}."""
    labels = list(scores)
    words = t("{label}: {measure} {score:.3f}, {n} texts tested")
    figure = go.Figure(
        [
            go.Bar(
                x=[float(scores[label][key]) for label in labels],
                y=list(range(len(labels))),
                orientation="h",
                name=measure,
                customdata=[
                    words.format(
                        label=safe(label), measure=measure, score=scores[label][key],
                        n=int(scores[label]["support"]),
                    )
                    for label in labels
                ],
                hovertemplate=HOVER,
            )
            for key, measure in (("precision", t("precision")), ("recall", t("recall")), ("f1", t("F1")))
        ]
    )  # fmt: skip
    figure.update_layout(barmode="group", legend_traceorder="normal")
    figure.update_xaxes(title=t("Score (0 to 1)"), range=[0, 1])
    figure.update_yaxes(named_axis(labels, t("Label"), autorange="reversed"))
    return framed(figure, 140 + 52 * min(len(labels), 40))
