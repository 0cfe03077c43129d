"""One training run, live or ended: where it is, its curves, how to stop, repeat and delete it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from xfer_core.corpora.corpus import listing
from xfer_core.i18n import N_
from xfer_core.runs.store import Run
from xfer_core.training import settings
from xfer_core.training.results import MODEL
from xfer_core.training.settings import SETTINGS
from xfer_core.ui import run_ends
from xfer_core.ui.commands import show_command
from xfer_core.ui.components.curves import curves
from xfer_core.ui.errors import failure
from xfer_core.ui.language import t
from xfer_core.ui.navigation import go
from xfer_core.ui.run_ends import endings, log_of
from xfer_core.ui.run_list import head
from xfer_core.ui.state import choose_corpus, remember

REFERENCES = {"tfidf": N_("TF-IDF"), "untuned_probe": N_("untuned probe")}
"""Names in a run's results → names on the page."""


def top(run: Run) -> None:
    """Name, state, what it is about, and while it lives the two ways to end it."""
    st.button(
        t("All runs"), key="all-runs", type="tertiary", icon=":material/arrow_back:",
        on_click=remember, args=("run", ""),
    )  # fmt: skip
    head(run)
    if run.live:
        endings(
            run,
            stops=t("Finishes the step, keeps the best model so far and measures it on the test texts."),
            stopping=t("Stopping: the best model so far is being saved and measured."),
        )
    elif run.error:
        failure(run.error)
        log_of(run)
    elif run.state == "stopped":
        kept = (run.folder / MODEL).exists()
        st.caption(
            t("Stopped by you. The best model until then is kept.") if kept
            else t("Stopped by you, before there was a model to keep.")
        )  # fmt: skip


def picture(run: Run, result: dict[str, Any] | None) -> None:
    """The curves, with what they have to beat once that is known."""
    found = (result or {}).get("references", {})
    references = {
        t("{name} on test").format(name=t(REFERENCES[name])): float(found[name]["macro_f1"])
        for name in REFERENCES if name in found
    }  # fmt: skip
    curves(run, best=(result or {}).get("best_step"), references=references)


def repeat(run: Run) -> None:
    """The settings, the command, and a link that fills the form with them."""
    known = [setting for setting in SETTINGS if run.config.get(setting.name) is not None]
    with st.expander(t("Settings of this run"), key="run-settings"):
        st.dataframe(
            [{t("Setting"): t(each.title), t("Value"): _written(run.config[each.name])} for each in known],
            hide_index=True, key="settings-table", alt=t("Every setting of this run and its value"),
        )  # fmt: skip
    again = st.button(
        t("Another run from these settings"), key="again", icon=":material/tune:",
        on_click=_take_up, args=(run.config["corpus"],),
    )  # fmt: skip
    if again:
        changed = [each.name for each in known if run.config[each.name] != each.default]
        go("fine_tune", **{name: str(run.config[name]) for name in changed})
    config = settings.validate(run.config)
    show_command(settings.command(config, f"corpus:{run.config['corpus']}"))


def _take_up(corpus: str) -> None:
    if any(each.id == corpus for each in listing()):  # it may be gone by now
        choose_corpus(corpus)


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return t("yes") if value else t("no")
    return f"{value:g}" if isinstance(value, float) else str(value)


def removal(run: Run) -> None:
    run_ends.removal(
        run, label=t("Delete this run"), back="runs",
        says=t("The model, its curves and its predictions go for good."),
    )  # fmt: skip
