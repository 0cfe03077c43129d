"""The numbers of one step of attention: vectors as strips of colour, rows of tokens as bars."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from xfer_core.attention.steps import Step, Value
from xfer_core.charts.frame import GREY, HOVER, Translate, framed, named_axis, safe, short
from xfer_core.charts.matrix import APART

STRIP, LISTED = 34, 12


def strips(step: Step, *, t: Translate = str) -> go.Figure | None:
    """Every vector of features as one strip, all of the step on one symmetrical scale; None without any.

    The place of a number in a strip means nothing by itself: the strips show size, sign and what is alike.
    """
    vectors = [value for value in step.values if value.over in ("hidden", "head") and value.array.ndim]
    if not vectors:
        return None
    longest = max(value.array.size for value in vectors)
    largest = max(float(np.abs(value.array).max()) for value in vectors) or 1.0
    rows = [_stretched(value.array, longest) for value in vectors]
    said = t("{symbol}, number {place} of {count}: {value:.4g}")
    figure = go.Figure(
        go.Heatmap(
            z=rows, zmin=-largest, zmax=largest, zmid=0, ygap=6, colorscale=APART, showscale=False,
            customdata=[
                [
                    said.format(
                        symbol=plain(value.symbol), count=value.array.size,
                        place=at * value.array.size // longest + 1,
                        value=value.array[at * value.array.size // longest],
                    )
                    for at in range(longest)
                ]
                for value in vectors
            ],
            hovertemplate=HOVER,
        )
    )  # fmt: skip
    figure.update_xaxes(visible=False)
    figure.update_yaxes(
        tickvals=list(range(len(vectors))),
        ticktext=[f"{plain(value.symbol)} · {value.array.size}" for value in vectors],
        autorange="reversed", automargin=True,
    )  # fmt: skip
    return framed(figure, 36 + STRIP * len(vectors)).update_layout(margin={"t": 4})


def bars(value: Value, tokens: Sequence[str], chosen: int | None, *, t: Translate = str) -> go.Figure:
    """The largest of a row over tokens or heads, largest first; the *chosen* one coloured, the rest grey."""
    names = (
        tokens
        if value.over == "keys"
        else [t("Head {head}").format(head=h + 1) for h in range(value.array.size)]
    )
    finite = np.where(np.isfinite(value.array), value.array, -np.inf)
    order = np.argsort(-finite, kind="stable")[:LISTED].tolist()
    if chosen is not None and chosen not in order:
        order[-1] = chosen
    order = [place for place in order if np.isfinite(value.array[place])]
    figure = go.Figure(
        go.Bar(
            x=[value.array[place] for place in order], y=list(range(len(order))), orientation="h",
            marker={"color": ["#0f8f7f" if place == chosen else GREY for place in order]},
            text=[f"{value.array[place]:.3g}" for place in order], textposition="outside", cliponaxis=False,
            customdata=[
                f"{short(names[place])} ({place + 1}): {value.array[place]:.5g}" for place in order
            ],
            hovertemplate=HOVER,
        )
    )  # fmt: skip
    figure.update_yaxes(
        named_axis([f"{names[place]} ({place + 1})" for place in order], "", autorange="reversed")
    )
    figure.update_xaxes(title=safe(plain(value.symbol)))
    return framed(figure, 70 + 22 * len(order)).update_layout(margin={"t": 4}, bargap=0.25)


def plain(symbol: str) -> str:
    """A symbol of a formula where no formula can be drawn: ``\\hat{x}_i`` → ``x̂ᵢ``."""
    for tex, sign in _SIGNS:
        symbol = symbol.replace(tex, sign)
    return symbol


_SIGNS = (
    (r"\hat{x}", "x̂"), (r"\lVert", "‖"), (r"\rVert", "‖"), (r"\alpha", "α"), (r"\cdot", "·"), (r"\odot", "⊙"),
    (r"\,", " "),
    ("^{(h)}", "⁽ʰ⁾"), ("_{ij}", "ᵢⱼ"), ("_{it}", "ᵢₜ"), ("_{i}", "ᵢ"),
    ("_i", "ᵢ"), ("_j", "ⱼ"), ("_t", "ₜ"), ("_O", "ₒ"),
)  # fmt: skip


def _stretched(vector: np.ndarray, length: int) -> np.ndarray:
    """*vector* over *length* cells, each number over as many as the others."""
    return vector[np.arange(length) * vector.size // length]
