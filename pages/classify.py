"""Not built yet."""

import streamlit as st

from xfer_core.ui.language import t
from xfer_core.ui.navigation import entry

st.title(t(entry("classify").title))
st.caption(t(entry("classify").help))
