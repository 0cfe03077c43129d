"""Runs: all of them, or one of them live and, once it has ended, what came of it."""

import streamlit as st

from xfer_core import corpora
from xfer_core.errors import NotFound
from xfer_core.runs import queue, store
from xfer_core.training import results
from xfer_core.ui import pick, run_results, run_view
from xfer_core.ui.commands import show_command
from xfer_core.ui.errors import failure
from xfer_core.ui.language import t
from xfer_core.ui.navigation import entry, go, link
from xfer_core.ui.run_list import run_list
from xfer_core.ui.state import adopt, query


def every() -> None:
    st.title(t(entry("runs").title))
    st.caption(t(entry("runs").help))
    run_list()
    show_command("xfer runs list")


def adopt_corpus(run: store.Run) -> None:
    """Once a run: where no corpus is current, that of the run is, so that the links below lead somewhere."""
    corpus = run.config.get("corpus", "")
    met = f"met-{run.id}"
    if (
        pick.corpus_id() is None
        and not st.session_state.get(met)
        and corpus in {each.id for each in corpora.listing()}
    ):
        st.session_state[met] = True
        adopt(corpus)


def one(run_id: str) -> None:
    try:
        run = store.get(run_id)
    except NotFound as error:
        failure(error)
        link("runs", t("All runs"))
        return
    if run.kind == "classify":
        go("classify", job=run.id, model=run.config["model"])
    adopt_corpus(run)
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
        run_results.use(run)
    run_view.repeat(run)
    run_view.removal(run)


queue.tick()
chosen = query("run")
if chosen:
    one(chosen)
else:
    every()
