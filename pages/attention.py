"""Which tokens look at which: every head of a model for one text, or for two read together."""

import shlex

import streamlit as st

from xfer_core.attention.reading import AttentionReading
from xfer_core.corpora import Corpus
from xfer_core.settings import LIMITS
from xfer_core.ui import downloads, pick
from xfer_core.ui.commands import show_command
from xfer_core.ui.components.heads import heads
from xfer_core.ui.language import number, percent, t
from xfer_core.ui.literal import lit
from xfer_core.ui.navigation import entry, link
from xfer_core.ui.waiting import result_of, submit

EXAMPLE = "The film was not bad at all, and I would watch it again if my friends asked me to."
CHARACTERS = 4_000
PREVIEW = 300


def choices() -> tuple[str, str, str]:
    """Model, text and second text."""
    left, right = st.columns([3, 2], gap="medium")
    with left:
        text = st.text_area(
            t("Text, of which the first {n} tokens are read").format(n=number(LIMITS.attention_tokens)),
            EXAMPLE, key="text", bind="query-params", max_chars=CHARACTERS, height=110,
        )  # fmt: skip
        with st.popover(t("Take a text from the corpus"), icon=":material/table_rows:", key="from-corpus"):
            from_corpus()
    with right:
        model = pick.model()
        pair = st.text_input(
            t("Second text, read together with the first (optional)"),
            key="pair", bind="query-params", max_chars=CHARACTERS,
        )  # fmt: skip
    return model, text, pair


def from_corpus() -> None:
    if pick.corpus_id() is None:
        st.caption(t("No corpus is chosen."))
        link("data", t("Bring a table or fetch a sample"))
        return
    corpus = pick.corpus()
    label = t("Text number, 1 to {n}").format(n=number(corpus.n))
    place = int(st.number_input(label, 1, corpus.n, key="place")) - 1
    text = corpus.texts[place]
    st.text(text[:PREVIEW] + ("…" if len(text) > PREVIEW else ""))
    describe(corpus, place)
    st.button(t("Read this text"), key="take", on_click=take, args=(text[:CHARACTERS],))


def describe(corpus: Corpus, place: int) -> None:
    label, domain = int(corpus.labels[place]), int(corpus.domains[place])
    if label >= 0:
        st.caption(t("Label: {label}").format(label=lit(corpus.label_names[label])))
    if len(corpus.domain_names) > 1:
        st.caption(t("Domain: {domain}").format(domain=lit(corpus.domain_names[domain])))


def take(text: str) -> None:
    st.session_state["text"] = text
    st.session_state["pair"] = ""


def prediction(shares: dict[str, float]) -> None:
    st.subheader(t("What the model says of this text"))
    st.dataframe(
        {t("Class"): list(shares), t("Probability"): list(shares.values())},
        key="prediction", hide_index=True, width=480,
        column_config={
            t("Probability"): st.column_config.ProgressColumn(format="percent", min_value=0.0, max_value=1.0)
        },
    )  # fmt: skip


def remarks(reading: AttentionReading) -> None:
    if reading.cut:
        st.warning(
            t("The model read the first {read} tokens. Cut off after them: {cut}.").format(
                read=number(len(reading.tokens)), cut=number(reading.cut)
            )
        )
    sink, uniform = reading.on_special()
    st.caption(
        t(
            "Here {share} of the attention of words and word pieces goes to special tokens such as [CLS]; an"
            " even spread would give {uniform}. A head with nothing to do must still look somewhere: read it"
            " as rest."
        ).format(share=percent(sink), uniform=percent(uniform))
    )


st.title(t(entry("attention").title))
st.markdown(
    t(
        "Every head of every layer mixes the tokens of a text in its own way; a cell is how much one token"
        " takes from another. It shows how tokens are mixed, **not why the model decides**."
    ),
    width=760,
)
model, text, pair = choices()
job = submit("xfer_core.attention.reading:read", model=model, text=text, pair=pair or None)
reading = result_of(job, t("Reading the text"))
if reading.prediction:
    prediction(reading.prediction)
heads(reading, job.key)
remarks(reading)
with st.container(horizontal=True):
    st.download_button(
        t("Picture as a page (HTML)"), downloads.attention_page(reading), "attention.html", "text/html",
        key="download-page", icon=":material/download:", on_click="ignore",
    )  # fmt: skip
    st.download_button(
        t("Weights (.npz)"), downloads.attention_weights(reading), "attention.npz",
        key="download-weights", icon=":material/download:", on_click="ignore",
    )  # fmt: skip
pairing = f" --pair {shlex.quote(pair)}" if pair else ""
show_command(f"xfer attention {shlex.quote(model)} --text {shlex.quote(text)}{pairing} --out attention.html")
