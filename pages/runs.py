"""Not built yet."""

import streamlit as st

from xfer_core.ui.language import t
from xfer_core.ui.navigation import entry

st.title(t(entry("runs").title))
st.caption(t(entry("runs").help))
