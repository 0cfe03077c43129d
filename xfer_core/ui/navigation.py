"""All pages, in the order of the menu, and links between them.

- ``link(key, label="", **query)``: a link; *query* sets its address, ``link("runs", run="abc-1f2e")``
- ``go(key, **query)``: the same at once (ends the script)
- ``page(key) -> st.Page``: for ``st.navigation``; pages hand their keys, never paths

The current corpus and the language travel in the address by themselves: leave ``corpus`` and ``lang`` out of
*query* (to change the corpus, ``state.choose_corpus(id)`` in a callback).
"""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from xfer_core.i18n import N_
from xfer_core.settings import root
from xfer_core.ui.language import t


@dataclass(frozen=True)
class Entry:
    """One page: *key* names it in code, *path* is its address, the rest is shown in the menu."""

    key: str
    path: str
    title: str
    icon: str
    help: str


PAGES = (
    Entry(
        "home", "home", N_("Home"), ":material/home:",
        N_("What the lab answers, and a first real picture."),
    ),
    Entry(
        "data", "data", N_("Data"), ":material/table_rows:",
        N_("Bring a table of texts, or fetch a sample corpus, and see what is in it."),
    ),
    Entry(
        "labels", "labels", N_("Label problems"), ":material/rule:",
        N_("Find doubtful labels, contradicting copies and imbalance, and correct them."),
    ),
    Entry(
        "features", "features", N_("Features"), ":material/scatter_plot:",
        N_("How the texts lie in each layer, as a map; before and after tuning; who stays near whom."),
    ),
    Entry(
        "universality", "universality", N_("Universality"), ":material/public:",
        N_("Which layer knows the task best, which gives the domain away, and which travels."),
    ),
    Entry(
        "transfer", "transfer", N_("Transfer"), ":material/swap_horiz:",
        N_("Train on one domain, test on another: which layer and which strategy still works there."),
    ),
    Entry(
        "adaptation", "adaptation", N_("Adaptation"), ":material/merge:",
        N_("Bridge two domains without labels of the target, and see whether it helped."),
    ),
    Entry(
        "attention", "attention", N_("Attention"), ":material/grid_on:",
        N_("Which tokens look at which, in every layer and head."),
    ),
    Entry(
        "fine_tune", "fine-tune", N_("Fine-tune"), ":material/tune:",
        N_("Choose how much of the model to train, and start a run."),
    ),
    Entry(
        "compare", "compare", N_("Compare"), ":material/balance:",
        N_("What is the best use of this model on your texts? Strategies compared fairly, and one advised."),
    ),
    Entry(
        "runs", "runs", N_("Runs"), ":material/monitoring:",
        N_("Watch runs live, and read what came out: metrics, confusion matrix, misread texts."),
    ),
    Entry(
        "classify", "classify", N_("Classify"), ":material/label:",
        N_("Let a tuned model label one text or a whole table."),
    ),
)  # fmt: skip


def entry(key: str) -> Entry:
    return next(each for each in PAGES if each.key == key)


def page(key: str) -> st.Page:
    """Built anew in each run, because its title is in the reader's language."""
    it = entry(key)
    return st.Page(
        root() / "pages" / f"{it.key}.py",
        title=t(it.title), icon=it.icon, url_path=it.path, help=t(it.help), default=it.key == "home",
    )  # fmt: skip


def menu() -> list[st.Page]:
    """Every page. No section headings: Streamlit's markup for those is no valid list for a screen reader."""
    return [page(it.key) for it in PAGES]


def link(key: str, label: str = "", **query: str | int) -> None:
    it = entry(key)
    values = {name: str(value) for name, value in query.items()}
    st.page_link(page(key), label=label or t(it.title), icon=it.icon, query_params=values)


def go(key: str, **query: str | int) -> None:
    # Without query_params a bound value in the address makes switch_page raise.
    st.switch_page(page(key), query_params={name: str(value) for name, value in query.items()})
