"""What a component shows first, and the address that follows what its reader then chooses.

The data of a component must not change with the reader's own choice in it: megabytes would travel again. So
``opening`` gives what the address said when the component was filled, and goes on giving that while only
``follow`` writes the address; a link, or Back in the browser, gives a new opening.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from xfer_core.ui.state import query


def opening(key: str, content: str, names: Sequence[str]) -> dict[str, str]:
    """Values of the address under *names*, as the component *key* should start with for this *content*."""
    address = tuple(query(name) for name in names)
    kept = st.session_state.get(f"_opening_{key}")
    if kept is None or kept["content"] != content or kept["address"] != address:
        shown = dict(zip(names, address, strict=True))
        kept = {"content": content, "address": address, "shown": shown}
        st.session_state[f"_opening_{key}"] = kept
    return dict(kept["shown"])


def follow(key: str, state: str, names: Sequence[str]) -> None:
    """Write what the component *key* reports as its *state* into the address; empty values leave it.

    A callback.
    """
    chosen: dict[str, Any] = st.session_state[key].get(state) or {}
    values = {name: str(chosen[name]) for name in names if name in chosen}
    # At once, or each name would become a step of its own for Back.
    st.query_params.update({name: value for name, value in values.items() if value})
    for name, value in values.items():
        if not value and name in st.query_params:
            del st.query_params[name]
    if kept := st.session_state.get(f"_opening_{key}"):
        kept["address"] = tuple(query(name) for name in names)


def whole(text: str) -> int | None:
    """The whole number an address holds; None for anything else, so that the component takes its default."""
    return int(text) if text.isdecimal() and len(text) < 6 else None
