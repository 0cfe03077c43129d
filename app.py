"""Xfer Lab: ``python app.py``, ``streamlit run app.py``, ``uvicorn app:app`` or ``xfer app``."""

import streamlit as st

from xfer_core.ui import server

# Written out: ``streamlit run`` finds the app by reading this very line, without running it.
app = st.App(server.SHELL, **server.parts(st.get_option("server.baseUrlPath")))

if __name__ == "__main__":
    app.run()
