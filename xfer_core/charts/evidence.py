"""What is known of a model on some texts before any of it is trained."""

from __future__ import annotations

import plotly.graph_objects as go

from xfer_core.charts.frame import GREY, HOVER, Translate, framed
from xfer_core.sweep.results import Sweep


def evidence(sweep: Sweep, *, t: Translate = str) -> go.Figure:
    """Validation macro-F1 of a probe on each layer, the chosen layer's on test, and TF-IDF as grey lines.

    The validation texts choose the layer, so theirs is the line; test texts are shown for that layer only.
    """
    layers = [int(probe["layer"]) for probe in sweep.probes]
    hover = [
        t("Layer {layer}: macro-F1 {score:.3f} on validation").format(
            layer=probe["layer"], score=probe["validation_macro_f1"]
        )
        for probe in sweep.probes
    ]
    chosen = sweep.references.get("untuned_probe", {}).get("layer")
    figure = go.Figure()
    figure.add_scatter(
        x=layers, y=[float(probe["validation_macro_f1"]) for probe in sweep.probes], mode="lines+markers",
        name=t("probes, validation"), customdata=hover, hovertemplate=HOVER,
        marker={"size": [13 if layer == chosen else 7 for layer in layers]},
    )  # fmt: skip
    if chosen in layers:
        score = float(sweep.probes[layers.index(chosen)]["macro_f1"])
        figure.add_scatter(
            x=[chosen], y=[score], mode="markers", name=t("chosen layer, test"), hovertemplate=HOVER,
            customdata=[t("Layer {layer}: macro-F1 {score:.3f} on test").format(layer=chosen, score=score)],
            marker={"symbol": "diamond-open", "size": 13, "line": {"width": 2}},
        )  # fmt: skip
    tfidf = sweep.references.get("tfidf", {})
    for measure, dash, name in (
        ("validation_macro_f1", "dash", t("TF-IDF, validation")), ("macro_f1", "dot", t("TF-IDF, test")),
    ):  # fmt: skip
        if measure in tfidf:
            score = float(tfidf[measure])
            figure.add_scatter(
                x=[0, max(sweep.depth, 1)], y=[score, score], mode="lines", name=name,
                line={"dash": dash, "color": GREY}, hovertemplate=HOVER,
                customdata=[t("{name}: {score:.3f}").format(name=name, score=score)] * 2,
            )  # fmt: skip
    # Axes and legend of the whole picture from the first line on: nothing jumps when the probes come.
    figure.update_xaxes(
        title={"text": t("Layer (0: the embeddings)")}, automargin=True,
        tickvals=list(range(sweep.depth + 1)), range=[-0.3, max(sweep.depth, 1) + 0.3],
    )  # fmt: skip
    figure.update_yaxes(title=t("Macro-F1 (0 to 1)"), tickformat=".2f", range=None if layers else [0, 1])
    figure.update_layout(showlegend=True)
    return framed(figure, 340)
