"""What to compare: the question in one click, or strategies and settings of one's own choice.

- ``question(model, source, corpus) -> SweepConfig | None``: the one button; what to do when it is pressed
- ``form(model, source, corpus) -> SweepConfig | None``: the chosen comparison, or None (with the reason said)
- ``plan(config, source, corpus)``: what it will cost, strategy by strategy, and the rules it follows
- ``start(config, corpus)``: queue it and open it
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from xfer_core.corpora import Corpus, listing
from xfer_core.errors import XferError
from xfer_core.models.sources import Source
from xfer_core.runs import queue
from xfer_core.sweep import forecast, schedule, settings, words
from xfer_core.sweep.settings import SweepConfig
from xfer_core.training import settings as training
from xfer_core.training import speed
from xfer_core.training.strategies import STRATEGIES, parse
from xfer_core.ui.commands import show_command
from xfer_core.ui.errors import failure
from xfer_core.ui.language import duration, filled, number, t
from xfer_core.ui.literal import lit
from xfer_core.ui.navigation import go
from xfer_core.ui.setting_field import field
from xfer_core.ui.state import linked
from xfer_core.ui.waiting import ready, submit

WIDTH = 760
SHARED = tuple(each for each in training.SETTINGS if each.name in settings.SHARED and each.name != "model")


def question(model: str, source: Source, corpus: Corpus) -> SweepConfig | None:
    with st.container(border=True):
        st.subheader(t("What is the best use of this model on my texts?"))
        st.markdown(
            t(
                "Words and features are measured first, within a minute. Then strategies are tried, cheap"
                " ones before dear ones, until more would not change the advice. It ends in a sentence to act"
                " on, and a model that Classify can use."
            ),
            width=WIDTH,
        )
        config = settings.validate({"model": model, "mode": settings.ANSWER})
        asked = st.button(t("Find out"), type="primary", key="find-out", icon=":material/play_arrow:")
        if measured():
            least, most = forecast.of_answer(config, corpus, source)
            st.caption(
                t(
                    "At least {least} on this machine (if shallow is enough), up to about {most} and {arms}"
                    " trainings, while it does nothing else. It goes on without this page."
                ).format(least=duration(least.seconds), most=duration(most.seconds), arms=number(most.arms))
            )
        show_command(settings.command(config, f"corpus:{corpus.id}"))
    return config if asked else None


def measured() -> bool:
    """Whether this machine's speed is known, without which no time can be told; else it is being measured."""
    if speed.known().measured:
        return True
    job = submit("xfer_core.training.speed:calibrate", lane="long")
    return ready(job, t("Measuring how fast this machine is, once"))


def form(model: str, source: Source, corpus: Corpus) -> SweepConfig | None:
    values: dict[str, Any] = {"model": model}
    values["strategies"] = _strategies(source.layers)
    with st.grid(3, min_column_width=220):
        for each in settings.SETTINGS:
            if each.name == "second":
                values["second"] = _second(corpus)
            else:
                # under names of their own: the steps of a run are not those of every arm
                usual = number(SweepConfig(()).planned_steps(len(corpus.part("train").frame)))
                hint = usual if each.name == "steps" else ""
                values[each.name] = field(each, key=f"sweep_{each.name}", placeholder=hint)
    with st.expander(t("Settings of every training"), key="arm-settings"), st.grid(2, min_column_width=260):
        for each in SHARED:
            values[each.name] = field(each)
    try:
        config = settings.validate(values)
        for name in config.strategies:
            parse(name).plan(source.layers)
    except XferError as error:
        failure(error)
        return None
    return config


def fill(config: SweepConfig) -> None:
    """Let the form, when it is drawn next, show the settings of *config*; ``second`` goes by the address."""
    own = {f"sweep_{each.name}": getattr(config, each.name) for each in settings.SETTINGS}
    shared = {name: getattr(config, name) for name in settings.SHARED}
    chosen = {"strategies": list(config.strategies)} if config.strategies else {}
    st.session_state.update({**own, **shared, **chosen})


def options(depth: int) -> list[str]:
    """Names a model of *depth* layers can be tuned by."""
    return [name for entry in STRATEGIES.values() for name in entry.names(depth)]


