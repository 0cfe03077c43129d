"""The lab's first page: its question, and at one click a real picture that answers it."""

import streamlit as st

from xfer_core.analysis.transfer import Transfer
from xfer_core.analysis.transfer_words import short
from xfer_core.charts.transfer import by_layer, heat
from xfer_core.models.sources import BUNDLED
from xfer_core.runs.models import tuned
from xfer_core.ui import pick
from xfer_core.ui.commands import show_command
from xfer_core.ui.glossary import glossary
from xfer_core.ui.headline import WIDTH, headline
from xfer_core.ui.language import duration, number, t
from xfer_core.ui.literal import lit
from xfer_core.ui.navigation import entry, link
from xfer_core.ui.state import linked, query, remember
from xfer_core.ui.waiting import prepare_maps, ready, submit

SEED = 0


def question() -> None:
    st.title(t("Which layers carry what travels?"))
    st.markdown(
        t(
            "A Transformer reads text in layers. Xfer Lab shows which of them hold knowledge that still"
            " works in another kind of text, and the cheapest way to use it: train a head only, the upper"
            " layers, or all."
        ),
        width=WIDTH,
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
            " the bundled six-layer encoder, here on this machine. Less than a minute the first time, if the"
            " machine is free."
        ),
        width=WIDTH,
    )


def ways_on(*keys: str) -> None:
    """Cards that lead to the other pages, each with what it is for."""
    with st.grid("auto", min_column_width=200):
        for key in keys:
            with st.container(border=True, height="stretch", gap="xsmall"):
                link(key)
                st.caption(t(entry(key).help))


def conclusion(found: Transfer) -> None:
    """The headline of all pairs, and what to make of it."""
    headline(found.ranking, short(found))
    if found.ranking.layer != found.layers[-1]:
        st.markdown(
            t(
                "The last layer is not always the one to build on. For text of a new kind, use the features"
                " of layer {best}, or freeze the model up to it and train only what is above."
            ).format(best=number(found.ranking.layer or 0)),
            width=WIDTH,
        )


def picture(result: Transfer) -> None:
    source = st.radio(
        t("Trained on"), format_func=lambda name: lit(name) if name else t("each, the mean of all pairs"),
        horizontal=True, **linked("source", ("", *result.sources), ""),
    )  # fmt: skip
    st.plotly_chart(
        by_layer(result, source or None, t=t), key="transfer", config={"displayModeBar": False},
        alt=t("Macro-F1 by layer: how well a probe trained in one domain reads the others"),
    )  # fmt: skip
    st.caption(
        t(
            "{n} texts to train on, {tested} to test on; at most {per_class} a class and domain; seed {seed};"
            " computed in {time}. The best of several layers is picked with the test texts in view, which"
            " flatters it a little."
        ).format(
            n=number(result.trained.sum()), tested=number(result.tested.sum()),
            per_class=number(result.per_class), seed=number(result.seed), time=duration(result.seconds),
        )
    )  # fmt: skip


def pairs(result: Transfer) -> None:
    """Who reads whom, at one layer: what the means above are means of."""
    st.session_state.setdefault("pairs_open", bool(query("layer")))
    best = result.ranking.layer
    with st.expander(t("Every pair of domains, at one layer"), st.session_state["pairs_open"], key="pairs"):
        layer = st.radio(
            t("Layer of the probe"), horizontal=True, **linked("layer", result.layers, best, int)
        )
        st.plotly_chart(
            heat(result, layer, t=t), key="heat", config={"displayModeBar": False},
            alt=t("Macro-F1 of every pair of domains, at one layer"),
        )  # fmt: skip
        st.caption(t("The diagonal is text of the kind a probe was trained on, which the means leave out."))
        link("transfer", t("What is lost between domains, and the same for strategies"))


def answer() -> None:
    """The picture, or how far it is; either way the rest of the page is there."""
    glossary("probe", "layer", "macro-f1", "tf-idf")
    fetched = submit("xfer_core.corpora.catalogue:first_corpus", lane="long")
    if not ready(fetched, t("Fetching four kinds of rated texts")):
        return
    corpus, offline = fetched.result
    reading = submit("xfer_core.analysis.probes:transfer_of", model=BUNDLED, corpus_id=corpus.id, seed=SEED)
    if not ready(reading, t("Reading every text in every layer")):
        return
    if offline:
        st.warning(
            t(
                "The four-domain corpus could not be fetched, so this is a small synthetic corpus: it shows"
                " how to read the picture, not what real text does. Connect to the internet and reload."
            )
        )
    conclusion(reading.result)
    picture(reading.result)
    pairs(reading.result)
    show_command(f"xfer transfer corpus:{corpus.id} --seed {SEED}")
    prepare_maps()
    pick.adopt_once(corpus.id)


question()
if query("show"):
    answer()
    st.subheader(t("Now with your own texts"))
    ways_on("data", "universality", "transfer", "adaptation", "compare", "attention")
else:
    invitation()
    st.space("medium")
    ways_on("data", "universality", "compare", "transfer", "adaptation", "features", "attention", "fine_tune")
if runs := tuned():
    link("attention", t("See which heads moved in your latest run"), model=runs[0], view="changes")
