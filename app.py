"""Xfer Lab: ``python app.py``, ``streamlit run app.py``, ``uvicorn app:app`` or ``xfer app``."""

from xfer_core.ui.server import make_app

app = make_app()

if __name__ == "__main__":
    app.run()
