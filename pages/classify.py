"""Let a tuned model label one text or a whole table."""

import streamlit as st

from xfer_core.charts.probabilities import probabilities
from xfer_core.i18n import N_
from xfer_core.models import sources, tokens
from xfer_core.runs import queue, store
from xfer_core.runs.models import locate
from xfer_core.settings import LIMITS
from xfer_core.ui import classify_table, pick
from xfer_core.ui.language import number, t
from xfer_core.ui.navigation import entry, link
from xfer_core.ui.state import linked, query
from xfer_core.ui.waiting import result_of, submit

WAYS = {"text": N_("One text"), "table": N_("A whole table")}


def one_text(model: str) -> None:
    text = st.text_area(
        t("Text"), key="text", bind="query-params", max_chars=LIMITS.single_text_characters, height=120,
        placeholder=t("Write or paste a text, then press Ctrl+Enter."),
    )  # fmt: skip
    st.button(t("Classify"), type="primary", key="classify-text")
    if not text.strip():
        return
    job = submit("xfer_core.inference.classify:classify_texts", model=model, texts=[text])
    names, shares = result_of(job, t("Reading the text"))
    st.plotly_chart(
        probabilities(dict(zip(names, shares[0].tolist(), strict=True)), t=t), key="probabilities",
        config={"displayModeBar": False}, alt=t("Bars of the probability of every label"),
    )  # fmt: skip
    st.caption(t("Probabilities of a tuned model are not calibrated: it is often surer than it is right."))
    say_if_cut(model, text)


def say_if_cut(model: str, text: str) -> None:
    run = store.find(model)
    most = run.config.get("max_length") if run else None
    if most is None:
        return
    length = int(tokens.lengths(sources.resolve(locate(model)), [text])[0])
    if length > most:
        st.caption(
            t("Only the first {most} of its {n} tokens were read, as in training.").format(
                most=number(most), n=number(length)
            )
        )


st.title(t(entry("classify").title))
st.caption(t(entry("classify").help))
queue.tick()
known = pick.tuned()
if not known and not query("model"):
    st.markdown(t("There is no tuned model yet. Tune one first; it takes a minute."))
    link("fine_tune", t("Fine-tune a model"))
    st.stop()
model = st.selectbox(
    t("Model"), known, key="model", bind="query-params", accept_new_options=True, index=0,
    help=t("A run that has ended, a folder with a tuned classifier, or a hub id."),
)  # fmt: skip
way = st.radio(
    t("What to classify"), format_func=lambda name: t(WAYS[name]), horizontal=True,
    label_visibility="collapsed", **linked("what", tuple(WAYS), "table" if query("job") else "text"),
)  # fmt: skip
if way == "text":
    one_text(model)
elif query("job"):
    classify_table.follow(query("job"))
else:
    classify_table.start(model)
