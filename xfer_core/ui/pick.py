"""Choosing what a page works on.

- ``corpus() -> Corpus``: the current corpus; without one, says how to get one and ends the page
- ``corpus_id() -> str | None``: only which one it is
- ``adopt_once(id)``: make it the current one where none is chosen
- ``model() -> str``: a MODEL as core functions take it: bundled, folder, typed hub id or a run that left a
  model; its id stands in the address
- ``pool() -> str``: how a text's tokens become one point
- ``source(model) -> Source``: its files, checked; ``broken_folders()`` says which folders have none
- ``sidebar()`` draws the corpus picker (the shell does)
"""

from __future__ import annotations

import streamlit as st

from xfer_core.corpora import Corpus, listing, load
from xfer_core.corpora.corpus import kept_at
from xfer_core.i18n import N_
from xfer_core.models import sources
from xfer_core.models.sources import Source
from xfer_core.runs.models import locate, tuned
from xfer_core.ui.errors import sentence
from xfer_core.ui.language import number, t
from xfer_core.ui.literal import lit
from xfer_core.ui.navigation import link
from xfer_core.ui.state import adopt, adopted, choose_corpus, linked, query
from xfer_core.ui.waiting import result_of, submit

POOLS = {
    "mean": N_("mean of its tokens"),
    "cls": N_("first token"),
    "max": N_("largest values"),
    "last": N_("last token"),
}


def sidebar() -> None:
    """Ids stand in the address and read the same in every language, so the widget may be bound to it."""
    adopted()
    known = [each.id for each in listing()]
    if (asked := query("corpus")) and asked not in known:
        said = t("There is no corpus called “{corpus}”.").format(corpus=lit(asked[:80]))
        st.toast(said, icon=":material/info:", duration="long")  # over the page: a phone folds the sidebar
    st.selectbox(
        t("Current corpus"), known, index=None, key="corpus", bind="query-params",
        placeholder=t("None chosen") if known else t("None yet"),
    )  # fmt: skip


def corpus_id() -> str | None:
    return st.session_state.get("corpus")


def adopt_once(identifier: str) -> None:
    """Make a corpus the current one where none is. Once: who then clears the picker means it."""
    met = f"_met-{identifier}"
    kept = {each.id for each in listing()}
    if corpus_id() is None and identifier in kept and not st.session_state.get(met):
        st.session_state[met] = True
        adopt(identifier)


@st.cache_resource(max_entries=4, show_spinner=False)
def _load(identifier: str, kept: float) -> Corpus:
    """Shared by all sessions and never written to: an id names its content, *kept* what stands beside it."""
    return load(identifier)


def corpus() -> Corpus:
    chosen = corpus_id()
    if chosen is None:
        _offer()
        st.stop()
    return _load(chosen, kept_at(chosen))


def _offer() -> None:
    """What stands in place of a page that needs a corpus."""
    saved = listing()
    st.markdown(t("This page works on a corpus: texts with labels, and perhaps domains."))
    if saved:
        with st.container(horizontal=True):
            for each in saved[:4]:
                label = t("{id} · {n} texts").format(id=lit(each.id), n=number(each.rows))
                st.button(label, key=f"choose-{each.id}", on_click=choose_corpus, args=(each.id,))
    link("data", t("Bring a table or fetch a sample"))


def model(*, encoder_decoders: bool = False) -> str:
    known = [each.id for each in sources.listing(encoder_decoders=encoder_decoders)] + tuned()
    chosen = st.selectbox(
        t("Model"), known, key="model", bind="query-params", accept_new_options=True,
        help=t("The bundled encoder, a folder in the models directory, a finished run, or a hub id."),
    )  # fmt: skip
    return chosen or known[0]


def pool() -> str:
    chosen: str = st.selectbox(
        t("A text is the …"), format_func=lambda code: t(POOLS[code]),
        help=t("How the states of a text's tokens become one point: its features in a layer."),
        **linked("pool", tuple(POOLS), "mean"),
    )  # fmt: skip
    return chosen


def source(model: str, *, encoder_decoders: bool = False) -> Source:
    """The files of a model; while a hub id is looked up and fetched, draws progress and ends the page."""
    where = locate(model)
    if "/" not in where or where.startswith(("/", "~", ".")):
        return sources.resolve(where, encoder_decoders=encoder_decoders)
    job = submit(
        "xfer_core.models.sources:resolve", lane="long", model=where, encoder_decoders=encoder_decoders
    )
    found: Source = result_of(job, t("Fetching the model"))
    return found


def broken_folders() -> None:
    """Which folders in the models directory are no models, and why; nothing where all are."""
    _, broken = sources.survey()
    if broken:
        with st.expander(t("Folders in the models directory that cannot be used: {n}").format(n=len(broken))):
            for name, error in broken.items():
                st.text(f"{name}: {sentence(error)}")
