"""Choosing a strategy: first how much of the model may change, then how, then which layers.

- ``choose(source, corpus_id) -> Strategy | None``: None (with the reason said) while no layer is named
- ``about(strategy)``: what there is to know about it

The address holds the strategy by its name (``?strategy=top-2``, ``layers-1,4``, ``block-3``) and is the one
place that does: widgets are set from it in every run and write to it when they change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from xfer_core.charts.gradients import gradients
from xfer_core.errors import BadSetting
from xfer_core.i18n import N_
from xfer_core.models.sources import Source
from xfer_core.training import settings
from xfer_core.training.strategies import STRATEGIES, Strategy, first_word, parse
from xfer_core.ui.errors import failure
from xfer_core.ui.language import number, t
from xfer_core.ui.literal import lit
from xfer_core.ui.state import query, remember
from xfer_core.ui.waiting import ready, submit

NAMED = "layers-…"
EMBEDDINGS = "e"


@dataclass(frozen=True)
class Drawer:
    """Some strategies under one heading, by how much of the model changes."""

    title: str
    says: str


DRAWERS = {
    "nothing": Drawer(
        N_("Only a new classifier"),
        N_("It learns step by step on top of the last layer; the model stays as it was pretrained."),
    ),
    "some": Drawer(
        N_("Some layers"), N_("These and the classifier learn; the rest stays as it was pretrained.")
    ),
    "everything": Drawer(N_("Everything"), N_("At once, or by and by, or at different rates.")),
    "additions": Drawer(
        N_("Small additions"), N_("Biases, thin matrices or factors: few numbers, in every layer.")
    ),
    "solved": Drawer(
        N_("Nothing: only features are read"),
        N_("No steps: a regression is solved, in seconds, on what a layer of your choice makes of texts."),
    ),
}


def choose(source: Source, corpus_id: str) -> Strategy | None:
    """The chooser: a group, an entry of it, and its number or layers."""
    entry, given = _followed(source)
    drawer = drawer_of(STRATEGIES[entry])
    st.session_state["drawer"] = drawer
    said = next(each for each in settings.SETTINGS if each.name == "strategy")
    st.radio(
        t("What may change"), list(DRAWERS), key="drawer", format_func=lambda key: t(DRAWERS[key].title),
        captions=[t(each.says) for each in DRAWERS.values()], on_change=_change_drawer, args=(source.layers,),
        help=f"{t(said.does)} {t(said.raising)}",
    )  # fmt: skip
    within = [name for name, each in STRATEGIES.items() if drawer_of(each) == drawer]
    if len(within) > 1:
        st.session_state["strategy_entry"] = entry
        st.selectbox(
            t("Strategy"), within, key="strategy_entry", format_func=lambda name: t(STRATEGIES[name].title),
            on_change=_change_entry, args=(source.layers,),
        )  # fmt: skip
    chosen = _number(STRATEGIES[entry], given, source) if STRATEGIES[entry].number else given
    if entry == NAMED:
        chosen = _layers(given, source)
    if entry == "block-J":
        _profile(source, corpus_id)
    if chosen == "layers-":
        st.info(t("Name at least one part that learns, or choose another strategy."))
        return None
    return parse(chosen)


def drawer_of(strategy: Strategy) -> str:
    """Where a strategy lies: by its group, and within the body by whether all of it learns."""
    if strategy.group == "features":
        return "solved"
    if strategy.group in ("biases", "adapter"):
        return "additions"
    if strategy.group == "head":
        return "nothing"
    example = parse(usual_name(strategy.name, 6)) if strategy.family else strategy
    return "everything" if set(example.plan(6).trained) == {"weights"} else "some"


def usual_name(entry: str, depth: int) -> str:
    """The strategy of a family that is shown when the family is chosen: ``top-2`` of ``top-N``."""
    return f"layers-{depth}" if entry == NAMED else STRATEGIES[entry].usual(depth)


def entry_of(name: str) -> str:
    """The key in STRATEGIES of a strategy as users name it: ``top-N`` of ``top-2``."""
    if name in STRATEGIES:
        return name
    first = first_word(name)
    return next(key for key, each in STRATEGIES.items() if each.family and first_word(key) == first)


def _followed(source: Source) -> tuple[str, str]:
    """Entry and name in the address; what a link may not mean is said, and the default shown in its place."""
    name = query("strategy") or settings.STRATEGY
    if name == "layers-":  # all names were taken out by hand
        return NAMED, name
    try:
        parse(name).plan(source.layers)
    except BadSetting as error:
        if query("strategy"):
            failure(error)
        name = usual_name(entry_of(settings.STRATEGY), source.layers)
    return entry_of(name), name


def _number(entry: Strategy, name: str, source: Source) -> str:
    asked, first = entry.number, first_word(name)
    assert asked is not None
    key, within = f"number_{first}", asked.within(source.layers)
    st.session_state[key] = int(name.rpartition("-")[2])
    if len(within) > 1:
        st.slider(
            t(asked.title), within[0], within[-1], key=key, help=t(asked.help), width=420,
            on_change=_change_number, args=(first, key),
        )  # fmt: skip
    return name


def _layers(name: str, source: Source) -> str:
    parts = [EMBEDDINGS, *(str(layer) for layer in range(1, source.layers + 1))]
    given = name.partition("-")[2].split(",")
    st.session_state["named_layers"] = [part for part in parts if part in given]
    st.multiselect(
        t("Parts that learn"), parts, key="named_layers", on_change=_change_layers,
        format_func=lambda part: t("Embeddings") if part == EMBEDDINGS
        else t("Layer {layer}").format(layer=part),
        placeholder=t("None chosen"), help=t("Layer 1 is the lowest, just above the embeddings."),
    )  # fmt: skip
    return name


def _profile(source: Source, corpus_id: str) -> None:
    """On a button, which layer the gradients of the texts pull at most."""
    asked = f"profile-{source.id}-{corpus_id}"
    if not st.session_state.get(asked):
        st.button(
            t("Suggest a layer"), key="suggest-layer", icon=":material/query_stats:",
            on_click=st.session_state.update, args=({asked: True},),
            help=t("One pass backwards through the untuned model with some of the texts; some seconds."),
        )  # fmt: skip
        return
    job = submit("xfer_core.training.gradients:profile", lane="long", model=source.id, corpus_id=corpus_id)
    if not ready(job, t("Taking the gradient")):
        return
    found = job.result
    st.plotly_chart(
        gradients(found, t=t), key="profile", config={"displayModeBar": False},
        alt=t("Bars of the relative gradient norm of the embeddings and every layer"),
    )  # fmt: skip
    st.caption(
        t(
            "{n} texts pull hardest at layer {layer}, measured against its weights. This is a hint, not a"
            " proof: the evidence for it comes from images, and near ties mean that the layer matters little."
        ).format(n=number(found.texts), layer=int(found.block))
    )
    st.button(
        t("Take layer {layer}").format(layer=int(found.block)), key="take-layer",
        on_click=remember, args=("strategy", f"block-{found.block}"),
    )  # fmt: skip


def about(entry: Strategy) -> None:
    """What it trains, when it is wise and when not; folded away, its equation and source."""
    st.markdown(t(entry.trains))
    st.caption(t("Good for: {when}").format(when=t(entry.when)))
    st.caption(t("Less good for: {when_not}").format(when_not=t(entry.when_not)))
    with st.expander(t("The idea in one line, and its source"), key="about-strategy"):
        st.code(entry.sketch, language=None, wrap_lines=True)
        st.caption(lit(entry.source))


def _change_drawer(depth: int) -> None:
    drawer = st.session_state["drawer"]
    within = [name for name, each in STRATEGIES.items() if drawer_of(each) == drawer]
    default = entry_of(settings.STRATEGY)
    usual = default if default in within else within[0]
    remember("strategy", usual_name(usual, depth))


def _change_entry(depth: int) -> None:
    remember("strategy", usual_name(st.session_state["strategy_entry"], depth))


def _change_number(first: str, key: str) -> None:
    remember("strategy", f"{first}-{st.session_state[key]}")


def _change_layers() -> None:
    parts: list[Any] = st.session_state["named_layers"]
    ordered = sorted(parts, key=lambda part: -1 if part == EMBEDDINGS else int(part))
    remember("strategy", "layers-" + ",".join(ordered))
