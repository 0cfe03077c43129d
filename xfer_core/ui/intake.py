"""A table on its way to a corpus: read, how it was read, which columns, which split.

- ``tables(files) -> list[Table]``: reads the uploads, with switches for what was detected wrongly
- ``corpus(tables, identity) -> Corpus``: the choice of columns and split, and what comes of it
- ``command(files, tables, corpus, identity)``: the same from a terminal, where one command can say it

*identity* names the set of uploads; every switch belongs to it, so another file starts from its own
guess.
"""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from xfer_core.corpora import Columns, Corpus, Table, build, guess, read
from xfer_core.corpora.reading import Reading
from xfer_core.corpora.writing import rejects_csv
from xfer_core.errors import XferError
from xfer_core.i18n import N_
from xfer_core.settings import LIMITS, home
from xfer_core.ui.errors import failure
from xfer_core.ui.language import filled, number, t
from xfer_core.ui.literal import lit

ENCODINGS = ("utf-8", "cp1252", "gb18030", "big5", "shift_jis", "euc_kr", "koi8_r", "cp1251", "utf-16")
DELIMITERS = (",", "\t", ";", "|")
ROLES = {"text": N_("Text"), "label": N_("Label"), "domain": N_("Domain"), "split": N_("Split")}
READING = ("encoding", "delimiter", "header")
SPLITTING = ("validation", "test", "seed", "drop")
VALIDATION, TEST = 10, 20
"""Per cent of the texts, unless the reader says otherwise."""
DETECTABLE = ("csv", "tsv")
"""Formats in which delimiter and header can be detected wrongly."""


def tables(files: Sequence[UploadedFile], identity: str) -> list[Table]:
    """Every file read in the same way; a file that cannot be read says why, in place, and none is given."""
    keys = {name: f"{name}-{identity}" for name in READING}
    chosen = {name: st.session_state.get(key) for name, key in keys.items()}
    switches = st.container()
    result: list[Table] = []
    try:
        for file in files:
            with st.spinner(t("Reading the table"), show_time=True):
                result.append(_read(file.file_id, file, **chosen))
    except XferError as error:
        failure(error)
        result = []
    with switches:
        _switches(result[0].reading if result else None, keys)
    for table in result:
        _preview(table)
    return result


@st.cache_resource(max_entries=4, scope="session", show_spinner=False)
def _read(
    identity: str, _file: UploadedFile, encoding: str | None, delimiter: str | None, header: bool | None
) -> Table:
    """Cached by the upload's id: a table is read once, not at every click."""
    (home() / "uploads").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home() / "uploads") as folder:
        path = Path(folder) / "table"
        path.write_bytes(_file.getbuffer())
        return read(path, name=_file.name, encoding=encoding, delimiter=delimiter, header=header)


def _switches(reading: Reading | None, keys: dict[str, str]) -> None:
    """What was detected, changeable; drawn also when reading failed, because that may be the cure."""
    if reading and reading.format not in DETECTABLE:
        st.caption(t("Read as {format}.").format(format=lit(reading.format)))
        return
    detected = t("detected")
    shown = {"\t": t("tab"), ",": t("comma"), ";": t("semicolon"), "|": t("vertical bar"), "": t("none")}
    found = {
        "encoding": reading.encoding if reading else "",
        "delimiter": shown.get(reading.delimiter, reading.delimiter) if reading else "",
        "header": (t("yes") if reading.header else t("no")) if reading else "",
    }

    def auto(name: str) -> str:
        return t("{value} (detected)").format(value=found[name]) if found[name] else detected

    encoding, delimiter, header = st.columns(3)
    encoding.selectbox(
        t("Encoding"), [None, *ENCODINGS], key=keys["encoding"], format_func=lambda x: x or auto("encoding")
    )
    delimiter.selectbox(
        t("Delimiter"),
        [None, *DELIMITERS],
        key=keys["delimiter"],
        format_func=lambda x: shown[x] if x else auto("delimiter"),
    )
    header.selectbox(
        t("First row holds column names"), [None, True, False], key=keys["header"],
        format_func=lambda x: auto("header") if x is None else t("yes") if x else t("no"),
    )  # fmt: skip


def _preview(table: Table) -> None:
    rows = t("{name}: {rows} rows, {columns} columns; the first {shown} rows").format(
        name=table.name, rows=number(len(table.frame)), columns=number(table.frame.shape[1]),
        shown=min(LIMITS.preview_rows, len(table.frame)),
    )  # fmt: skip
    st.text(rows)
    st.dataframe(
        table.frame.head(LIMITS.preview_rows), hide_index=True, alt=t("The first rows as they were read")
    )
    for note in table.notes:
        st.text(filled(note["message"], note["values"]))
    if table.rejected_count:
        _rejects(table)


