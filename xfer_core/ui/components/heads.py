"""``heads(shaped, content)``: attention of every layer and head, one head large, drawn in the browser.

What the reader opens, locks and chooses in it stands in the address, counted from 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xfer_core.attention.shaping import Shaped
from xfer_core.charts.attention_html import LOOK, picture
from xfer_core.ui.components.base import component
from xfer_core.ui.components.buffer import pack
from xfer_core.ui.components.opening import follow, opening, whole
from xfer_core.ui.language import language, t
from xfer_core.ui.state import query

_MOUNT = component("heads")
KEY = "heads"
NUMBERS = ("layer", "head", "row", "column", "mass")


def heads(shaped: Sequence[Shaped], names: Sequence[str], content: str) -> None:
    """Draw one reading, or two of the same tokens under *names*.

    *content* names what was read, so that another text starts from the address again.
    """
    first = opening(KEY, f"{content} {language()}", LOOK)
    header, body = picture(shaped, names, t)
    header |= look(first) | {"language": language()}
    _MOUNT(key=KEY, data=pack(header, body), on_focus_change=_follow)


def look(address: dict[str, str]) -> dict[str, Any]:
    """What the picture should show first, by values of the address."""
    return {name: whole(value) if name in NUMBERS else value for name, value in address.items()}


def present() -> dict[str, Any]:
    """What the picture shows now."""
    return look({name: query(name) for name in LOOK})


def _follow() -> None:
    follow(KEY, "focus", LOOK)
