"""The form of a training run, drawn from the settings themselves: a new setting needs no line here.

- ``form() -> FitConfig | None``: what the reader chose, or None (with the reason said) while it cannot be
- ``plan(config, corpus)``: what that choice will cost
- ``sample_tweets()``: the one click to a corpus, where there is none

Every value stands in the address under its setting's name, so that a link fills the form.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from xfer_core.corpora.corpus import Corpus, sample, save
from xfer_core.errors import BadSetting, XferError
from xfer_core.models.sources import Source
from xfer_core.training import settings
from xfer_core.training.settings import SETTINGS, FitConfig, Setting
from xfer_core.training.strategies import STRATEGIES, Strategy, parse
from xfer_core.ui import pick
from xfer_core.ui.errors import failure
from xfer_core.ui.language import number, percent, t
from xfer_core.ui.literal import lit
from xfer_core.ui.state import adopt, query, remember
from xfer_core.ui.waiting import result_of, submit

SAMPLE = 2_000
"""Tweets of the one-click corpus: enough to see every strategy work, few enough for minutes."""


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


def form() -> FitConfig | None:
    """The settings, basic ones first; ends with None where they do not go together."""
    values: dict[str, Any] = {}
    values["model"] = pick.model()
    pick.broken_folders()
    try:
        source = pick.source(values["model"])
        chosen = _strategy(source)
        values["strategy"] = chosen.name
        others = [setting for setting in SETTINGS if setting.name not in values]
        with st.grid(2, min_column_width=260):
            for setting in (each for each in others if each.basic):
                values[setting.name] = _field(setting, chosen)
        with st.expander(t("More settings"), key="more-settings"), st.grid(2, min_column_width=260):
            for setting in (each for each in others if not each.basic):
                values[setting.name] = _field(setting, chosen)
        return settings.validate(values)
    except XferError as error:
        failure(error)
        return None


def _strategy(source: Source) -> Strategy:
    """One of the strategies, each with what it trains and when it is wise."""
    _follow_address(source)
    entry = next(each for each in SETTINGS if each.name == "strategy")
    kind = st.radio(
        t(entry.title), list(STRATEGIES), key="strategy_kind", on_change=_note_strategy,
        format_func=lambda name: t(STRATEGIES[name].title),
        captions=[t("{trains} Good for: {when}").format(trains=t(each.trains), when=t(each.when))
                  for each in STRATEGIES.values()],
        help=f"{t(entry.does)} {t(entry.raising)}",
    )  # fmt: skip
    if kind == "freeze-K":
        st.slider(
            t("Frozen layers, counted from the embeddings"), 0, source.layers, key="frozen_layers",
            on_change=_note_strategy, width=420,
            help=t("0 freezes the embeddings alone; all layers frozen leaves the classifier to learn."),
        )  # fmt: skip
    st.caption(t("Less good for: {when_not}").format(when_not=t(STRATEGIES[kind].when_not)))
    return parse(_strategy_name())


def _follow_address(source: Source) -> None:
    """Take over a strategy that a link brought; the address holds ``freeze-3``, the form two widgets.

    ``top-2`` fills them with the layers it freezes of this model. What a link may not mean is said, for as
    long as the address holds it.
    """
    given = query("strategy")
    fresh = st.session_state.get("_strategy_seen") != given or "strategy_kind" not in st.session_state
    try:
        chosen = parse(given or settings.STRATEGY)
        frozen = chosen.frozen(source.layers)
        if fresh:
            kind = chosen.name if chosen.name in STRATEGIES else "freeze-K"
            st.session_state["strategy_kind"] = kind
            if kind == "freeze-K":
                st.session_state["frozen_layers"] = frozen
            st.session_state["_strategy_seen"] = given
    except BadSetting as error:
        failure(error)
        if fresh:
            st.session_state.update({"strategy_kind": "freeze-K", "_strategy_seen": given})
    layers = st.session_state.get("frozen_layers", source.layers - 2)
    st.session_state["frozen_layers"] = max(0, min(layers, source.layers))


def _strategy_name() -> str:
    kind = str(st.session_state["strategy_kind"])
    return f"freeze-{st.session_state.get('frozen_layers', 0)}" if kind == "freeze-K" else kind


def _note_strategy() -> None:
    name = _strategy_name()
    st.session_state["_strategy_seen"] = name
    remember("strategy", name)


def _field(setting: Setting, strategy: Strategy) -> Any:
    """One setting's widget with what it does below it; None where the program is to decide."""
    common: dict[str, Any] = {
        "key": setting.name, "bind": "query-params", "help": f"{t(setting.reason)} {t(setting.raising)}"
    }  # fmt: skip
    with st.container(gap="xsmall"):
        if setting.kind == "bool":
            value: Any = st.checkbox(t(setting.title), setting.default, **common)
        elif setting.kind in ("int", "float"):
            value = _number(setting, strategy, common)
        elif setting.kind == "choice":
            value = st.selectbox(t(setting.title), setting.choices, **common)
        else:
            value = st.text_input(t(setting.title), setting.default, **common)
        st.caption(t(setting.does))
    return value


def _number(setting: Setting, strategy: Strategy, common: dict[str, Any]) -> float | None:
    whole = setting.kind == "int"
    usual = strategy.rate if setting.name == "learning_rate" else setting.default
    step = 1 if whole else (usual or 10) / 10
    kind = int if whole else float
    return st.number_input(
        t(setting.title),
        min_value=None if setting.low is None else kind(setting.low),
        max_value=None if setting.high is None else kind(setting.high),
        value=setting.default, step=kind(step), format="%d" if whole else "%g",
        placeholder=_placeholder(setting, usual), **common,
    )  # fmt: skip


def _placeholder(setting: Setting, usual: float | None) -> str:
    if usual is None:
        return t("decided by strategy and size")
    return t("{value} by strategy").format(value=f"{usual:g}") if setting.default is None else ""


def plan(config: FitConfig, corpus: Corpus) -> None:
    """One line: steps, passes and, where it is known at once, how much of the model learns."""
    texts = len(corpus.part("train").frame)
    steps = config.planned_steps(texts)
    passes = steps * config.batch_size / max(texts, 1)
    parts = [
        t("{n} training texts").format(n=number(texts)),
        t("steps at most: {n}").format(n=number(steps)),
        t("{n} passes").format(n=number(passes, 1)),
        t("peak learning rate {rate}").format(rate=lit(f"{config.rate:g}")),
    ]
    source = pick.source(config.model)
    frozen = config.parsed.frozen(source.layers)
    if source.parameters and frozen is None:
        parts.append(t("all {n} parameters learn").format(n=number(source.parameters)))
    elif frozen == source.layers:
        parts.append(t("only the classifier learns"))
    elif frozen is not None:
        share = (source.layers - frozen) / source.layers
        parts.append(
            t("layers that learn: {n} of {layers} ({share})").format(
                n=source.layers - frozen, layers=source.layers, share=percent(share)
            )
        )
    st.caption(" · ".join(parts))
