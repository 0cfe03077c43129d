"""What the address holds.

- ``linked(key, options, default, kind=str) -> dict``: arguments for a choice with *translated* labels whose
  address holds the code: ``st.radio(t("Colour"), format_func=…, **linked("colour", COLOURS, "domain"))``
- where the labels read the same in every language (ids, numbers) use ``bind="query-params"`` instead
- ``query(name, default="")``: one value of the address; ``remember(name, value)``: write it ("" takes it out)
- ``arrive(page)``: the shell's call that lets a link win over what the session remembers
- ``choose_corpus(id)``: make a corpus the current one, in a callback; ``adopt(id)``: the same from a page (it
  reruns the script, because the sidebar's picker has been drawn by then)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import streamlit as st

CARRIED = ("model", "text", "pair")
"""Bound widgets that stand on several pages under one key."""


def query(name: str, default: str = "") -> str:
    return st.query_params.get(name, default)


def remember(name: str, value: str) -> None:
    """Put *value* into the address under *name*; an empty one leaves it."""
    if value:
        st.query_params[name] = value
    else:
        st.query_params.pop(name, None)


def linked(
    key: str, options: Sequence[Any], default: Any, kind: Callable[[str], Any] = str
) -> dict[str, Any]:
    """``options``, ``key`` and ``on_change`` of a widget whose value the address keeps as its code.

    ``bind`` of Streamlit would keep the *label*, which changes with the language. An address changed from
    outside (a link, Back) wins over the widget; a value equal to *default* is left out of the address.
    """
    seen = f"_address_{key}"
    given = st.query_params.get(key, "")
    if key not in st.session_state or st.session_state.get(seen) != given:
        try:
            value = kind(given) if given else default
        except ValueError:
            value = default
        st.session_state[key] = value if value in options else default
        st.session_state[seen] = given

    def write() -> None:
        chosen = st.session_state[key]
        code = "" if chosen in (default, None) else str(chosen)
        remember(key, code)
        st.session_state[seen] = code

    return {"options": options, "key": key, "on_change": write}


def arrive(page: str) -> None:
    """On another page than before, what a link brought wins over what the session remembers of that name."""
    if st.session_state.get("_page") == page:
        return
    st.session_state["_page"] = page
    for name in CARRIED:
        if given := st.query_params.get(name):
            st.session_state[name] = given


def choose_corpus(identifier: str) -> None:
    st.session_state["corpus"] = identifier


def adopt(identifier: str) -> NoReturn:
    st.session_state["_adopted"] = identifier
    st.rerun()


def adopted() -> None:
    """Before the picker is drawn: what the last run of a page has made the current corpus."""
    if identifier := st.session_state.pop("_adopted", None):
        choose_corpus(identifier)
