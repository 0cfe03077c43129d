"""Runs: all of them, or one of them live and, once it has ended, what came of it."""

import streamlit as st

from xfer_core.errors import NotFound
from xfer_core.runs import queue, store
from xfer_core.training import results
from xfer_core.ui import pick, run_results, run_view
from xfer_core.ui.commands import show_command
from xfer_core.ui.errors import failure
from xfer_core.ui.language import t
from xfer_core.ui.navigation import entry, link
from xfer_core.ui.run_list import PAGES, run_list, show
from xfer_core.ui.state import query


def every() -> None:
    st.title(t(entry("runs").title))
    st.caption(t(entry("runs").help))
    run_list()
    show_command("xfer runs list")


def one(run_id: str) -> None:
    try:
        run = store.get(run_id)
    except NotFound as error:
        failure(error)
        link("runs", t("All runs"))
        return
    if run.kind in PAGES:
        show(run)
    pick.adopt_once(run.config.get("corpus", ""))  # so that the links below lead somewhere
    run_view.top(run)
    try:
        result = results.result(run.id) if not run.live else None
    except NotFound:  # it failed, or was cancelled, before there were any
        result = None
    if result:
        run_results.verdict(result)
        run_results.scores(result)
        st.subheader(t("Curves"))
    run_view.picture(run, result)
    if result:
        run_results.classes(result)
        run_results.misread(run, result)
        run_results.cost(run, result)
        run_results.use(run, result)
    run_view.repeat(run)
    run_view.removal(run)


queue.tick()
chosen = query("run")
if chosen:
    one(chosen)
else:
    every()
