"""Let a tuned model label one text or a whole table."""

import streamlit as st

from xfer_core.charts.probabilities import probabilities
from xfer_core.i18n import N_
from xfer_core.runs import queue
from xfer_core.runs.models import tuned
from xfer_core.settings import LIMITS
from xfer_core.ui import classify_table
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
    found = result_of(job, t("Reading the text"))
    shares = dict(zip(found.label_names, found.probabilities[0].tolist(), strict=True))
    st.plotly_chart(
        probabilities(shares, t=t), key="probabilities",
        config={"displayModeBar": False}, alt=t("Bars of the probability of every label"),
    )  # fmt: skip
    st.caption(t("Probabilities of a tuned model are not calibrated: it is often surer than it is right."))
    if found.tokens[0] > found.read:
        st.caption(
            t("Only the first {most} of its {n} tokens were read.").format(
                most=number(found.read), n=number(found.tokens[0])
            )
        )


st.title(t(entry("classify").title))
st.caption(t(entry("classify").help))
queue.tick()
known = tuned()
if not known and not query("model"):
    st.markdown(t("There is no tuned model yet. Tune one first; it takes a minute."))
    link("fine_tune", t("Fine-tune a model"))
    st.stop()
if not query("model") and st.session_state.get("model") not in known:
    st.session_state["model"] = known[0]  # set rather than a default, so that the address names it
model = st.selectbox(
    t("Model"), known, key="model", bind="query-params", accept_new_options=True, index=None,
    help=t("A run that has ended, a folder with a tuned classifier, or a hub id."),
)  # fmt: skip
way = st.radio(
    t("What to classify"), format_func=lambda name: t(WAYS[name]), horizontal=True,
    label_visibility="collapsed", **linked("what", tuple(WAYS), "table" if query("job") else "text"),
)  # fmt: skip
if model is None:
    st.stop()
if way == "text":
    one_text(model)
elif query("job"):
    classify_table.follow(query("job"))
else:
    classify_table.start(model)
