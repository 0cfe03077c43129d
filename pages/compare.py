"""Compare: what is the best use of this model on these texts? Asked in one click, or arm by arm."""

import streamlit as st

from xfer_core.runs import queue
from xfer_core.sweep import results, settings
from xfer_core.ui import pick, run_live, settings_form, sweep_form, sweep_live, sweep_view
from xfer_core.ui.commands import show_command
from xfer_core.ui.language import t
from xfer_core.ui.navigation import entry
from xfer_core.ui.run_list import run_list
from xfer_core.ui.state import query


def ask() -> None:
    """The question in one click; below it, a comparison of one's own; below that, earlier ones."""
    st.title(t(entry("compare").title))
    st.caption(t(entry("compare").help))
    corpus = settings_form.chosen_corpus()
    model = pick.model()
    source = pick.source(model)
    config = sweep_form.question(model, source, corpus)
    st.subheader(t("Or compare strategies of your choice"))
    own = sweep_form.form(model, source, corpus)
    if own is not None:
        settings_form.imbalance(own, corpus)
        sweep_form.plan(own, source, corpus)
        if st.button(t("Start the comparison"), key="start", icon=":material/play_arrow:"):
            config = own
        show_command(settings.command(own, f"corpus:{corpus.id}"))
    if config is not None:
        sweep_form.start(config, corpus)
    st.subheader(t("Earlier comparisons"))
    run_list(settings.KIND)


def one(run_id: str) -> None:
    """A comparison: its advice as far as there is one, what moves, then its pictures and every number."""
    opened = run_live.opened(run_id, settings.KIND, results.load, page="runs", label=t("All runs"))
    if opened is None:
        return
    run, sweep = opened
    sweep_live.top(run, sweep.notes)
    found = sweep_view.compared(sweep)
    if run.live:
        sweep_live.live(run, sweep, sweep_view.advice)
    elif found.rows:
        sweep_view.advice(sweep)
    if found.rows:
        st.subheader(t("The comparison") if not run.live else t("The comparison so far"))
        sweep_view.view(sweep, found)
        sweep_view.numbers(found)
    elif not run.live:
        st.caption(t("Nothing was compared: it ended before a strategy was through."))
        sweep_live.evidence(sweep)
    if sweep.arms:
        sweep_view.files(sweep)
    sweep_view.repeat(sweep)
    sweep_view.removal(run)


queue.tick()
if chosen := query("sweep"):
    one(chosen)
else:
    ask()
