"""How alike all heads are, as a heat map with alike heads side by side."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from xfer_core.charts.frame import HOVER, Translate, framed, named_axis, named_below, scale


def head_similarity(
    distances: NDArray[np.float64], order: NDArray[np.int64], heads: int, *, t: Translate = str
) -> go.Figure:
    """Every pair of heads by the distance of their rows.

    Parameters
    ----------
    distances : float64 [layers · heads, layers · heads]
        Jensen–Shannon divergence in bits: 0 the same, 1 nothing in common.
    order : int64 [layers · heads]
        The heads in the order in which they stand.
    heads : int
        Of a layer; a head is called ``4.7``, layer and head from 1.
    """
    names = [f"{index // heads + 1}.{index % heads + 1}" for index in order]
    values = distances[np.ix_(order, order)]
    said = t("{one} and {other}: {bits} bits")
    hovers = [
        [
            said.format(one=one, other=other, bits=f"{value:.3f}")
            for other, value in zip(names, row, strict=True)
        ]
        for one, row in zip(names, values, strict=True)
    ]
    figure = go.Figure(
        go.Heatmap(
            z=values.astype(np.float32), zmin=0.0, zmax=float(values.max()) or 1.0, reversescale=True,
            customdata=hovers, hovertemplate=HOVER,
            colorbar=scale(t("Bits apart; dark is alike")),
        )
    )  # fmt: skip
    figure.update_xaxes(named_below(names, t("Head")))
    figure.update_yaxes(named_axis(names, t("Head"), autorange="reversed"))
    return framed(figure, 640)
