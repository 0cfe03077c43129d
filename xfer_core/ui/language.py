"""The reader's language.

- ``t(message) -> str``: the message in it; values go in afterwards: ``t("{n} texts").format(n=number(n))``
- ``filled(message, values) -> str``: a message of the core with its values
- ``listed(items)``: ``a, b, c`` with the signs of the language
- ``number(x, digits=0)``, ``percent(share, digits=0)``, ``date(unix_seconds)``, ``duration(seconds)``
- ``language() -> "en" | "zh"``; ``switch()`` draws the switch (the shell does)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st
from babel import dates, numbers

from xfer_core import i18n
from xfer_core.i18n import LANGUAGES, translate

LABEL = "Language · 语言"
"""In every language at once, for whoever cannot read the present one."""


def language() -> str:
    """The code chosen by the switch, else by ``?lang=``, else by the browser, else English."""
    chosen = st.session_state.get("lang") or st.query_params.get("lang")
    if chosen in LANGUAGES:
        return str(chosen)
    return _of_browser()


def _of_browser() -> str:
    code = (st.context.locale or "en").split("-")[0].lower()
    return code if code in LANGUAGES else "en"


def switch() -> None:
    """The switch. Its options read the same in every language, so that the address keeps the code."""
    st.segmented_control(
        LABEL,
        list(LANGUAGES),
        default=_of_browser(),
        required=True,
        key="lang",
        bind="query-params",
    )


def t(message: str) -> str:
    return translate(message, language())


def filled(message: str, values: Mapping[str, Any]) -> str:
    """A message of the core, whole; of its values only what is a message itself is translated."""
    return i18n.fill(message, values, t)


def listed(items: Iterable[str]) -> str:
    return i18n.listed(items, t)


def _locale() -> str:
    return LANGUAGES[language()]


def number(value: float, digits: int = 0) -> str:
    """``12,345`` or, with *digits*, ``0.72``: exactly that many decimals."""
    return numbers.format_decimal(value, format=_pattern(digits), locale=_locale())


def percent(share: float, digits: int = 0) -> str:
    return numbers.format_percent(share, format=_pattern(digits) + "%", locale=_locale())


def _pattern(digits: int) -> str:
    return "#,##0" + ("." + "0" * digits if digits else "")


def date(unix_seconds: float) -> str:
    """Day and minute in the reader's own time zone, where the browser told it."""
    moment = datetime.fromtimestamp(unix_seconds, UTC)
    with suppress(ZoneInfoNotFoundError, ValueError):  # the browser may name a zone this machine lacks
        moment = moment.astimezone(ZoneInfo(st.context.timezone or "UTC"))
    return dates.format_datetime(moment, format="short", locale=_locale())


def duration(seconds: float) -> str:
    """``8 s``, ``3 min 20 s``, ``2 h 5 min``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return t("{s} s").format(s=whole)
    if whole < 3600:
        return t("{m} min {s} s").format(m=whole // 60, s=whole % 60)
    return t("{h} h {m} min").format(h=whole // 3600, m=whole % 3600 // 60)
