"""Texts as points, one map a layer, drawn in the browser.

- ``scatter(picture, content, chosen, on_choice)`` draws it
- ``present()``: what it shows, as the address has it: layer (0: the embeddings), layer on the right, colour,
  shape, what stands beside what, and whether movement is drawn
- ``chosen_on_map()``: the points the reader drew a line round
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from xfer_core.charts.map_canvas import Picture
from xfer_core.ui.components.base import component
from xfer_core.ui.components.buffer import pack
from xfer_core.ui.components.opening import follow, opening, whole
from xfer_core.ui.language import language, t
from xfer_core.ui.state import query

_MOUNT = component("scatter")
KEY = "scatter"
NAMES = ("layer", "right", "colour", "shape", "show", "movement")


def scatter(
    picture: Picture, content: str, chosen: Sequence[int] | None, on_choice: Callable[[], None]
) -> None:
    """Draw *picture*; *content* names what it is of, so that another corpus starts from the address again.

    *chosen*: positions of points to choose; None: what the reader has chosen on the map stays.
    """
    first = opening(KEY, f"{content} {language()}", NAMES)
    header = picture.head(t) | view(first) | {"language": language()}
    header["chosen"] = None if chosen is None else [int(at) for at in chosen]
    _MOUNT(
        key=KEY, data=pack(header, picture.body()), on_view_change=_follow, on_chosen_change=on_choice
    )  # fmt: skip


def view(address: dict[str, str]) -> dict[str, Any]:
    """What the component should show first, by values of the address."""
    plain: dict[str, Any] = dict(address)
    return plain | {"layer": whole(address["layer"]), "right": whole(address["right"])}


def present() -> dict[str, str]:
    """What the component shows now, by the names in the address."""
    return {name: query(name) for name in NAMES}


def chosen_on_map() -> list[int]:
    """Positions that the browser reports as chosen; there may be fewer points by now."""
    state = st.session_state.get(KEY) or {}
    told = state.get("chosen") or {}
    positions = told.get("positions") or []
    return sorted({at for at in positions if isinstance(at, int) and at >= 0})


def _follow() -> None:
    follow(KEY, "view", NAMES)
