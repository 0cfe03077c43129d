"""How a run of any kind is ended, what it leaves behind when it failed, and how it is deleted."""

from __future__ import annotations

import streamlit as st

from xfer_core.runs import queue, store
from xfer_core.runs.store import Run
from xfer_core.settings import LIMITS
from xfer_core.ui.language import number, t
from xfer_core.ui.navigation import go


def endings(run: Run, *, stops: str, stopping: str) -> None:
    """The two ways to end it while it lives. *stops*: what Stop will do; *stopping*: what it is doing."""
    # Not by callbacks: the first click after a restart of the server would find none registered.
    with st.container(horizontal=True):
        stop = st.button(
            t("Stop and keep"), key="stop", icon=":material/stop_circle:", disabled=run.want != "", help=stops
        )
        cancel = st.button(
            t("Cancel"), key="cancel", icon=":material/cancel:", disabled=run.want == "cancel",
            help=t("Ends everything within two seconds; no model is kept."),
        )  # fmt: skip
    if stop or cancel:
        (queue.stop if stop else queue.cancel)(run.id)
        st.rerun()
    if run.want == "stop":
        st.caption(stopping)
    elif run.want == "cancel":
        st.caption(t("Cancelling."))
    elif run.state == "queued":
        st.caption(t("Waiting for its turn: {n} at a time.").format(n=number(LIMITS.runs_at_once)))


def log_of(run: Run) -> None:
    """Where those who mend can read why it failed."""
    log = run.folder / "log.txt"
    if run.state == "failed" and log.exists():
        with st.container(gap="xsmall"):
            st.caption(t("The log of this run"))
            st.code(str(log), language=None, wrap_lines=True)


def removal(run: Run, *, label: str, says: str, back: str) -> None:
    """Delete, after a second thought. *says*: what goes with it; *back*: the page to go to."""
    with st.popover(label, icon=":material/delete:", disabled=run.live, key="delete"):
        st.markdown(says)
        if st.button(t("Delete for good"), key="delete-for-good"):
            store.delete(run.id)
            go(back)
