"""What is known of a model on some texts before any of it is trained."""

from __future__ import annotations

import plotly.graph_objects as go

from xfer_core.charts.frame import GREY, HOVER, Translate, framed
from xfer_core.sweep.results import Sweep


def evidence(sweep: Sweep, *, t: Translate = str) -> go.Figure:
    """Test macro-F1 of a probe on each layer, and TF-IDF as a grey line across.

    The layer that the validation texts chose is marked; the test texts may prefer another one.
    """
    layers = [int(probe["layer"]) for probe in sweep.probes]
    scores = [float(probe["macro_f1"]) for probe in sweep.probes]
    words = t("Layer {layer}: macro-F1 {score:.3f} on test, {validation:.3f} on validation")
    hover = [
        words.format(layer=probe["layer"], score=probe["macro_f1"], validation=probe["validation_macro_f1"])
        for probe in sweep.probes
    ]
    chosen = sweep.references.get("untuned_probe", {}).get("layer")
    figure = go.Figure()
    figure.add_scatter(
        x=layers, y=scores, mode="lines+markers", name=t("probe on the untuned model"), customdata=hover,
        hovertemplate=HOVER, marker={"size": [13 if layer == chosen else 7 for layer in layers]},
    )  # fmt: skip
    if tfidf := sweep.references.get("tfidf"):
        score = float(tfidf["macro_f1"])
        figure.add_scatter(
            x=[0, max(sweep.depth, 1)], y=[score, score], mode="lines", name=t("TF-IDF, words only"),
            line={"dash": "dash", "color": GREY}, hovertemplate=HOVER,
            customdata=[t("TF-IDF: {score:.3f}").format(score=score)] * 2,
        )  # fmt: skip
    # Axes and legend of the whole picture from the first line on: nothing jumps when the probes come.
    figure.update_xaxes(
        title={"text": t("Layer (0: the embeddings)")}, automargin=True,
        tickvals=list(range(sweep.depth + 1)), range=[-0.3, max(sweep.depth, 1) + 0.3],
    )  # fmt: skip
    figure.update_yaxes(title=t("Macro-F1 (0 to 1)"), tickformat=".2f", range=None if layers else [0, 1])
    figure.update_layout(showlegend=True)
    return framed(figure, 340)
