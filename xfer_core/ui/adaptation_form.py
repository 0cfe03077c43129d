"""Adapting by training: what to do, what it will cost, and the start.

- ``panel(corpus, source, target, model)``: the whole form, with the start and earlier runs
- ``form(corpus, source, target, model) -> (AdaptConfig, Ground) | None``: what was chosen and its texts, or
  None (with the reason said)
- ``start(config, corpus)``: queue it and open it
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import streamlit as st

from xfer_core.adaptation import settings
from xfer_core.adaptation.forecast import seconds
from xfer_core.adaptation.ground import Ground, ground
from xfer_core.adaptation.settings import METHODS, SOURCE_ONLY, AdaptConfig
from xfer_core.corpora import Corpus
from xfer_core.errors import BadSetting, XferError
from xfer_core.runs import queue
from xfer_core.training import fits
from xfer_core.training import settings as training
from xfer_core.training.strategies import parse
from xfer_core.ui import pick
from xfer_core.ui.commands import show_command
from xfer_core.ui.errors import failure
from xfer_core.ui.language import duration, filled, number, t
from xfer_core.ui.literal import lit
from xfer_core.ui.navigation import go
from xfer_core.ui.run_list import run_list
from xfer_core.ui.setting_field import field
from xfer_core.ui.sweep_form import measured

WIDTH = 760
ADAPT = tuple(name for name in METHODS if name != SOURCE_ONLY)
USUAL = ("dann", "mmd", "self-training")
"""Chosen before anyone chooses: those that take minutes on an ordinary processor."""
OWN = "adapt_"
"""Before the names of widgets: the steps of an adaptation are not those of a run."""


def panel(corpus: Corpus, source: str, target: str, model: str) -> None:
    st.markdown(
        t(
            "Labels of the target are taken off before anything begins. **Source only** is trained first,"
            " with the same steps and seed as the others, and every method is measured against it."
        ),
        width=WIDTH,
    )
    asked = form(corpus, source, target, model)
    if asked is not None:
        config, texts = asked
        _plan(config, texts)
        if st.button(t("Start adapting"), type="primary", key="start-adapting", icon=":material/play_arrow:"):
            start(config, corpus)
        show_command(settings.command(config, f"corpus:{corpus.id}"))
    st.subheader(t("Earlier adaptations by training"))
    run_list(settings.KIND)


def form(corpus: Corpus, source: str, target: str, model: str) -> tuple[AdaptConfig, Ground] | None:
    values: dict[str, Any] = {"model": model, "source": source, "target": target}
    values["methods"] = _methods()
    basic = [each for each in settings.FLAGS if each.name in ("steps", "strategy")]
    others = [each for each in settings.FLAGS if each not in basic and each.name != "model"]
    with st.grid(2, min_column_width=260):
        for each in basic:
            values[each.name] = _field(each, corpus, source)
    with st.expander(t("Settings of every method"), key="adapt-settings"), st.grid(2, min_column_width=260):
        for each in others:
            values[each.name] = _field(each, corpus, source)
    try:
        config = settings.validate(values)
        fits.check(config.strategy, pick.source(model))
        texts = _ground(corpus.id, config, corpus)
    except XferError as error:
        failure(error)
        return None
    for note in texts.notes:
        st.caption(lit(filled(note["message"], note["values"])))
    return config, texts


@st.cache_resource(max_entries=4, show_spinner=False)
def _ground(corpus_id: str, config: AdaptConfig, _corpus: Corpus) -> Ground:
    """Of a large corpus it takes a second, and the form is drawn at every click."""
    return ground(_corpus, config)


def _field(setting: training.Setting, corpus: Corpus, source: str) -> Any:
    if setting.name == "strategy":
        return st.text_input(
            t(setting.title), setting.default, key=OWN + setting.name, bind="query-params",
            help=t("A strategy that takes steps, such as top-2, full or lora; see Fine-tune."),
        )  # fmt: skip
    return field(setting, key=OWN + setting.name, placeholder=_usual(setting.name, corpus, source))


def _usual(name: str, corpus: Corpus, source: str) -> str:
    """What an empty number stands for; of other settings nothing."""
    if name == "steps":
        learnt = corpus.part("train").domains == corpus.domain_names.index(source)
        batch = st.session_state.get(f"{OWN}batch_size") or AdaptConfig.batch_size
        return number(AdaptConfig(source, "", (), batch_size=batch).planned_steps(int(learnt.sum())))
    if name == "learning_rate":
        with suppress(BadSetting):  # which strategies there are is said below the form
            rate = parse(st.session_state.get(f"{OWN}strategy") or training.STRATEGY).rate
            return t("{value} by strategy").format(value=f"{rate:g}")
    return ""


def _methods() -> list[str]:
    chosen = st.multiselect(
        t("Methods"), ADAPT, default=USUAL, key="adapt_methods", bind="query-params",
        format_func=lambda name: name,
        help=t("Each is a training of its own; they are done one after the other."),
    )  # fmt: skip
    for name in chosen:
        each = METHODS[name]
        with st.container(gap=None):
            st.markdown(f"**{t(each.title)}** ({lit(name)}): {t(each.what)}", width=WIDTH)
            st.caption(f"{t(each.cost)} {t('Less good: {when}').format(when=t(each.when_not))}")
            st.caption(lit(each.source))
    return list(chosen)


def _plan(config: AdaptConfig, texts: Ground) -> None:
    if measured():
        said = t("Methods: {n}, source only among them; about **{time}** if the machine does nothing else")
        time = duration(seconds(config, texts))
        st.markdown(said.format(n=number(len(config.methods)), time=time))
    else:
        steps = config.planned_steps(texts.learnt.part("train").n)
        said = t("Trainings: {n}, each of {steps} steps at most")
        st.markdown(said.format(n=number(len(config.methods)), steps=number(steps)))


def start(config: AdaptConfig, corpus: Corpus) -> None:
    name = f"{corpus.name}-{config.source}-{config.target}"
    run = queue.submit(settings.KIND, settings.request(config, corpus.id), name, settings.WORKER)
    go("adaptation", run=run.id)
