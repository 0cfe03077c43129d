"""The lab's first page: its question, and at one click a real picture that answers it."""

import streamlit as st

from xfer_core.analysis.transfer import Transfer
from xfer_core.charts.transfer import by_layer
from xfer_core.models.sources import BUNDLED
from xfer_core.ui.commands import show_command
from xfer_core.ui.language import duration, number, t
from xfer_core.ui.literal import lit
from xfer_core.ui.navigation import entry, link
from xfer_core.ui.state import linked, query, remember
from xfer_core.ui.waiting import result_of, submit

SEED = 0


def question() -> None:
    st.title(t("Which layers carry what travels?"))
    st.markdown(
        t(
            "A Transformer reads text in layers. Xfer Lab shows which of them hold knowledge that still"
            " works in another kind of text, and the cheapest way to use it: train a head only, the upper"
            " layers, or all."
        ),
        width=760,
    )


def invitation() -> None:
    st.button(
        t("Show me"),
        type="primary",
        key="show-me",
        icon=":material/play_arrow:",
        on_click=remember,
        args=("show", "1"),
    )
    st.caption(
        t(
            "Fetches four kinds of rated English sentences (tweets, film, shop, news) and reads them with"
            " the bundled six-layer encoder, here on this machine. About half a minute the first time."
        ),
        width=760,
    )


def ways_on(*keys: str) -> None:
    """Cards that lead to the other pages, each with what it is for."""
    with st.grid("auto", min_column_width=240):
        for key in keys:
            with st.container(border=True, height="stretch", gap="xsmall"):
                link(key)
                st.caption(t(entry(key).help))


def definitions() -> None:
    words = {
        t("Probe"): t(
            "The simplest classifier there is (logistic regression), trained on what one layer says about a"
            " text while the model itself stays as it is. What it can read there, the layer knows."
        ),
        t("Layer"): t(
            "One stage of the model. Layer 0 is the looked-up words, before any context; each further layer"
            " mixes in what stands around them. A text's features in a layer are the mean over its tokens."
        ),
        t("Macro-F1"): t(
            "How often the classifier is right, counting every class alike: the mean over classes of the"
            " balance between what it finds and what it wrongly claims. 1 is perfect; guessing between two"
            " classes is about 0.5."
        ),
        t("TF-IDF"): t(
            "The reference that knows words only: it counts them, rare ones more, and needs no Transformer"
            " at all."
        ),
    }  # fmt: skip
    with st.container(horizontal=True, gap="xsmall"):
        for word, meaning in words.items():
            with st.popover(word, type="tertiary"):
                st.markdown(meaning)


def conclusion(result: Transfer) -> None:
    """What all pairs of two different domains say together, in words."""
    all_pairs = result.summary()
    st.markdown(
        t(
            "Trained on one kind of text and tested on another, a probe on **layer {best}** reaches a"
            " macro-F1 of **{score}** on average. The last layer, which most tools use, reaches {last};"
            " counting words, {tfidf}."
        ).format(
            best=all_pairs.travels_best,
            score=number(all_pairs.mean.max(), 2),
            last=number(all_pairs.mean[-1], 2),
            tfidf=number(all_pairs.tfidf, 2),
        ),
        width=760,
    )
    st.markdown(
        t(
            "In {middle} of {pairs} pairs a middle layer travels better than the last one, and in {above}"
            " of {pairs} the best layer beats counting words."
        ).format(middle=all_pairs.middle_above_last, above=all_pairs.above_tfidf, pairs=all_pairs.pairs),
        width=760,
    )


def picture(result: Transfer) -> None:
    source = st.segmented_control(
        t("Trained on"), format_func=lambda name: lit(name) if name else t("each, the mean of all pairs"),
        required=True, **linked("source", ("", *result.domains), ""),
    )  # fmt: skip
    st.plotly_chart(
        by_layer(result, source or None, t=t), key="transfer", config={"displayModeBar": False},
        alt=t("Macro-F1 by layer: how well a probe trained in one domain reads the others"),
    )  # fmt: skip
    st.caption(
        t(
            "{n} texts trained, {tested} tested; at most {per_class} a class and domain, seed {seed};"
            " computed in {time}."
        ).format(
            n=number(result.trained.sum()), tested=number(result.tested.sum()),
            per_class=number(result.per_class), seed=result.seed, time=duration(result.seconds),
        )
    )  # fmt: skip


def answer() -> None:
    fetched = submit("xfer_core.corpora.catalogue:first_corpus", lane="long")
    corpus, offline = result_of(fetched, t("Fetching four kinds of rated texts"))
    reading = submit("xfer_core.analysis.probes:transfer_of", model=BUNDLED, corpus_id=corpus.id, seed=SEED)
    result = result_of(reading, t("Reading every text in every layer"))
    if offline:
        st.warning(
            t(
                "The four-domain corpus could not be fetched, so this picture is of the small synthetic"
                " corpus: it shows how to read it, not what real text does. With a connection, press Show"
                " me again."
            )
        )
    conclusion(result)
    definitions()
    picture(result)
    show_command(f"xfer transfer corpus:{corpus.id} --seed {SEED}")
    st.subheader(t("Now with your own texts"))
    ways_on("data", "fine_tune", "features", "attention")


question()
if query("show"):
    answer()
else:
    invitation()
    st.space("medium")
    ways_on("data", "fine_tune", "runs", "classify", "attention", "features")
