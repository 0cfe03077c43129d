"""Placeholder until its room fills it."""

import streamlit as st

from xfer_core.ui.language import t
from xfer_core.ui.navigation import entry

st.title(t(entry("universality").title))
st.caption(t(entry("universality").help))
