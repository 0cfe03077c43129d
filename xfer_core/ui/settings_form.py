"""The form of a training run, drawn from the settings themselves: a new setting needs no line here.

- ``form(corpus) -> FitConfig | None``: what the reader chose, or None (with the reason said)
- ``forecast(config, corpus)``: what that choice will cost
- ``imbalance(config, corpus)``: class weights, suggested where one class is much larger than another
- ``chosen_corpus()``: what it will learn from; one click to a corpus, where there is none

Every value stands in the address under its setting's name, so that a link fills the form.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from xfer_core.charts.layers import layers
from xfer_core.corpora import health
from xfer_core.corpora.corpus import Corpus, sample, save
from xfer_core.errors import XferError
from xfer_core.models.sources import Source
from xfer_core.sweep.settings import SweepConfig
from xfer_core.training import cost, fits, settings, speed
from xfer_core.training.cost import Cost
from xfer_core.training.settings import SETTINGS, FitConfig, Setting
from xfer_core.training.strategies import Strategy
from xfer_core.ui import pick, strategy_form
from xfer_core.ui.errors import failure
from xfer_core.ui.language import duration, filled, number, percent, t
from xfer_core.ui.literal import lit
from xfer_core.ui.setting_field import field
from xfer_core.ui.state import adopt
from xfer_core.ui.waiting import ready, result_of, submit

SAMPLE = 2_000
"""Tweets of the one-click corpus: enough to see every strategy work, few enough for minutes."""

OF_STEPS = ("learning_rate", "epochs", "steps", "batch_size", "dropout", "patience")
"""Settings that mean nothing where a solver takes no steps."""


def sample_tweets() -> None:
    """Fetch the sample tweets, keep some of them as a corpus and go on with it."""
    st.button(
        t("Use {n} sample tweets").format(n=number(SAMPLE)), key="sample-tweets", type="primary",
        icon=":material/download:", on_click=st.session_state.update, args=({"want_tweets": True},),
    )  # fmt: skip
    if st.session_state.get("want_tweets"):
        job = submit("xfer_core.corpora.catalogue:fetch", lane="long", name="tweets")
        tweets = result_of(job, t("Fetching the sample tweets"))
        del st.session_state["want_tweets"]
        adopt(save(sample(tweets, SAMPLE, seed=0)))


def chosen_corpus() -> Corpus:
    """The corpus that a training is to learn from, said with its numbers; without one, ways to get one."""
    if pick.corpus_id() is None:
        sample_tweets()
    corpus = pick.corpus()
    st.markdown(
        t("Corpus **{name}**: {n} texts, {classes} classes").format(
            name=lit(corpus.name), n=number(corpus.n), classes=number(len(corpus.label_names))
        )
    )
    for note in health.left_out(corpus):
        st.caption(lit(filled(note["message"], note["values"])))
    return corpus


def form(corpus: Corpus) -> FitConfig | None:
    """Model and strategy with its diagram, then the settings, basic ones first."""
    values: dict[str, Any] = {"model": pick.model()}
    pick.broken_folders()
    try:
        source = pick.source(values["model"])
        left, right = st.columns([1, 1], gap="large")
        with left:
            chosen = strategy_form.choose(source, corpus.id)
        if chosen is None:
            return None
        with right:
            _diagram(chosen, source)
            strategy_form.about(chosen)
        values["strategy"] = chosen.name
        _fields(values, chosen)
        fits.check(chosen.name, source)
        return settings.validate(values)
    except XferError as error:
        failure(error)
        return None


def _diagram(strategy: Strategy, source: Source) -> None:
    plan = strategy.plan(source.layers)
    st.plotly_chart(
        layers(plan, t=t), key="layers", config={"displayModeBar": False},
        alt=t("The layers of the model, and which of them learn"),
    )  # fmt: skip


def _fields(values: dict[str, Any], strategy: Strategy) -> None:
    """Every other setting that means something with this strategy; fills *values*."""
    others = [each for each in SETTINGS if each.name not in values]
    if strategy.solver:
        others = [each for each in others if each.name not in OF_STEPS]
    basic = [each for each in others if each.basic]
    if basic:
        with st.grid(2, min_column_width=260):
            for setting in basic:
                values[setting.name] = _field(setting, strategy)
    with st.expander(t("More settings"), key="more-settings"), st.grid(2, min_column_width=260):
        for setting in (each for each in others if not each.basic):
            values[setting.name] = _field(setting, strategy)


def _field(setting: Setting, strategy: Strategy) -> Any:
    usual = strategy.rate if setting.name == "learning_rate" else setting.default
    if usual is None:
        placeholder = t("decided by strategy and size")
    else:
        placeholder = t("{value} by strategy").format(value=f"{usual:g}") if setting.default is None else ""
    return field(setting, usual=usual, placeholder=placeholder)


def imbalance(config: FitConfig | SweepConfig, corpus: Corpus) -> None:
    """Where one class has more than three times the texts of another, offer class weights."""
    found = health.imbalance(corpus.part("train"))
    if config.class_weights or not found.offered:
        return
    with st.container(border=True, gap="xsmall"):
        st.markdown(
            t(
                "The largest class, {most}, has {ratio} times as many training texts as the smallest,"
                " {least}. Without class weights a model may learn to leave the small one out."
            ).format(most=lit(found.largest), least=lit(found.smallest), ratio=number(found.ratio, 1))
        )
        st.button(
            t("Use class weights"), key="use-class-weights", icon=":material/balance:",
            on_click=st.session_state.update, args=({"class_weights": True},),
        )  # fmt: skip


def forecast(config: FitConfig, corpus: Corpus) -> None:
    """What it will cost: parameters that learn, time, memory; what to expect; steps and passes."""
    source = pick.source(config.model)
    if not speed.known().measured:
        measuring = submit("xfer_core.training.speed:calibrate", lane="long")
        if not ready(measuring, t("Measuring how fast this machine is, once")):
            return
    said = cost.predict(config, corpus, source)
    st.subheader(t("What it will cost"))
    _line(said)
    st.caption(t(said.note))
    st.caption(t("Times are those of this machine while it does nothing else."))
    _against_full(config, corpus, source)
    _steps(config, corpus)


def _line(said: Cost) -> None:
    with st.grid(3, min_column_width=170):
        part = said.trainable / said.parameters
        share = percent(part, 0 if part == 1 else 1 if part > 0.001 else 3)
        st.metric(
            t("Parameters that learn"), number(said.trainable), border=True, height="stretch",
            delta=t("{share} of the model").format(share=share), delta_color="off", delta_arrow="off",
        )  # fmt: skip
        once = t("{time} of it only once").format(time=duration(said.prefix_seconds))
        st.metric(
            t("Time, at most about"), duration(said.seconds), border=True, height="stretch",
            delta=once if said.prefix_seconds >= 1 else None, delta_color="off", delta_arrow="off",
        )  # fmt: skip
        st.metric(
            t("Memory, about"), t("{n} MB").format(n=number(round(said.memory_mb, -1))), border=True,
            height="stretch",
        )  # fmt: skip


def _against_full(config: FitConfig, corpus: Corpus, source: Source) -> None:
    """Full fine-tuning with as many steps, for comparison; nothing where it is that."""
    steps = config.planned_steps(corpus.part("train").n)
    if config.strategy == "full" or not steps:
        return
    values = {"model": config.model, "strategy": "full", "steps": steps}
    same = {name: getattr(config, name) for name in ("batch_size", "max_length", "precision")}
    full = cost.predict(settings.validate({**values, **same}), corpus, source)
    st.caption(
        t("As many steps of full fine-tuning: about {time}, {n} MB.").format(
            time=duration(full.seconds), n=number(round(full.memory_mb, -1))
        )
    )


def _steps(config: FitConfig, corpus: Corpus) -> None:
    texts = corpus.part("train").n
    steps = config.planned_steps(texts)
    parts = [t("{n} training texts").format(n=number(texts))]
    if steps:
        parts += [
            t("steps at most: {n}").format(n=number(steps)),
            t("{n} passes").format(n=number(steps * config.batch_size / max(texts, 1), 1)),
            t("peak learning rate {rate}").format(rate=lit(f"{config.rate:g}")),
        ]
    st.caption(" · ".join(parts))
