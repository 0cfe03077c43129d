"""Who stays a text's neighbour from layer to layer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from xfer_core.analysis.neighbours import Neighbours
from xfer_core.charts.frame import GREY, HOVER, Translate, framed, safe, short

OFTEN = 0.5
"""Share of the layers in which a neighbour must be found to get a colour."""
COLOURS = 10
FAINT = "rgba(128, 132, 149, 0.45)"
TEXT = 160


def neighbours(
    near: Neighbours, texts: Sequence[str], labels: Sequence[str], t: Translate = str
) -> go.Figure:
    """Ranks of the neighbours in each layer, a line where one stays.

    Parameters
    ----------
    texts, labels : sequences of str
        Of the texts on the map, untrusted; a label is empty where there is none.
    """
    layers, k = near.rows.shape
    figure = go.Figure()
    found, counts = np.unique(near.rows, return_counts=True)
    ranking = found[np.argsort(-counts, kind="stable")]
    often = [int(row) for row in ranking if (near.rows == row).sum() >= max(2, OFTEN * layers)][:COLOURS]
    for row in (int(each) for each in ranking[::-1]):
        place = [np.flatnonzero(near.rows[layer] == row) for layer in range(layers)]
        ranks = [int(at[0]) + 1 if len(at) else None for at in place]
        figure.add_trace(
            go.Scatter(
                x=list(near.layers), y=ranks, mode="lines+markers", connectgaps=False,
                showlegend=row in often, name=short(texts[row]),
                line={"width": 3 if row in often else 1.5, "color": None if row in often else FAINT},
                marker={"size": 11 if row in often else 8, "color": None if row in often else GREY},
                customdata=[
                    _words(near, layer, rank, texts[row], labels[row], t) for layer, rank in enumerate(ranks)
                ],
                hovertemplate=HOVER,
            )
        )  # fmt: skip
    for layer, share in enumerate(near.stays):
        figure.add_annotation(
            x=(near.layers[layer] + near.layers[layer + 1]) / 2, y=0.35, text=f"{share:.0%}", showarrow=False,
            font={"size": 12},
        )  # fmt: skip
    figure.update_xaxes(title=t("Layer (0: the embeddings)"), tickvals=list(near.layers), showgrid=False)
    figure.update_yaxes(
        title=t("Rank among the neighbours"),
        range=[k + 0.6, 0],
        tickvals=list(range(1, k + 1)),
        showgrid=False,
    )
    framed(figure, 140 + 30 * k)
    return figure.update_layout(legend={"orientation": "h", "y": -0.22, "yanchor": "top"})


def _words(near: Neighbours, layer: int, rank: int | None, text: str, label: str, t: Translate) -> str:
    if rank is None:
        return ""
    said = t("Layer {layer}, rank {rank}, distance {distance}").format(
        layer=near.layers[layer], rank=rank, distance=f"{near.distances[layer, rank - 1]:.3f}"
    )
    lines = [safe(text[start : start + 60]) for start in range(0, min(len(text), TEXT), 60)]
    return "<br>".join([said, *([safe(label)] if label else []), *lines])
