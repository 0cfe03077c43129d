"""Compare: what is the best use of this model on these texts? Asked in one click, or arm by arm."""

import streamlit as st

from xfer_core.runs import queue
from xfer_core.sweep import settings
from xfer_core.ui import pick, settings_form, sweep_form
from xfer_core.ui.commands import show_command
from xfer_core.ui.language import number, t
from xfer_core.ui.literal import lit
from xfer_core.ui.navigation import entry
from xfer_core.ui.run_list import run_list


def ask() -> None:
    """The question in one click; below it, a comparison of one's own; below that, earlier ones."""
    st.title(t(entry("compare").title))
    st.caption(t(entry("compare").help))
    if pick.corpus_id() is None:
        settings_form.sample_tweets()
    corpus = pick.corpus()
    st.markdown(
        t("Corpus **{name}**: {n} texts, {classes} classes").format(
            name=lit(corpus.name), n=number(corpus.n), classes=number(len(corpus.label_names))
        )
    )
    model = pick.model()
    source = pick.source(model)
    config = sweep_form.question(model, source, corpus)
    st.subheader(t("Or compare strategies of your choice"))
    own = sweep_form.form(model, source, corpus)
    if own is not None:
        sweep_form.plan(own, source, corpus)
        if st.button(t("Start the comparison"), key="start", icon=":material/play_arrow:"):
            config = own
        show_command(settings.command(own, f"corpus:{corpus.id}"))
    if config is not None:
        sweep_form.start(config, corpus)
    st.subheader(t("Earlier comparisons"))
    run_list(settings.KIND)


queue.tick()
ask()
