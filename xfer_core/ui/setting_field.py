"""``field(setting, …)``: the widget of one setting, with what it does below it.

The forms of a run and of a comparison are drawn from the settings themselves: a new setting needs no line
there. The value stands in the address under the widget's key, so that a link fills the form.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from xfer_core.training import speed
from xfer_core.training.settings import Setting
from xfer_core.ui.language import number, t


def field(setting: Setting, *, key: str = "", usual: float | None = None, placeholder: str = "") -> Any:
    """Draw it and give its value; None where the program is to decide.

    Parameters
    ----------
    key : str
        Name of widget and address; the setting's own if not given.
    usual : float, optional
        A number like the one the program would choose, for the size of a step up or down.
    placeholder : str
        What stands in an empty number, safe to show.
    """
    said = f"{t(setting.reason)} {t(setting.raising)}"
    common: dict[str, Any] = {"key": key or setting.name, "bind": "query-params", "help": said}
    with st.container(gap="xsmall"):
        if setting.kind == "bool":
            value: Any = st.checkbox(t(setting.title), setting.default, **common)
        elif setting.kind in ("int", "float"):
            value = _number(setting, usual or setting.default, placeholder, common)
        elif setting.kind == "choice":
            place = setting.choices.index(setting.default)
            value = st.selectbox(t(setting.title), setting.choices, place, **common)
        else:
            value = st.text_input(t(setting.title), setting.default, **common)
        st.caption(t(setting.does))
        machine = speed.known()
        if setting.name == "precision" and machine.measured and machine.bf16 < 1:
            st.caption(
                t("On this machine bf16 does not pay: a step takes {times} times as long.").format(
                    times=number(1 / machine.bf16, 1)
                )
            )
    return value


def _number(setting: Setting, usual: float | None, placeholder: str, common: dict[str, Any]) -> float | None:
    whole = setting.kind == "int"
    kind = int if whole else float
    return st.number_input(
        t(setting.title),
        min_value=None if setting.low is None else kind(setting.low),
        max_value=None if setting.high is None else kind(setting.high),
        value=setting.default, step=kind(1 if whole else (usual or 10) / 10),
        format="%d" if whole else "%g", placeholder=placeholder, **common,
    )  # fmt: skip
