"""What to compare: the question in one click, or strategies and settings of one's own choice.

- ``question(model, source, corpus) -> SweepConfig | None``: the one button; what to do when it is pressed
- ``form(model, source, corpus) -> SweepConfig | None``: the chosen comparison, or None (with the reason said)
- ``plan(config, source, corpus)``: what it will cost, strategy by strategy, and the rules it follows
- ``start(config, corpus)``: queue it and open it
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from xfer_core.corpora import Corpus, listing
from xfer_core.errors import XferError
from xfer_core.models.sources import Source
from xfer_core.runs import queue
from xfer_core.sweep import schedule, settings, words
from xfer_core.sweep.comparison import trained_layers
from xfer_core.sweep.settings import SweepConfig
from xfer_core.training import cost, speed
from xfer_core.training import settings as training
from xfer_core.training.strategies import parse
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
            every = replace(config, strategies=settings.default_strategies(source.layers))
            seconds = sum(each["seconds"] for each in costs(every, source, corpus))
            st.caption(
                t(
                    "Up to about {time} on this machine, less if the answer is plain; it goes on without this"
                    " page."
                ).format(time=duration(seconds))
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
    values["strategies"] = st.multiselect(
        t("Strategies"), options(source.layers), default=settings.default_strategies(source.layers),
        key="strategies", bind="query-params", accept_new_options=True,
        help=t(
            "Type to find one. layers-0,4,5 trains the layers you name, e stands for the embeddings; layers"
            " count from 0."
        ),
    )  # fmt: skip
    with st.grid(3, min_column_width=220):
        for each in settings.SETTINGS:
            if each.name == "second":
                values["second"] = _second(corpus)
            else:
                # under names of their own: the steps of a run are not those of every arm
                usual = number(SweepConfig(()).planned_steps(len(corpus.part("train").frame)))
                hint = usual if each.name == "steps" else ""
                values[each.name] = field(each, key=f"sweep_{each.name}", placeholder=hint)
    with st.expander(t("Settings of every arm"), key="arm-settings"), st.grid(2, min_column_width=260):
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
    """Names a model of *depth* layers can be tuned by, each once, from the shallow to the deep."""
    names = ["head", "mix", "full", "gradual", "discriminative", "lp-ft", "bitfit", "lora", "ia3"]
    names += [f"features-{layer}" for layer in range(depth + 1)]
    names += [f"top-{layers}" for layers in range(1, depth)]
    names += [f"freeze-{layers}" for layers in range(depth)]
    names += [f"block-{layer}" for layer in range(depth)]
    names += [f"reinit-{layers}" for layers in range(1, min(depth, 4))]
    return names


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
    rows = costs(config, source, corpus)
    arms, seconds = sum(row["arms"] for row in rows), sum(row["seconds"] for row in rows)
    counts = {"n": number(len(rows)), "arms": number(arms)}
    if speed.known().measured:
        said = t("Strategies: {n}; trainings: {arms}; about **{time}** in all")
        st.markdown(said.format(time=duration(seconds), **counts))
    else:
        st.markdown(t("Strategies: {n}; trainings: {arms}").format(**counts))
    for note in schedule.distinct(config.strategies, source.layers)[1]:
        st.caption(lit(filled(note["message"], note["values"])))
    if config.seeds < 3:
        st.caption(t("With fewer than three seeds, the spread says little: a difference may be chance."))
    with st.expander(t("What each strategy will cost, as predicted"), key="predicted"):
        names = {
            "strategy": t("Strategy"), "layers": t("Layers that learn"), "arms": t("Trainings"),
            "trainable": t("Parameters that learn"), "each": t("Seconds a training"),
            "memory": t("Memory in MB"),
        }  # fmt: skip
        st.dataframe(
            pd.DataFrame(rows)[list(names)].rename(columns=names), hide_index=True, key="predicted-table",
            alt=t("Every strategy with the layers and parameters that learn, its trainings and their cost"),
            column_config={
                names["each"]: st.column_config.NumberColumn(format="%.0f"),
                names["memory"]: st.column_config.NumberColumn(format="%.0f"),
                names["trainable"]: st.column_config.NumberColumn(format="localized"),
            },
        )  # fmt: skip
    with st.expander(t("What makes it fair"), key="rules"):
        for rule in words.rules(config, len(corpus.part("train").frame)):
            st.markdown(f"- {lit(filled(rule['message'], rule['values']))}", width=WIDTH)


def costs(config: SweepConfig, source: Source, corpus: Corpus) -> list[dict[str, Any]]:
    """A row a strategy: layers and parameters that learn, trainings, seconds of one and of all, memory."""
    names, _ = schedule.distinct(config.strategies, source.layers)
    arms = schedule.arms(names, config)
    texts = len(corpus.part("train").frame)
    rows = []
    for name in names:
        one = cost.predict(config.fit(name, config.seed, None, texts), corpus, source)
        # A solver has no chance in it: its further seeds are copies of the first.
        count = 1 if parse(name).solver else sum(arm.strategy == name for arm in arms)
        rows.append(
            {
                "strategy": name, "layers": trained_layers(name, source.layers), "trainable": one.trainable,
                "arms": count, "each": one.seconds, "seconds": count * one.seconds, "memory": one.memory_mb,
            }
        )  # fmt: skip
    return rows


def start(config: SweepConfig, corpus: Corpus) -> None:
    name = f"{corpus.name}-{'answer' if config.mode == settings.ANSWER else 'sweep'}"
    run = queue.submit(settings.KIND, settings.request(config, corpus.id), name, settings.WORKER)
    go("compare", sweep=run.id)
