"""Choose how much of the model to train, and start a run."""

import streamlit as st

from xfer_core.runs import queue
from xfer_core.training import settings
from xfer_core.ui import settings_form
from xfer_core.ui.commands import show_command
from xfer_core.ui.language import t
from xfer_core.ui.navigation import entry, go

st.title(t(entry("fine_tune").title))
st.caption(t("Decide how much of the model may change. A run goes on when this page is closed."))

corpus = settings_form.chosen_corpus()
config = settings_form.form(corpus)
if config is not None:
    settings_form.imbalance(config, corpus)
    settings_form.forecast(config, corpus)
    started = st.button(t("Start the run"), type="primary", key="start", icon=":material/play_arrow:")
    show_command(settings.command(config, f"corpus:{corpus.id}"))
    if started:
        name = f"{corpus.name}-{config.strategy}"
        run = queue.submit("train", settings.request(config, corpus.id), name, settings.WORKER)
        go("runs", run=run.id)
