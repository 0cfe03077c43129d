"""Label problems: doubtful labels, contradicting copies, imbalance; corrections become a new version."""

import shlex

import numpy as np
import streamlit as st

from xfer_core.analysis import labels
from xfer_core.analysis.labels import LabelCheck
from xfer_core.charts.balance import balance
from xfer_core.corpora import Corpus, health
from xfer_core.ui import pick
from xfer_core.ui.commands import show_command
from xfer_core.ui.glossary import glossary
from xfer_core.ui.label_table import Texts, basket, copies_of, history, label_table
from xfer_core.ui.language import filled, listed, number, percent, t
from xfer_core.ui.literal import lit
from xfer_core.ui.navigation import entry, link
from xfer_core.ui.state import linked
from xfer_core.ui.waiting import result_of, submit

COUNTS = (1_000, 2_000, 5_000, 10_000, 20_000)


def choices() -> tuple[str, int, int]:
    """Model, number of texts, seed."""
    with st.grid(3, min_column_width=200):
        model = pick.model()
        count = st.selectbox(
            t("Texts at most"), format_func=number, **linked("read", COUNTS, labels.TEXTS, int)
        )
        seed = st.number_input(
            t("Seed"), 0, 2**31 - 1, 0, key="seed", bind="query-params",
            help=t("Chooses the texts and divides them into folds; the same seed gives the same doubts."),
        )  # fmt: skip
    return model, count, int(seed)


@st.cache_data(max_entries=16, show_spinner=False)
def _conflicts(identifier: str, _corpus: Corpus) -> Texts:
    """Cached by the corpus's id, which names its content."""
    return copies_of(_corpus, *labels.conflicts(_corpus))


def contradictions(corpus: Corpus) -> Texts:
    """Texts that stand with more than one label: seen without any model."""
    found = _conflicts(corpus.id, corpus)
    if len(found.positions):
        st.subheader(t("Texts that stand with different labels"))
        st.caption(
            t(
                "Texts: {n}. A choice is for all copies of a text; suggested is the label most of them have."
            ).format(n=number(len(found.positions)))
        )
        label_table("copies", corpus, found, filters=False)
    return found


def doubts(corpus: Corpus, found: LabelCheck, elsewhere: Texts) -> None:
    above = [at for copies in elsewhere.choices() for at in copies]
    fresh = ~np.isin(found.positions, above)  # a text stands on this page once
    texts = Texts(found.positions, found.suggested, found.probability, found.given).take(
        np.flatnonzero(fresh)
    )
    st.caption(
        t(
            "Doubtful: {n} of {read} texts, the most doubtful first. Probes on layers {layers} give {share}"
            " of all these texts the label they have; so some doubts are the probes' own mistakes."
        ).format(
            n=number(len(texts.positions)), read=number(len(found.read)), share=percent(found.agreement),
            layers=listed(number(layer) for layer in sorted(found.layers)),
        )
    )  # fmt: skip
    if len(found.read) < int((corpus.labels >= 0).sum()):
        st.caption(t("A sample of the corpus, every label in its share. Look at more texts above."))
    if found.truncated:
        st.caption(
            t("Of {cut} of them the model read the first {length} tokens only.").format(
                cut=number(found.truncated), length=number(found.max_length)
            )
        )
    for note in (*health.left_out(corpus), *found.notes):
        st.caption(lit(filled(note["message"], note["values"])))
    if len(texts.positions):
        label_table("doubtful", corpus, texts)
    else:
        st.caption(t("The probes doubt none of these labels."))


def unequal(corpus: Corpus, found: LabelCheck) -> None:
    """How unequal the labels are, and what weights would do about it."""
    known = health.imbalance(corpus)
    st.subheader(t("Imbalance"))
    left, right = st.columns(2, gap="medium")
    with left:
        st.plotly_chart(
            balance(corpus, t=t), key="label-balance", alt=t("Number of texts of each label in each domain")
        )
    with right:
        plain, weighted = found.plain.macro_f1, found.weighted.macro_f1
        with st.grid(3, min_column_width=130):
            st.metric(t("Largest to smallest"), number(known.ratio, 1) + " : 1", border=True)
            st.metric(t("Macro-F1"), number(plain, 3), border=True)
            st.metric(t("With class weights"), number(weighted, 3), border=True)
        said = t(
            "Macro-F1 of a probe on layer {layer}, on held-out texts; without weights {low} to {high} (95 %)."
        )
        low = number(found.plain.low, 3)
        high = number(found.plain.high, 3)
        st.caption(said.format(layer=number(found.layers[0]), low=low, high=high))
        if not known.offered:
            st.markdown(t("The labels are not far from equal: class weights are not needed."))
        elif found.gain[0] > 0:
            st.markdown(t("Class weights make the small labels count: worth a run."))
        else:
            st.markdown(
                t(
                    "The labels are unequal, yet it is not sure that weights help a probe here: the"
                    " difference is between {low} and {high} (95 %). A run may differ."
                ).format(low=number(found.gain[0], 3), high=number(found.gain[1], 3))
            )
        if known.offered:
            link("fine_tune", t("Fine-tune with class weights"), class_weights="true")


st.title(t(entry("labels").title))
st.markdown(
    t(
        "A label is doubtful where probes that have not seen the text expect another one with confidence."
        " Read the text, choose its label, and go on with a corrected version of the corpus."
    ),
    width=760,
)
glossary("probe", "fold", "macro-f1")
corpus = pick.corpus()
if not (corpus.labels >= 0).any():
    st.warning(t("The texts of this corpus have no labels. Choose a corpus with a label column."))
    link("data")
    st.stop()
model, count, seed = choices()
history(corpus)
basket(corpus)
contradicting = contradictions(corpus)
st.subheader(t("Doubtful labels"))
job = submit(
    "xfer_core.analysis.labels:check", lane="long", corpus_id=corpus.id, model=model, texts=count, seed=seed
)
found = result_of(job, t("Reading every text with probes that have not seen it"))
doubts(corpus, found, contradicting)
unequal(corpus, found)
show_command(f"xfer labels corpus:{corpus.id} --model {shlex.quote(model)} --texts {count} --seed {seed}")
