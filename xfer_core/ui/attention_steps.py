"""How one weight came about, step by step: ``draw(model, text, pair)``."""

from __future__ import annotations

import streamlit as st

from xfer_core.attention.steps import Extent, Step, Steps
from xfer_core.charts import attention_steps as charts
from xfer_core.ui.attention_focus import focus
from xfer_core.ui.language import number, percent, t
from xfer_core.ui.literal import lit
from xfer_core.ui.state import query
from xfer_core.ui.waiting import result_of, submit

WIDTH = 760
PICTURE = {"displayModeBar": False}


def draw(model: str, text: str, pair: str) -> None:
    extent: Extent = result_of(
        submit("xfer_core.attention.steps:extent_of", model=model, text=text, pair=pair or None),
        t("Reading the text"),
    )
    layer, head, at, to = _choices(extent)
    job = submit(
        "xfer_core.attention.steps:steps_of",
        model=model, text=text, pair=pair or None, layer=layer, head=head, query=at, key=to,
    )  # fmt: skip
    found: Steps = result_of(job, t("Following the numbers"))
    _answer(found)
    for place, step in enumerate(found.steps, 1):
        _step(place, step, found)


def _choices(extent: Extent) -> tuple[int, int, int, int]:
    """Layer, head, query and key, from the address where it says so; counted from 0."""
    asked = focus()
    names = [f"{place} · {token}" for place, token in enumerate(extent.tokens, 1)]
    st.markdown(
        t("The token that looks (query), the token looked at (key), and through which head:"), width=WIDTH
    )
    columns = st.columns([1, 1, 2, 2])
    with columns[0]:
        layer = _choice("layer", t("Layer"), _numbers(extent.layers), asked.layer, extent.layers // 2)
    with columns[1]:
        head = _choice("head", t("Head"), _numbers(extent.heads), asked.head, 0)
    with columns[2]:
        at = _choice("row", t("Query token"), names, asked.query, 1 % len(names))
    with columns[3]:
        to = _choice("column", t("Key token"), names, asked.key, 0)
    return layer, head, at, to


def _numbers(count: int) -> list[str]:
    return [number(place) for place in range(1, count + 1)]


def _choice(name: str, label: str, options: list[str], asked: int | None, usual: int) -> int:
    """Index of the option *asked* for under *name* in the address, or *usual* where none is."""
    key = f"steps-{name}"
    if st.session_state.get(f"_{key}") != query(name):  # a link, or a click in another view
        st.session_state[f"_{key}"] = query(name)
        st.session_state[key] = usual if asked is None else min(asked, len(options) - 1)
    chosen: int = st.selectbox(
        label, range(len(options)), format_func=options.__getitem__, key=key, on_change=_moved, args=(name,)
    )
    return chosen


def _moved(name: str) -> None:
    """A choice made here stands in the address too, where the other views find it."""
    st.query_params[name] = str(st.session_state[f"steps-{name}"] + 1)
    st.session_state[f"_steps-{name}"] = query(name)


def _answer(found: Steps) -> None:
    st.subheader(
        t("“{query}” takes {share} from “{key}”").format(
            query=lit(found.tokens[found.query]), share=percent(found.weight, 1),
            key=lit(found.tokens[found.key]),
        )
    )  # fmt: skip
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
        _figures(step)


def _figures(step: Step) -> None:
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
    st.caption(" · ".join(words))
