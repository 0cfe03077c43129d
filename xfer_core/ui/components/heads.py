"""``heads(reading, content)``: attention of every layer and head, one head large, drawn in the browser.

The layer and head that are open stand in the address, counted from 1.
"""

from __future__ import annotations

import streamlit as st

from xfer_core.attention.reading import AttentionReading
from xfer_core.i18n import N_
from xfer_core.ui.components.base import component
from xfer_core.ui.components.buffer import pack
from xfer_core.ui.components.opening import follow, opening, whole
from xfer_core.ui.language import language, t

_MOUNT = component("heads")
KEY = "heads"
NAMES = ("layer", "head")

WORDS = (
    N_("All heads of all layers. Arrow keys open another head."),
    N_("Weights of the open head. Arrow keys move, Enter locks a row, Escape unlocks it."),
    N_("Unlock (Esc)"),
    N_("all heads"),
    N_("each head"),
    N_("each row"),
    N_("square root"),
    N_("linear"),
    N_("Colour range"),
    N_("Scale"),
    N_("Rows: the token that looks (query). Columns: the token looked at (key). Every row sums to 1."),
    N_("Hatched: later tokens, which this model cannot see."),
    N_("Grey rows of the last layer do not reach the prediction."),
    N_("Layer {layer}"),
    N_("Head"),
    N_("Layer {layer}, head {head}"),
    N_("heaviest key of its row"),
    N_("uniform: 1/{count}"),
    N_("Colour scale from 0 to {largest}"),
    N_("Point at a cell to read its weight; click to lock its row."),
    N_("{times} × uniform"),
    N_("rank {rank} of {count}"),
    N_("A dot of a small picture is the heaviest of the weights under it."),
    N_("All rows together, on average"),
    N_("Locked row:"),
    N_("Row:"),
    N_("{keys} keys hold {share} of it"),
)
"""What ``assets/web/heads.js`` says, by its English text."""


@st.fragment
def heads(reading: AttentionReading, content: str) -> None:
    """Draw *reading*; *content* names what was read, so that another text starts from the address again."""
    first = opening(KEY, f"{content} {language()}", NAMES)
    header = reading.header() | {name: whole(first[name]) for name in NAMES}
    header |= {"words": {word: t(word) for word in WORDS}, "language": language()}
    _MOUNT(key=KEY, data=pack(header, reading.coded()), on_focus_change=_follow)


def _follow() -> None:
    follow(KEY, "focus", NAMES)
