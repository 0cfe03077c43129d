"""How one weight came about, step by step: ``draw(model, text, pair)``."""

from __future__ import annotations

import streamlit as st

from xfer_core.attention.steps import Step, Steps
from xfer_core.charts import attention_steps as charts
from xfer_core.ui.attention_focus import focus
from xfer_core.ui.language import number, percent, t
from xfer_core.ui.literal import lit
from xfer_core.ui.state import query
from xfer_core.ui.waiting import result_of, submit

WIDTH = 760
PICTURE = {"displayModeBar": False}


def draw(model: str, text: str, pair: str) -> None:
    reading = result_of(
        submit("xfer_core.attention.reading:read", model=model, text=text, pair=pair or None),
        t("Reading the text"),
    )
    layer, head, at, to = _choices(reading.layers, reading.heads, reading.tokens)
    job = submit(
        "xfer_core.attention.steps:steps_of",
        model=model, text=text, pair=pair or None, layer=layer, head=head, query=at, key=to,
    )  # fmt: skip
    found: Steps = result_of(job, t("Following the numbers"))
    _answer(found)
    for place, step in enumerate(found.steps, 1):
        _step(place, step, found)


def _choices(layers: int, heads: int, tokens: list[str]) -> tuple[int, int, int, int]:
    """Layer, head, query and key, from the address where it says so; counted from 0."""
    asked = focus()
    names = [f"{place} · {token}" for place, token in enumerate(tokens, 1)]
    st.markdown(
        t("The token that looks (query), the token looked at (key), and through which head:"), width=WIDTH
    )
    columns = st.columns([1, 1, 2, 2])
    found = []
    for column, name, label, count, first in zip(
        columns, ("layer", "head", "row", "column"),
        (t("Layer"), t("Head"), t("Query token"), t("Key token")),
        (layers, heads, len(tokens), len(tokens)),
        (asked.layer, asked.head, asked.query, asked.key), strict=True,
    ):  # fmt: skip
        start = (
            min(first, count - 1)
            if first is not None
            else {"layer": layers // 2, "row": 1 % count}.get(name, 0)
        )
        key = f"steps-{name}"
        if st.session_state.get(f"_{key}") != query(name):  # a link, or a click in another view
            st.session_state[f"_{key}"] = query(name)
            st.session_state[key] = start
        shown = names.__getitem__ if name in ("row", "column") else lambda place: number(place + 1)
        found.append(
            column.selectbox(label, range(count), format_func=shown, key=key, on_change=_moved, args=(name,))
        )
    return found[0], found[1], found[2], found[3]


def _moved(name: str) -> None:
    """A choice made here stands in the address too, where the other views find it."""
    st.query_params[name] = str(st.session_state[f"steps-{name}"] + 1)
    st.session_state[f"_steps-{name}"] = query(name)


def _answer(found: Steps) -> None:
    of, to = (lit(found.tokens[place]) for place in (found.query, found.key))
    st.subheader(
        t("“{query}” takes {share} from “{key}”").format(query=of, share=percent(found.weight, 1), key=to)
    )
    compared = [step for step in found.steps if step.agrees is not None]
    agree = sum(bool(step.agrees) for step in compared)
    st.markdown(
        t(
            "That is {times} times an even share of its {n} tokens. Below is how layer {layer}, head {head}"
            " came to it: every number is the model's own, and in {agree} of {compared} steps that can be"
            " compared our recomputation gives what the model gave."
        ).format(
            times=number(found.weight * found.seen, 1), n=number(found.seen), layer=number(found.layer + 1),
            head=number(found.head + 1), agree=number(agree), compared=number(len(compared)),
        ),
        width=WIDTH,
    )  # fmt: skip


def _step(place: int, step: Step, found: Steps) -> None:
    with st.container(border=True, key=f"step-{step.name.replace(' ', '-')}"):
        st.markdown(f"**{number(place)}. {t(step.title)}**")
        st.latex(step.formula)
        st.markdown(t(step.does), width=WIDTH)
        picture = charts.strips(step, t=t)
        if picture is not None:
            st.plotly_chart(picture, key=f"strips-{step.name}", config=PICTURE, alt=t(step.title))
        for value in step.values:
            if value.over in ("keys", "heads"):
                chosen = found.key if value.over == "keys" else found.head
                st.plotly_chart(
                    charts.bars(value, found.tokens, chosen, t=t),
                    key=f"bars-{step.name}-{value.symbol}", config=PICTURE, alt=t(step.title),
                )  # fmt: skip
        st.caption(_figures(step))


def _figures(step: Step) -> str:
    """Lengths and single numbers of the step, and whether the model agrees."""
    words = []
    for value in step.values:
        symbol = lit(charts.plain(value.symbol))
        if value.array.ndim == 0:
            words.append(f"{symbol} = {float(value.array):.5g}")
        elif value.over in ("hidden", "head"):
            words.append(t("length of {symbol} {norm}").format(symbol=symbol, norm=f"{value.norm:.4g}"))
    if step.error is not None:
        same = (
            t("✓ equals the model's own to {error}")
            if step.agrees
            else t("✗ differs from the model's own by {error}")
        )
        words.append(same.format(error=f"{step.error:.0e}"))
    return " · ".join(words)
