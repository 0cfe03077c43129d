"""Texts with a choice of label each, some to a page; and what has been chosen so far.

- ``label_table(name, corpus, texts)``: the texts, with filters and pages; every choice is kept at once
- ``basket(corpus)``: the choices so far, to be saved as a new version of the corpus or taken back
- ``history(corpus)``: how this version differs from the one it was made from

Choices are kept on disk beside the corpus (`corpora.corrections`), so that a reload, another tab or a new
start of the server finds them; the widgets are set from there in every run. Only what a tab has shown can be
saved from it. A text may stand in one table only: its widget is known by its position.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st

from xfer_core.corpora import Corpus, corrections, listing, load, relabel, save
from xfer_core.errors import XferError
from xfer_core.i18n import N_
from xfer_core.ui.errors import failure
from xfer_core.ui.language import listed, number, percent, t
from xfer_core.ui.literal import lit
from xfer_core.ui.state import choose_corpus

PER_PAGE = 20
BUTTONS = 4
"""Labels up to which each is a button, so that a correction is one click; beyond, they are a list."""
AS_THEY_ARE = ""
"""The choice of no label: copies keep theirs. No label is called so."""
NEWS = "label-news"
SHOWN = 500
"""Characters of a text before the rest is folded away."""
PARTS = {"train": N_("train"), "validation": N_("validation"), "test": N_("test")}


@dataclass(frozen=True)
class Texts:
    """Texts of a corpus, by position, and the label suggested for each (-1: none).

    *probability* of the suggested label and of the one the text has (*given*), where a model gave them;
    *copies*: the positions that a choice is for, where that is more than the text's own.
    """

    positions: npt.NDArray[np.int64]
    suggested: npt.NDArray[np.int64]
    probability: npt.NDArray[np.float64] | None = None
    given: npt.NDArray[np.float64] | None = None
    copies: tuple[tuple[int, ...], ...] | None = None

    def take(self, chosen: npt.NDArray[np.int64]) -> Texts:
        """The texts at these places, in this order."""
        probability = None if self.probability is None else self.probability[chosen]
        given = None if self.given is None else self.given[chosen]
        copies = None if self.copies is None else tuple(self.copies[place] for place in chosen)
        return Texts(self.positions[chosen], self.suggested[chosen], probability, given, copies)

    def choices(self) -> list[tuple[int, ...]]:
        """For each text, the positions that a choice is for."""
        return [(int(at),) for at in self.positions] if self.copies is None else list(self.copies)


def copies_of(corpus: Corpus, positions: npt.NDArray[np.int64], suggested: npt.NDArray[np.int64]) -> Texts:
    """Equal texts as one, so that one choice settles all of them."""
    groups: dict[str, list[int]] = {}
    for place, text in enumerate(corpus.frame["text"].iloc[positions].tolist()):
        groups.setdefault(text, []).append(place)
    first = np.array([places[0] for places in groups.values()], np.int64)
    copies = tuple(tuple(int(positions[place]) for place in places) for places in groups.values())
    return Texts(positions[first], suggested[first], copies=copies)


def label_table(name: str, corpus: Corpus, texts: Texts, *, filters: bool = True) -> None:
    """Draw *texts* in their order; *name* tells the table and its page in the address."""
    if filters:
        texts = _filtered(name, corpus, texts)
    count = len(texts.positions)
    pages = max(1, -(-count // PER_PAGE))
    rows, below = st.container(), st.container(horizontal=True, vertical_alignment="center")
    page = 1
    if pages > 1:
        with below:  # where the reader is when a page is done
            page = min(st.pagination(pages, key=f"{name}-page", bind="query-params"), pages)
    shown = texts.take(np.arange((page - 1) * PER_PAGE, min(page * PER_PAGE, count)))
    before = corrections.pending(corpus.id)
    with rows:
        for place in range(len(shown.positions)):
            _row(corpus, shown.take(np.array([place])), before)
    advised = {
        group: corpus.label_names[code]
        for group, code in zip(shown.choices(), shown.suggested, strict=True)
        if code >= 0
    }
    if advised:
        below.button(
            t("Take the suggestions on this page: {n}").format(n=number(len(advised))),
            key=f"{name}-take", on_click=_correct, args=(corpus, advised), icon=":material/done_all:",
            help=t("A probe's word is no proof. Read the texts first."),
        )  # fmt: skip


def _filtered(name: str, corpus: Corpus, texts: Texts) -> Texts:
    """Those with a certain label, or a certain suggestion."""
    with st.container(horizontal=True):
        has = st.selectbox(
            t("Label"), corpus.label_names, index=None, key=f"{name}-has", placeholder=t("any"),
            bind="query-params", width=260,
        )  # fmt: skip
        to = st.selectbox(
            t("Suggested label"), corpus.label_names, index=None, key=f"{name}-to", placeholder=t("any"),
            bind="query-params", width=260,
        )  # fmt: skip
    fits = np.ones(len(texts.positions), bool)
    if has is not None:
        fits &= corpus.labels[texts.positions] == corpus.label_names.index(has)
    if to is not None:
        fits &= texts.suggested == corpus.label_names.index(to)
    return texts.take(np.flatnonzero(fits))


def _row(corpus: Corpus, one: Texts, before: dict[int, str]) -> None:
    (group,) = one.choices()
    row = corpus.frame.iloc[group[0]]
    st.session_state[_key(corpus, group)] = _standing(corpus, group, before)
    with st.container(border=True, gap="xsmall"):
        left, right = st.columns([3, 2], gap="medium")
        with left:
            text = row["text"]
            st.text(text if len(text) <= SHOWN else text[:SHOWN] + " …")
            if len(text) > SHOWN:
                with st.expander(t("The whole text"), key=f"whole-{group[0]}"):
                    st.text(text)
            where = [t("Row {row}").format(row=number(int(row["row"])))]
            where += [lit(corpus.domain_names[int(row["domain"])])] if corpus.domain_names else []
            part = PARTS[row["split"]]
            st.caption(" · ".join([*where, t(part)]))
        with right:
            _choice(corpus, group, str(row["row"]))
            said = t("has: {label}").format(label=_sure(_labels(corpus, group), one.given))
            if one.suggested[0] >= 0:
                advised = corpus.label_names[int(one.suggested[0])]
                said += " · " + t("suggested: {label}").format(label=_sure(advised, one.probability))
            changed = any(at in before for at in group)
            st.caption(lit(said) + (" · " + t("**changed**") if changed else ""))


def _labels(corpus: Corpus, group: tuple[int, ...]) -> str:
    """The label, or of copies how many have which: ``3 × negative, 17 × neutral``."""
    counts = Counter(_name(corpus, at) or "–" for at in group)
    if len(group) == 1:
        return next(iter(counts))
    return listed(f"{number(n)} × {name}" for name, n in counts.most_common())


def _standing(corpus: Corpus, group: tuple[int, ...], before: Mapping[int, str]) -> str:
    """The label the whole group has by now; empty while it has several, or none."""
    labels = {before.get(at, _name(corpus, at)) for at in group}
    return (labels.pop() if len(labels) == 1 else None) or AS_THEY_ARE


def _sure(label: str, probability: npt.NDArray[np.float64] | None) -> str:
    if probability is None:
        return label
    return t("{label} ({share})").format(label=label, share=percent(float(probability[0])))


def _choice(corpus: Corpus, group: tuple[int, ...], row: str) -> None:
    """Buttons, or a list; what copies have stays a choice beside the labels."""
    label = t("Label of row {row}").format(row=lit(row))
    names = corpus.label_names if _standing(corpus, group, {}) else (AS_THEY_ARE, *corpus.label_names)
    common: dict[str, Any] = {
        "key": _key(corpus, group), "label_visibility": "collapsed",
        "on_change": _keep, "args": (corpus, group),
    }  # fmt: skip
    if len(corpus.label_names) <= BUTTONS:
        st.radio(label, names, horizontal=True, format_func=lambda name: lit(name) or t("as it is"), **common)
    else:
        st.selectbox(label, names, format_func=lambda name: name or t("as it is"), **common)


def _name(corpus: Corpus, position: int) -> str | None:
    code = int(corpus.labels[position])
    return corpus.label_names[code] if code >= 0 else None


def _key(corpus: Corpus, group: tuple[int, ...]) -> str:
    return f"label-{corpus.id}-{group[0]}"


def _keep(corpus: Corpus, group: tuple[int, ...]) -> None:
    _correct(corpus, {group: st.session_state[_key(corpus, group)]})


def _correct(corpus: Corpus, chosen: Mapping[tuple[int, ...], str]) -> None:
    """What differs from the label a text has is a correction; the rest takes one back."""
    wanted = {at: name for group, name in chosen.items() for at in group}
    corrections.correct(
        corpus.id,
        {at: None if name in (AS_THEY_ARE, _name(corpus, at)) else name for at, name in wanted.items()},
    )


def basket(corpus: Corpus) -> None:
    before = _news(corpus)
    changes = corrections.pending(corpus.id)
    if not changes:
        if not before:
            st.caption(
                t("A choice below is kept at once, and becomes a new version of the corpus when you save it.")
            )
        return
    at = np.array(list(changes), np.int64)
    test = int((corpus.frame["split"].iloc[at] == "test").sum())
    with st.container(border=True, gap="small"):
        st.markdown(
            t(
                "**Labels changed: {n}**, of them {test} of test texts. Kept, but not saved as a version yet."
            ).format(n=number(len(at)), test=number(test))
        )
        with st.container(horizontal=True):
            st.button(
                t("Save as a new version"), type="primary", key="save-labels", icon=":material/check:",
                on_click=_save, args=(corpus, changes),
            )  # fmt: skip
            st.button(
                t("Take all changes back"), key="undo-labels", on_click=corrections.forget,
                args=(corpus.id, changes), icon=":material/undo:",
            )  # fmt: skip
        with st.expander(
            t("What will be saved"), key=f"label-changes-{before}", expanded=before == "changed"
        ):
            frame = corpus.take(at).table()
            _changes(
                frame["row"].tolist(), frame["label"].tolist(), list(changes.values()), frame["text"].tolist()
            )


def _save(corpus: Corpus, shown: dict[int, str]) -> None:
    """What is on disk becomes a version, if it is what this tab has *shown*; else `_news` tells why not."""
    changes = corrections.pending(corpus.id)
    if changes != shown:
        st.session_state[NEWS] = ("changed", corpus.id) if changes else ("gone", _made_of(corpus, shown))
        return
    try:
        new = relabel(corpus, changes)
        known = {each.id for each in listing()}
        if new.id not in known:
            save(new)
    except XferError as error:
        st.session_state[NEWS] = ("refused", error)
        return
    corrections.forget(corpus.id, changes)
    st.session_state[NEWS] = ("known" if new.id in known else "", new.id)
    choose_corpus(new.id)


def _made_of(corpus: Corpus, changes: dict[int, str]) -> str:
    """The version that another tab has made of the same changes; empty if there is none."""
    for version in (each.id for each in listing() if each.parent == corpus.id):
        made = load(version).source.get("relabelled", ())
        if made and {each["position"]: each["to"] for each in made} == changes:
            return version
    return ""


def _news(corpus: Corpus) -> str:
    """What came of the click on Save, where it is not just a new version: said once, and given back."""
    kind, about = st.session_state.pop(NEWS, ("", None))
    if kind == "refused":
        failure(about)
    elif kind == "changed":
        st.warning(
            t(
                "Not saved yet: other labels were changed in another tab. Below is what will be saved now;"
                " look at it, and save again."
            )
        )
    elif kind == "gone" and about:
        said = t("Not saved again: a version was already made from these changes, {name}.")
        st.info(said.format(name=lit(about)))
        st.button(t("Go to that version"), key="to-version", on_click=choose_corpus, args=(about,))
    elif kind == "gone":
        st.warning(t("Not saved: these changes were taken back in another tab."))
    elif kind == "known":
        st.info(t("A version with exactly these labels was there already: this is it."))
    return str(kind)


def history(corpus: Corpus) -> None:
    parent, made = corpus.source.get("parent"), corpus.source.get("relabelled")
    if not parent or not made:
        return
    with st.expander(
        t("Made from {parent}: labels changed: {n}").format(parent=lit(parent), n=number(len(made))),
        key="label-history",
    ):
        texts = corpus.frame["text"].iloc[[each["position"] for each in made]].tolist()
        _changes([e["row"] for e in made], [e["from"] for e in made], [e["to"] for e in made], texts)
        if parent in {each.id for each in listing()}:
            st.button(t("Go back to that version"), key="to-parent", on_click=choose_corpus, args=(parent,))


def _changes(rows: list[int], before: list[str | None], after: list[str], texts: list[str]) -> None:
    table = pd.DataFrame({t("Row"): rows, t("From"): before, t("To"): after, t("Text"): texts})
    st.dataframe(table, hide_index=True, alt=t("Texts whose label changes, from what to what"))
