"""How long the texts are, and how much a maximum length cuts off."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from xfer_core.charts.frame import GREY, HOVER, Translate, framed

BARS = 40


def lengths(tokens: NDArray[np.int32], max_length: int, *, t: Translate = str) -> go.Figure:
    """Histogram of *tokens* [n], with the cut at *max_length* and the share of texts beyond it.

    A few very long texts would squeeze all others into one bar: the last bar holds whatever is longer than
    twice the 99th percentile.
    """
    longest = int(min(tokens.max(), max(2 * np.quantile(tokens, 0.99), 1.2 * max_length)))
    width = -(-longest // BARS)
    starts = np.arange(0, longest + 1, width)
    bars = np.minimum(tokens // width, len(starts) - 1)
    counts = np.bincount(bars, minlength=len(starts))
    between, beyond = t("{first} to {last} tokens: {n} texts"), t("{first} tokens or more: {n} texts")
    hover = [
        between.format(first=start, last=start + width - 1, n=n)
        for start, n in zip(starts, counts, strict=True)
    ]
    if tokens.max() >= starts[-1] + width:
        hover[-1] = beyond.format(first=starts[-1], n=counts[-1])
    figure = go.Figure(
        go.Bar(x=(starts + (width - 1) / 2).tolist(), y=counts.tolist(), width=width, customdata=hover,
               hovertemplate=HOVER, showlegend=False)
    )  # fmt: skip
    cut = int((tokens > max_length).sum())
    figure.add_vline(x=max_length + 0.5, line={"dash": "dash", "color": GREY})
    left = max_length > longest / 2
    figure.add_annotation(
        x=max_length + 0.5,
        y=1,
        yref="paper",
        text=t("cut at {n}: {cut} texts ({share:.1%})").format(
            n=max_length, cut=cut, share=cut / len(tokens)
        ),
        showarrow=False,
        xanchor="right" if left else "left",
        yanchor="top",
    )
    figure.update_xaxes(title=t("Tokens in a text, special ones included"), rangemode="tozero")
    figure.update_yaxes(title=t("Texts"))
    return framed(figure, 300)
