"""Transfer: train on one domain, test on another; by layer of the untuned model, and by strategy."""

import shlex

import streamlit as st

from xfer_core.analysis.transfer_words import said
from xfer_core.ui import crossing_form, crossing_view, sample, transfer_view
from xfer_core.ui.commands import show_command
from xfer_core.ui.glossary import glossary
from xfer_core.ui.headline import WIDTH, headline
from xfer_core.ui.language import t
from xfer_core.ui.navigation import entry, link
from xfer_core.ui.reading_form import choices
from xfer_core.ui.state import query
from xfer_core.ui.waiting import result_of, submit


def untuned() -> None:
    """Probes on every layer of a model as it is, then the form for strategies."""
    st.title(t(entry("transfer").title))
    st.markdown(
        t(
            "A probe is trained on one kind of text and tested on another. What it still reads there, the"
            " layer holds in a form that travels."
        ),
        width=WIDTH,
    )
    glossary("probe", "layer", "macro-f1", "tf-idf")
    corpus = sample.corpus()
    if len(corpus.domain_names) < 2:
        alone()
        return
    model, pool, per_class, seed = choices()
    job = submit(
        "xfer_core.analysis.probes:transfer_of", lane="long",
        model=model, corpus_id=corpus.id, pool=pool, per_class=per_class, seed=seed,
    )  # fmt: skip
    found = result_of(job, t("Reading every text in every layer"))
    headline(found.ranking, said(found), found.notes)
    transfer_view.by_layer(found)
    transfer_view.matrices(found)
    transfer_view.means(found)
    transfer_view.files(found)
    chosen = f"--model {shlex.quote(model)} --pool {pool} --per-class {per_class} --seed {seed}"
    show_command(f"xfer transfer corpus:{corpus.id} {chosen}")
    crossing_form.panel(corpus, model)


def alone() -> None:
    """What stands in place of the answer where nothing can travel."""
    st.markdown(
        t(
            "This corpus has one domain, so there is nothing to travel to. Bring a table with a column that"
            " says where each text is from, or several tables, one a domain. What the layers know within one"
            " domain, Universality shows."
        ),
        width=WIDTH,
    )
    link("data", t("Bring a table or fetch a sample"))
    link("universality")


if chosen := query("crossing"):
    crossing_view.one(chosen)
else:
    untuned()
