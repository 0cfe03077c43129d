"""HTTP routes that feed pages beside Streamlit's own connection."""

from __future__ import annotations

from starlette.routing import BaseRoute

ROUTES: list[BaseRoute] = []
