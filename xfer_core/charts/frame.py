"""What every figure shares: escaped text, quiet axes, a legend above the data."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from typing import Any

import plotly.graph_objects as go

Translate = Callable[[str], str]

GREY = "rgba(128, 132, 149, 1)"
"""For references; readable on white and on near-black."""
PALE = "rgba(128, 132, 149, 0.2)"

HOVER = "%{customdata}<extra></extra>"
"""The hover is written in Python: text from outside must never become part of a template."""

TICKS = 40
NAME_LENGTH = 24
STANDOFF = 48
"""Pixels from axis to title. Plotly sees only the names that the title would cover, and may draw it level
with the others."""
BELOW = 14
"""Characters of a name below a picture, where it may stand upright."""


def safe(text: str) -> str:
    """*text* as Plotly shows it literally; Plotly reads a little HTML, links among it."""
    return html.escape(text, quote=False)


def short(text: str, length: int = NAME_LENGTH) -> str:
    """*text*, escaped, cut to *length* characters with an ellipsis."""
    return safe(text if len(text) <= length else text[: length - 1] + "…")


def framed(figure: go.Figure, height: int) -> go.Figure:
    """*figure* with the margins, legend and gestures of all our figures, *height* pixels high."""
    return figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 24, "b": 8},
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"},
        hoverlabel={"align": "left"},
        dragmode=False,  # on a phone, dragging scrolls the page
    )


def scale(title: str) -> dict[str, Any]:
    """A colour bar above the picture, where it takes no width from it."""
    return {
        "title": {"text": title, "side": "top"},
        "orientation": "h",
        "thickness": 10,
        "len": 0.6,
        "x": 0,
        "xanchor": "left",
        "y": 1.02,
        "yanchor": "bottom",
    }


def named_axis(names: Sequence[str], title: str, length: int = NAME_LENGTH, **more: Any) -> dict[str, Any]:
    """An axis over positions 0, 1, … called *names*, each cut to *length* characters.

    Positions, because a category axis would merge equal names and turn names such as “1” into numbers.
    """
    every = max(1, -(-len(names) // TICKS))
    places = list(range(0, len(names), every))
    texts = [short(names[place], length) for place in places]
    return {"tickvals": places, "ticktext": texts, "title": {"text": title}, "automargin": True, **more}


def named_below(names: Sequence[str], title: str) -> dict[str, Any]:
    """:func:`named_axis` for the foot of a picture, with room for the names above the title."""
    return named_axis(names, "", BELOW) | {"title": {"text": title, "standoff": STANDOFF}}
