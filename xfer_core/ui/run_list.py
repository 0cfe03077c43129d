"""All runs, newest first: what each is, how far it has come, what came of it."""

from __future__ import annotations

import streamlit as st

from xfer_core.i18n import N_
from xfer_core.runs import queue, store
from xfer_core.runs.store import Run
from xfer_core.ui.language import date, duration, number, percent, t
from xfer_core.ui.literal import lit
from xfer_core.ui.navigation import entry, go, link

PAGE = 15
"""Runs shown at once."""

PAGES = {
    "classify": ("classify", "job"),
    "sweep": ("compare", "sweep"),
    "crossing": ("transfer", "crossing"),
    "adaptation": ("adaptation", "run"),
}
"""Kind of a run → the page that shows it, and what its address calls the run, where that is not Runs."""
HERE = ("runs", "run")

STATES = {
    "queued": (N_("queued"), "gray"),
    "running": (N_("running"), "blue"),
    "finished": (N_("finished"), "green"),
    "stopped": (N_("stopped"), "orange"),
    "failed": (N_("failed"), "red"),
    "interrupted": (N_("interrupted"), "red"),
}
"""State of a run → its word, a colour."""

KINDS = {
    "sweep": N_("comparison"),
    "crossing": N_("strategies across domains"),
    "adaptation": N_("adaptation by training"),
}
"""Kind of a run → its word, where it is not a training."""


def run_list(kind: str = "") -> None:
    """All runs, or those of one kind."""
    runs = store.listing(kind or None)
    if not runs and kind:
        st.caption(t("None yet."))
        return
    if not runs:
        st.markdown(t("No run yet. A run tunes a model on a corpus; it takes from seconds to minutes."))
        link("fine_tune", t("Start one"))
        return
    page = 1
    if len(runs) > PAGE:
        page = st.pagination(-(-len(runs) // PAGE), key="runs-page")
    # Redrawn by itself only while something moves.
    every = 2 if any(run.live for run in runs) else None
    st.fragment(_rows, run_every=every)([run.id for run in runs[(page - 1) * PAGE : page * PAGE]])


def _rows(identifiers: list[str]) -> None:
    queue.tick()
    runs = [run for name in identifiers if (run := store.find(name))]
    for run in runs:
        with st.container(border=True, gap="xsmall"):
            _row(run)
    if not any(run.live for run in runs) and st.session_state.pop("runs_moving", False):
        st.rerun()  # the last one has ended: stop the clock
    if any(run.live for run in runs):
        st.session_state["runs_moving"] = True


def _row(run: Run) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        # A button, because a link to the page one is on is drawn as if it were chosen.
        page, _ = PAGES.get(run.kind, HERE)
        if st.button(lit(run.id), key=f"open-{run.id}", type="tertiary", icon=entry(page).icon):
            show(run)
        state_badge(run)
    line(about(run))
    if run.state == "running" and run.steps:
        st.progress(
            min(1.0, run.step / run.steps),
            text=t("step {step} of {steps}").format(step=number(run.step), steps=number(run.steps)),
        )


def show(run: Run) -> None:
    """Go to the page that shows a run of its kind."""
    page, name = PAGES.get(run.kind, HERE)
    more = {"model": run.config.get("model", "")} if run.kind == "classify" else {}
    go(page, **{name: run.id}, **more)


def line(parts: list[str], between: str = " · ") -> None:
    """What has been made safe to show, in small print."""
    st.caption(between.join(parts))


def state_badge(run: Run) -> None:
    word, colour = STATES[run.state]
    st.badge(t(word), color=colour)  # type: ignore[arg-type]


def about(run: Run) -> list[str]:
    """What is worth knowing of a run in one line, safe to show."""
    said = []
    if run.kind == "classify":
        said.append(t("table classified with {model}").format(model=lit(run.config.get("model", ""))))
    else:
        if run.kind in KINDS:
            said.append(t(KINDS[run.kind]))
        if run.config.get("source") and run.config.get("target"):
            pair = t("{source} → {target}")
            said.append(pair.format(source=lit(run.config["source"]), target=lit(run.config["target"])))
        for name in ("strategy", "corpus", "model"):
            if run.config.get(name):
                said.append(lit(run.config[name]))
    if "target_macro_f1" in run.metrics:
        said.append(_kept(run))
    if "macro_f1" in run.metrics:
        said.append(t("macro-F1 {value}").format(value=number(run.metrics["macro_f1"], 3)))
    if "accuracy" in run.metrics:
        said.append(t("accuracy {value}").format(value=percent(run.metrics["accuracy"], 1)))
    said.append(date(run.created))
    return said


def _kept(run: Run) -> str:
    """Of an adaptation: whose model it left, and how that reads the target."""
    kept = t("kept: {method}, target macro-F1 {value}")
    value = number(run.metrics["target_macro_f1"], 3)
    return kept.format(method=lit(str(run.metrics.get("method", ""))), value=value)


def head(run: Run) -> None:
    """Of the page of one run: its name and state, what it is about, when it ended."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(lit(run.id), width="content")
        state_badge(run)
    said = about(run)
    if run.started and run.ended:
        said.append(t("took {time}").format(time=duration(run.ended - run.started)))
    if run.ended:
        said.append(t("ended {date}").format(date=date(run.ended)))
    line(said)
