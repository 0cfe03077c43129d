"""Not built yet."""

import streamlit as st

from xfer_core.ui.language import t
from xfer_core.ui.navigation import entry

st.title(t(entry("fine_tune").title))
st.caption(t(entry("fine_tune").help))
