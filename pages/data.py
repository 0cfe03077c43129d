"""Bring texts: upload a table, fetch a sample corpus, or go on with a kept one; and see what is in it."""

import streamlit as st

from xfer_core.corpora import Summary, catalogue, listing, load, save, stack
from xfer_core.files import fingerprint
from xfer_core.i18n import N_
from xfer_core.settings import LIMITS
from xfer_core.ui import intake, pick
from xfer_core.ui.commands import show_command
from xfer_core.ui.language import date, listed, number, t
from xfer_core.ui.literal import lit
from xfer_core.ui.navigation import link
from xfer_core.ui.portrait import portrait
from xfer_core.ui.state import adopt, choose_corpus, linked
from xfer_core.ui.waiting import prepare_maps, result_of, submit

SOURCES = {"upload": N_("Upload a table"), "samples": N_("Sample corpora"), "kept": N_("Kept corpora")}


def upload() -> bool:
    """Whether a table is being looked at; the page then shows nothing else."""
    files = st.file_uploader(
        t("CSV, TSV, JSON lines, Parquet, Excel, or a zip of one. Several files: each becomes a domain."),
        accept_multiple_files=True, key=f"upload-{st.session_state.get('uploads', 0)}",
        max_upload_size=LIMITS.upload_mb,
    )  # fmt: skip
    if not files:
        return False
    identity = fingerprint(*(file.file_id for file in files))
    tables = intake.tables(files, identity)
    if not tables:
        return False
    st.subheader(t("Columns and split"))
    corpus = intake.corpus(tables, identity)
    if corpus is None:
        return True
    if st.button(t("Keep this corpus"), type="primary", key="keep", icon=":material/check:"):
        st.session_state["uploads"] = st.session_state.get("uploads", 0) + 1  # a new key empties the uploader
        adopt(save(corpus))
    portrait(corpus)
    if line := intake.command(files, tables, corpus, identity):
        show_command(line)
    else:
        st.caption(t("No single command does the same; keep the corpus, and one is shown for it."))
    return True


def samples() -> None:
    above = st.container()
    with st.grid(3, min_column_width=260):
        for sample in catalogue.SAMPLES.values():
            with st.container(border=True, height="stretch", gap="xsmall"):
                _card(sample)
    show_command("xfer corpora list")
    if name := st.session_state.get("wanted"):
        job = submit("xfer_core.corpora.catalogue:fetch", lane="long", name=name)
        with above:  # where it is seen whichever card was clicked
            corpus = result_of(job, t("Fetching {name}").format(name=name))
        del st.session_state["wanted"]
        adopt(corpus.id)


def _card(sample: catalogue.Sample) -> None:
    st.markdown("**" + t(sample.title) + "**")
    # Two spaces before a line's end: Markdown's line break.
    st.caption(
        t("{rows} texts  \nLabels: {labels}  \nDomains: {domains}").format(
            rows=number(sample.rows), labels=lit(_few(sample.labels)), domains=lit(_few(sample.domains))
        )
    )
    st.caption(t("Licence: {licence}").format(licence=lit(sample.licence)), help=lit(sample.citation) or None)
    if sample.url:
        st.link_button(lit(sample.source), sample.url, type="tertiary", icon=":material/open_in_new:")
    st.space("stretch")
    here = catalogue.cached(sample.name)
    st.button(
        t("Use") if here else t("Fetch"), key=f"fetch-{sample.name}", on_click=_want, args=(sample.name,),
        icon=":material/check:" if here else ":material/download:",
    )  # fmt: skip


def _few(names: tuple[str, ...]) -> str:
    """The names where they fit on a card, otherwise how many there are."""
    return listed(names) if len(names) <= 4 else number(len(names))


def _want(name: str) -> None:
    st.session_state["wanted"] = name


def kept() -> None:
    saved = listing()
    if not saved:
        st.caption(t("Nothing kept yet. Upload a table or fetch a sample."))
    with st.grid(3, min_column_width=260):
        for each in saved:
            with st.container(border=True, height="stretch", gap="xsmall"):
                st.text(each.id)
                st.caption(
                    t("Texts: {n}, labels: {labels}, domains: {domains}; {date}").format(
                        n=number(each.rows),
                        labels=number(each.labels),
                        domains=number(each.domains),
                        date=date(each.created),
                    )
                )
                if each.labels and each.unlabelled:
                    st.caption(t("Texts without a label: {n}").format(n=number(each.unlabelled)))
                st.button(
                    t("Current") if each.id == pick.corpus_id() else t("Use"), key=f"use-{each.id}",
                    disabled=each.id == pick.corpus_id(), on_click=choose_corpus, args=(each.id,),
                )  # fmt: skip
    if len(saved) > 1:
        stacking(saved)


def stacking(saved: list[Summary]) -> None:
    """Several kept corpora as the domains of a new one."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.multiselect(
            t("Stack several: each becomes a domain, labels of the same name are one"),
            [each.id for each in saved], key="stacked", max_selections=LIMITS.domains,
            placeholder=t("Choose corpora"),
        )  # fmt: skip
        if st.button(t("Stack"), key="stack", disabled=len(chosen) < 2):
            names = [each.name for each in saved if each.id in chosen]
            parts = {e.name if names.count(e.name) == 1 else e.id: e.id for e in saved if e.id in chosen}
            corpus = stack({name: load(id) for name, id in parts.items()}, name="stacked")
            adopt(save(corpus))


def current() -> None:
    corpus = pick.corpus()
    st.subheader(t("Current corpus"))
    st.text(corpus.id)
    if corpus.source.get("licence"):
        st.caption(
            t("Source: {origin}. Licence: {licence}. {citation}").format(
                origin=lit(corpus.source["origin"]), licence=lit(corpus.source["licence"]),
                citation=lit(corpus.source["citation"]),
            )
        )  # fmt: skip
    with st.container(horizontal=True):
        link("fine_tune", t("Fine-tune on it"))
        link("features", t("See its features"))
        if corpus.label_names:
            link("labels", t("Look for wrong labels"))
    portrait(corpus)
    show_command(f"xfer inspect corpus:{corpus.id}")
    prepare_maps()


st.title(t("Data"))
source = st.radio(
    t("Where from"), format_func=lambda key: t(SOURCES[key]), horizontal=True, label_visibility="collapsed",
    **linked("from", tuple(SOURCES), "upload"),
)  # fmt: skip
busy = upload() if source == "upload" else False
if source == "samples":
    samples()
elif source == "kept":
    kept()
if not busy and pick.corpus_id():
    current()
