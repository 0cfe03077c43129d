"""Transfer: train on one domain, test on another; by layer of the untuned model, and by strategy."""

import shlex

import streamlit as st

from xfer_core.settings import LIMITS
from xfer_core.ui import crossing_form, crossing_view, pick, sample, transfer_view
from xfer_core.ui.commands import show_command
from xfer_core.ui.glossary import glossary
from xfer_core.ui.language import number, t
from xfer_core.ui.navigation import entry, link
from xfer_core.ui.state import linked, query
from xfer_core.ui.waiting import result_of, submit

COUNTS = (50, 100, 200, LIMITS.transfer_texts_per_class, 1_000)


def choices() -> tuple[str, str, int, int]:
    """Model, pool, texts of a class and domain, seed."""
    with st.grid(4, min_column_width=200):
        model = pick.model()
        pool = pick.pool()
        count = st.selectbox(
            t("Texts of a class and domain"), format_func=number,
            help=t("At most so many are used, 70 % to train on and 30 % to test with."),
            **linked("read", COUNTS, LIMITS.transfer_texts_per_class, int),
        )  # fmt: skip
        seed = st.number_input(
            t("Seed"), 0, 2**31 - 1, 0, key="seed", bind="query-params",
            help=t("Chooses the texts and what is tested; the same seed gives the same numbers."),
        )  # fmt: skip
    return model, pool, count, int(seed)


def untuned() -> None:
    """Probes on every layer of a model as it is, then the form for strategies."""
    st.title(t(entry("transfer").title))
    st.markdown(
        t(
            "A probe is trained on one kind of text and tested on another. What it still reads there, the"
            " layer holds in a form that travels."
        ),
        width=760,
    )
    glossary("probe", "layer", "macro-f1", "tf-idf")
    corpus = sample.corpus()
    model, pool, per_class, seed = choices()
    job = submit(
        "xfer_core.analysis.probes:transfer_of", lane="long",
        model=model, corpus_id=corpus.id, pool=pool, per_class=per_class, seed=seed,
    )  # fmt: skip
    found = result_of(job, t("Reading every text in every layer"))
    transfer_view.conclusion(found)
    transfer_view.by_layer(found)
    transfer_view.matrices(found)
    transfer_view.means(found)
    transfer_view.files(found)
    chosen = f"--model {shlex.quote(model)} --pool {pool} --per-class {per_class} --seed {seed}"
    show_command(f"xfer transfer corpus:{corpus.id} {chosen}")
    if len(corpus.domain_names) > 1:
        crossing_form.panel(corpus, model)
    else:
        st.caption(t("With a second domain, strategies could be tuned in one and tested in the other."))
        link("data", t("Bring a table or fetch a sample"))


if chosen := query("crossing"):
    crossing_view.one(chosen)
else:
    untuned()
