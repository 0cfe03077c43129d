"""Attention: how the heads of a model mix the tokens of a text."""

from collections.abc import Callable

import streamlit as st

from xfer_core.i18n import N_
from xfer_core.ui import (
    attention_changes,
    attention_form,
    attention_habits,
    attention_heads,
    attention_matter,
    attention_steps,
)
from xfer_core.ui.language import t
from xfer_core.ui.navigation import entry
from xfer_core.ui.state import linked

VIEWS: dict[str, tuple[str, Callable[[str, str, str], None]]] = {
    "heads": (N_("Heads"), attention_heads.draw),
    "steps": (N_("How a number came about"), attention_steps.draw),
    "habits": (N_("What heads do"), attention_habits.draw),
    "changes": (N_("Before and after tuning"), attention_changes.draw),
    "matter": (N_("Does it matter"), attention_matter.draw),
}

st.title(t(entry("attention").title))
st.markdown(
    t(
        "Every head of every layer mixes the tokens of a text in its own way; a cell is how much one token"
        " takes from another. It shows how tokens are mixed, **not why the model decides**."
    ),
    width=760,
)
model, text, pair = attention_form.choices()
view = st.radio(
    t("View"), format_func=lambda code: t(VIEWS[code][0]), horizontal=True, label_visibility="collapsed",
    **linked("view", tuple(VIEWS), "heads"),
)  # fmt: skip
VIEWS[view][1](model, text, pair)