def _rejects(table: Table) -> None:
    said = t("Lines that could not be read and are left out: {n}.").format(n=number(table.rejected_count))
    if table.rejected_count > len(table.rejected):
        said += " " + t("The list holds the first {n}.").format(n=number(len(table.rejected)))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(said, width="content")
        st.download_button(
            t("Download the list"), rejects_csv(table.rejected, t), mime="text/csv",
            file_name=f"{table.name}.rejected.csv",
            key=f"rejects-{table.name}", on_click="ignore", icon=":material/download:",
        )  # fmt: skip


def corpus(found: Sequence[Table], identity: str) -> Corpus | None:
    """The corpus of these tables with the chosen columns, or None after a sentence that says why not."""
    columns = _columns(found, identity)
    seed, validation, test, drop = _split(columns, identity)
    try:
        with st.spinner(t("Making the corpus"), show_time=True):
            shares = (100 - validation - test, validation, test)
            read_as = identity + repr([table.reading for table in found])
            return _build(read_as, columns, found[0].name, seed, shares, drop, found)
    except XferError as error:
        failure(error)
        return None


def _columns(found: Sequence[Table], identity: str) -> Columns:
    widest = max(found, key=lambda table: table.frame.shape[1]).frame  # one without labels may lack a column
    names, likely = [str(name) for name in widest.columns], guess(widest)
    chosen: dict[str, Any] = {}
    for place, role in zip(st.columns(len(ROLES)), ROLES, strict=True):
        stacked = role == "domain" and len(found) > 1
        options = names if role == "text" else [None, *names]
        guessed = getattr(likely, role)
        chosen[role] = place.selectbox(
            t(ROLES[role]), options,
            index=options.index(guessed) if guessed in options and not stacked else 0,
            key=f"{role}-{identity}", disabled=stacked,
            format_func=lambda x, s=stacked: x if x is not None else t("the file's name") if s else t("none"),
        )  # fmt: skip
    return Columns(**chosen)


def _split(columns: Columns, identity: str) -> tuple[int, int, int, bool]:
    """Seed, shares of validation and test in per cent, and whether to drop repeated texts."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        own = columns.split is not None
        explained = t("Drawn at random within every label and domain; the same seed gives the same split.")
        validation = st.number_input(
            t("Validation, %"),
            5,
            40,
            VALIDATION,
            key=f"validation-{identity}",
            disabled=own,
            help=explained,
            width=140,
        )
        test = st.number_input(t("Test, %"), 5, 40, TEST, key=f"test-{identity}", disabled=own, width=140)
        seed = st.number_input(t("Seed"), 0, 2**31 - 1, 0, key=f"seed-{identity}", disabled=own, width=140)
        drop = st.checkbox(t("Keep only the first of equal texts"), key=f"drop-{identity}")
    if own:
        st.caption(t("The split is the table's own."))
    return int(seed), int(validation), int(test), drop


@st.cache_resource(max_entries=4, scope="session", show_spinner=False)
def _build(
    identity: str,
    columns: Columns,
    name: str,
    seed: int,
    shares: tuple[int, int, int],
    drop: bool,
    _tables: Sequence[Table],
) -> Corpus:
    source = _tables[0] if len(_tables) == 1 else list(_tables)
    return build(
        source, columns, name=name, seed=seed, shares=tuple(s / 100 for s in shares), drop_duplicates=drop
    )


def command(files: Sequence[UploadedFile], found: Sequence[Table], made: Corpus, identity: str) -> str | None:
    """``xfer inspect`` with every choice made here, or None: it has no option for some of them."""
    chosen = {name: st.session_state.get(f"{name}-{identity}") for name in (*READING, *SPLITTING)}
    columns, likely = made.source["columns"], guess(found[0].frame)
    refused = any(columns[role] is None and getattr(likely, role) for role in ROLES)  # it would guess again
    shares = (chosen["validation"], chosen["test"])
    if len(files) > 1 or refused or chosen["drop"] or shares != (VALIDATION, TEST):
        return None
    words = ["xfer", "inspect", files[0].name]
    for role in ROLES:
        words += [f"--{role}", str(columns[role])] if columns[role] else []
    if chosen["encoding"]:
        words += ["--encoding", chosen["encoding"]]
    if chosen["delimiter"]:
        words += ["--delimiter", "tab" if chosen["delimiter"] == "\t" else chosen["delimiter"]]
    if chosen["header"] is not None:
        words.append("--header" if chosen["header"] else "--no-header")
    if chosen["seed"]:
        words += ["--seed", str(chosen["seed"])]
    return shlex.join(words)
