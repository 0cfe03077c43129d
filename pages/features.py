"""How the texts of a corpus lie in every layer of a model."""

import shlex

import pandas as pd
import streamlit as st

from xfer_core.analysis.projection import Maps
from xfer_core.corpora import Corpus
from xfer_core.i18n import N_
from xfer_core.ui import downloads, pick
from xfer_core.ui.commands import show_command
from xfer_core.ui.components.scatter import scatter
from xfer_core.ui.language import number, t
from xfer_core.ui.navigation import entry
from xfer_core.ui.state import adopt, linked
from xfer_core.ui.waiting import result_of, submit

POOLS = {
    "mean": N_("mean of its tokens"),
    "cls": N_("first token"),
    "max": N_("largest values"),
    "last": N_("last token"),
}
COUNTS = (250, 500, 1_000, 2_000)


def sample() -> None:
    """Without a corpus: one click to the sample that the first page uses."""
    label = t("Use the four-domain sample")
    if st.button(label, type="primary", key="sample", icon=":material/download:"):
        st.session_state["sample-wanted"] = True
    st.caption(t("Rated English sentences of four kinds: tweets, film reviews, shop reviews, news."))
    if st.session_state.get("sample-wanted"):
        job = submit("xfer_core.corpora.catalogue:first_corpus", lane="long")
        corpus, offline = result_of(job, t("Fetching four kinds of rated texts"))
        del st.session_state["sample-wanted"]
        st.session_state["sample-offline"] = corpus.id if offline else ""
        adopt(corpus.id)


def choices() -> tuple[str, str, int, int]:
    """Model, pool, number of texts, seed."""
    with st.grid(4, min_column_width=200):
        model = pick.model()
        pool = st.selectbox(
            t("A text is the …"), format_func=lambda code: t(POOLS[code]),
            help=t("How the states of a text's tokens become one point: its features in a layer."),
            **linked("pool", tuple(POOLS), "mean"),
        )  # fmt: skip
        count = st.selectbox(t("Texts at most"), format_func=number, **linked("texts", COUNTS, 1_000, int))
        seed = st.number_input(
            t("Seed"), 0, 2**31 - 1, 0, key="seed", bind="query-params",
            help=t("Chooses the texts and starts the map; the same seed gives the same map."),
        )  # fmt: skip
    return model, pool, count, int(seed)


def remarks(maps: Maps, corpus: Corpus) -> None:
    trust = maps.trustworthiness
    best = int(trust.argmax())
    worst = int(trust.argmin())
    st.markdown(
        t(
            "**How far to trust it.** Trustworthiness says how many of a point's neighbours on the map are"
            " near in the layer too: 1 is all, 0.5 is chance. Here it runs from {low} (layer {worst}) to"
            " {high} (layer {best}). All layers share one plane, so a point that moves between layers has got"
            " other neighbours. What a layer *knows* is measured by probes, not seen on a map."
        ).format(low=number(trust[worst], 2), worst=worst, high=number(trust[best], 2), best=best),
        width=760,
    )
    layers = [t("Layer {layer}").format(layer=layer) for layer in range(len(trust))]
    st.dataframe(
        pd.DataFrame([trust], index=[t("Trustworthiness")], columns=layers).round(3),
        key="trust",
        alt=t("Trustworthiness"),
    )
    shown = len(maps.rows)
    if shown < corpus.n:
        said = t(
            "{shown} of {n} texts, drawn with seed {seed} so that every label and domain keeps its share."
        ).format(shown=number(shown), n=number(corpus.n), seed=int(maps.seed))
    else:
        said = t("All {n} texts of the corpus.").format(n=number(shown))
    if maps.truncated:
        said += " " + t("Of {cut} of them the model read the first {length} tokens only.").format(
            cut=number(maps.truncated), length=number(maps.max_length)
        )
    if maps.correct is None:
        said += " " + t(
            "With a tuned run as the model, points can be coloured by right and wrong predictions."
        )
    else:
        said += " " + t("Right and wrong include texts that the run was trained on.")
    st.caption(said)


st.title(t(entry("features").title))
st.markdown(
    t(
        "Each point is a text. Move the slider through the layers and watch what gathers: kinds of text,"
        " labels, or neither."
    ),
    width=760,
)
if pick.corpus_id() is None:
    sample()
corpus = pick.corpus()
if st.session_state.get("sample-offline") == corpus.id:
    st.warning(
        t(
            "The four-domain corpus could not be fetched; this is the small synthetic one. It shows how to"
            " read the map, not what real text does."
        )
    )
model, pool, count, seed = choices()
job = submit(
    "xfer_core.analysis.projection:maps_of", lane="long",
    model=model, corpus_id=corpus.id, pool=pool, texts=count, seed=seed,
)  # fmt: skip
maps = result_of(job, t("Mapping the texts in every layer"))
scatter(maps, corpus)
remarks(maps, corpus)
st.download_button(
    t("Features of these texts (Parquet)"), downloads.map_features(maps, corpus), "features.parquet",
    key="download-features", icon=":material/download:", on_click="ignore",
)  # fmt: skip
show_command(
    f"xfer features {shlex.quote(model)} corpus:{corpus.id} --pool {pool} --out features.parquet",
    t("From a terminal: the features of all texts, without the map"),
)