def _strategies(depth: int) -> list[str]:
    """The names chosen; the two sets that are asked for most are a click each."""
    usual, every = settings.default_strategies(depth), settings.every_depth(depth)
    chosen = st.multiselect(
        t("Strategies"), options(depth), default=usual,
        key="strategies", bind="query-params", accept_new_options=True,
        help=t(
            "Type to find one. layers-1,5 trains the layers you name, layers-e,1 the embeddings too; layer 1"
            " is the lowest."
        ),
    )  # fmt: skip
    with st.container(horizontal=True):
        missing = [name for name in every if name not in chosen]
        st.button(
            t("Add every depth"), key="every-depth", icon=":material/layers:", disabled=not missing,
            on_click=st.session_state.update, args=({"strategies": [*chosen, *missing]},),
            help=t("The head alone, every number of layers from the top, and everything."),
        )  # fmt: skip
        st.button(
            t("The usual choice"), key="usual-strategies", disabled=list(chosen) == list(usual),
            on_click=st.session_state.update, args=({"strategies": list(usual)},),
        )  # fmt: skip
    return chosen


def _second(corpus: Corpus) -> str:
    entry = next(each for each in settings.SETTINGS if each.name == "second")
    others = ["", *(each.id for each in listing() if each.id != corpus.id and each.labels > 1)]
    with st.container(gap="xsmall"):
        chosen = st.selectbox(
            t(entry.title), format_func=lambda name: name or t("none"), help=t(entry.reason),
            **linked("second", others, ""),
        )  # fmt: skip
        st.caption(t(entry.does))
    return str(chosen)


def plan(config: SweepConfig, source: Source, corpus: Corpus) -> None:
    found = forecast.forecast(config, corpus, source)
    counts = {"n": number(len(found.rows)), "arms": number(found.arms)}
    if speed.known().measured:
        said = t(
            "Strategies: {n}; trainings: up to {arms}; about **{time}** in all, if the machine does nothing"
            " else"
        )
        st.markdown(said.format(time=duration(found.seconds), **counts))
    else:
        st.markdown(t("Strategies: {n}; trainings: up to {arms}").format(**counts))
    if any(row.strategy == forecast.ADDED for row in found.rows):
        st.caption(
            t(
                "One of them comes by itself: features-K, a classifier on the layer K that is probed best,"
                " unless you have chosen it. It takes seconds, and the others must beat it."
            )
        )
    for note in schedule.distinct(config.strategies, source.layers)[1]:
        st.caption(lit(filled(note["message"], note["values"])))
    if config.seeds < 3:
        st.caption(t("With fewer than three seeds, the spread says little: a difference may be chance."))
    with st.expander(t("What each strategy will cost, as predicted"), key="predicted"):
        names = {
            "strategy": t("Strategy"), "layers": t("Layers that learn"), "arms": t("Trainings"),
            "trainable": t("Parameters that learn"), "seconds": t("Seconds a training"),
            "memory_mb": t("Memory in MB"),
        }  # fmt: skip
        st.dataframe(
            pd.DataFrame(found.rows)[list(names)].rename(columns=names),
            hide_index=True, key="predicted-table",
            alt=t("Every strategy with the layers and parameters that learn, its trainings and their cost"),
            column_config={
                names["seconds"]: st.column_config.NumberColumn(format="%.0f"),
                names["memory_mb"]: st.column_config.NumberColumn(format="%.0f"),
                names["trainable"]: st.column_config.NumberColumn(format="localized"),
            },
        )  # fmt: skip
        st.caption(
            t("Besides, once for all of them: {time} to start and to read the frozen layers.").format(
                time=duration(found.shared)
            )
        )
    with st.expander(t("What makes it fair"), key="rules"):
        for rule in words.rules(config, len(corpus.part("train").frame)):
            st.markdown(f"- {lit(filled(rule['message'], rule['values']))}", width=WIDTH)


def start(config: SweepConfig, corpus: Corpus) -> None:
    name = f"{corpus.name}-{'answer' if config.mode == settings.ANSWER else 'sweep'}"
    run = queue.submit(settings.KIND, settings.request(config, corpus.id), name, settings.WORKER)
    go("compare", sweep=run.id)
