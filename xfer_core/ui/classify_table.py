"""A whole table through a tuned model: look at it, start it as a run, follow it, fetch what came out.

- ``start(model)``: upload, column, format; ends with a started run, named in the address as ``job``
- ``follow(job)``: that run, live or ended
"""

from __future__ import annotations

import secrets
import shlex
import tempfile
from pathlib import Path
from typing import Any, get_args

import pandas as pd
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from xfer_core.corpora.columns import SAMPLE_ROWS, guess
from xfer_core.corpora.table import chunks
from xfer_core.corpora.writing import Format
from xfer_core.errors import BadTable, NotFound, XferError
from xfer_core.files import read_json
from xfer_core.i18n import N_
from xfer_core.inference.request import WORKER, outcome, request
from xfer_core.runs import events, queue, store
from xfer_core.runs.store import Run
from xfer_core.settings import LIMITS, home
from xfer_core.ui.commands import show_command
from xfer_core.ui.errors import failure
from xfer_core.ui.language import duration, number, t
from xfer_core.ui.literal import lit
from xfer_core.ui.run_list import state_badge
from xfer_core.ui.state import remember

SUMMARY = "classified.json"


def start(model: str) -> None:
    file = st.file_uploader(
        t("CSV, TSV, JSON lines, Parquet, Excel, or a zip of one"), key="table-upload",
        max_upload_size=LIMITS.upload_mb,
    )  # fmt: skip
    if file is None:
        return
    try:
        first = _first_rows(file.file_id, file)
    except XferError as error:
        failure(error)
        return
    st.dataframe(
        first.head(LIMITS.preview_rows), hide_index=True, key="table-preview",
        alt=t("The first rows as they were read"),
    )  # fmt: skip
    names = [str(name) for name in first.columns]
    text = st.selectbox(
        t("Column to read"), names, index=names.index(guess(first).text), key=f"column-{file.file_id}"
    )
    form: Format = st.radio(
        t("Format of the result"), get_args(Format), key="format", horizontal=True, bind="query-params"
    )
    raw = st.checkbox(
        t("Leave cells that a spreadsheet would run as formulas as they are"), key="raw",
        disabled=form != "csv",
        help=t("A cell such as =1+1 otherwise gets an apostrophe before it. Parquet is never changed."),
    )  # fmt: skip
    if st.button(t("Classify the table"), type="primary", key="start-table", icon=":material/play_arrow:"):
        config = request(
            model, _keep(file), name=file.name, text=text, format=form, raw=raw and form == "csv"
        )
        run = queue.submit("classify", config, f"classify-{Path(file.name).stem}", WORKER)
        remember("job", run.id)
        st.rerun()
    show_command(command(model, file.name, text, form, raw))


def command(model: str, name: str, text: str | None, form: str, raw: bool) -> str:
    words = ["xfer", "classify", model, name]
    words += ["--text", text] if text else []
    words += ["--out", f"{Path(name).stem}-classified.{form}", "--format", form]
    return shlex.join(words + (["--raw"] if raw and form == "csv" else []))


@st.cache_resource(max_entries=2, scope="session", show_spinner=False)
def _first_rows(identity: str, _file: UploadedFile) -> pd.DataFrame:
    """Cached by the upload's id; of a large table only the first rows are read here."""
    folder = home() / "uploads"
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        copy = Path(place) / "table"
        copy.write_bytes(_file.getbuffer())
        rows = chunks(copy, size=SAMPLE_ROWS, name=_file.name)
        try:
            return next(rows)
        except StopIteration:
            raise BadTable(N_("The table has no rows.")) from None
        finally:
            rows.close()


def _keep(file: UploadedFile) -> Path:
    """A copy for the worker, under a name of ours; it deletes it when done."""
    path = home() / "uploads" / secrets.token_hex(8)
    path.write_bytes(file.getbuffer())
    return path


def follow(job: str) -> None:
    st.button(t("Classify another table"), key="another-table", on_click=remember, args=("job", ""))
    try:
        run = store.get(job)
    except NotFound as error:
        failure(error)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(lit(run.config.get("name", run.id)), width="content")
        state_badge(run)
    st.caption(t("Classified with {model}").format(model=lit(run.config["model"])))
    if run.live:
        st.fragment(_progress, run_every=1.0)(run.id)
    else:
        _outcome(run)
    config = run.config
    show_command(command(config["model"], config["name"], config["text"], config["format"], config["raw"]))


def _progress(job: str) -> None:
    """Rows done, time left and rate, read from where the last look ended."""
    queue.tick()
    run = store.get(job)
    if not run.live:
        st.rerun()
    seen = st.session_state.setdefault(f"seen-{job}", {"cursor": 0})
    fresh, seen["cursor"] = events.read(run.folder, seen["cursor"])
    for event in fresh:
        if event.get("kind") == "progress":
            seen |= {name: event.get(name) for name in ("step", "steps", "seconds_left", "throughput")}
    words = [t(run.phase) if run.phase else t("Waiting for its turn")]
    if seen.get("steps"):
        words.append(t("row {n} of {all}").format(n=number(seen["step"]), all=number(seen["steps"])))
    if seen.get("seconds_left") is not None:
        words.append(t("about {time} left").format(time=duration(seen["seconds_left"])))
    if seen.get("throughput"):
        words.append(t("{n} rows a second").format(n=number(seen["throughput"])))
    st.progress(min(1.0, (seen.get("step") or 0) / (seen.get("steps") or 1)), text=lit(" · ".join(words)))
    if st.button(
        t("Stop and keep the rows done"), key="stop-table", disabled=run.want != "",
        icon=":material/stop_circle:",
    ):  # fmt: skip
        queue.stop(job)
        st.rerun(scope="fragment")


def _outcome(run: Run) -> None:
    if run.error:
        failure(run.error)
    if (run.folder / SUMMARY).exists():
        _summary(read_json(run.folder / SUMMARY))
    path = outcome(run.folder, run.config)
    if not path.exists():
        return
    rejects = Path(f"{path}.rejected.csv")
    with st.container(horizontal=True):
        st.download_button(
            t("Download the result"), path.read_bytes, file_name=path.name, key="result", type="primary",
            on_click="ignore", icon=":material/download:",
        )  # fmt: skip
        if rejects.exists():
            st.download_button(
                t("Download the rejected lines"), rejects.read_bytes, file_name=rejects.name, key="rejects",
                on_click="ignore", icon=":material/download:",
            )  # fmt: skip
    st.caption(t("It also lies here:"))
    st.code(str(path), language=None, wrap_lines=True)


def _summary(found: dict[str, Any]) -> None:
    said = [
        t("Rows: {n}, in {time}, {rate} a second.").format(
            n=number(found["rows"]), time=duration(found["seconds"]), rate=number(found["rows_per_second"])
        )
    ]
    if found["empty"]:
        said.append(t("Rows without text, left without a label: {n}.").format(n=number(found["empty"])))
    if found["made_safe"]:
        said.append(
            t("Cells given an apostrophe, so that no spreadsheet runs them as formulas: {n}.").format(
                n=number(found["made_safe"])
            )
        )
    if found["truncated"]:
        said.append(t("Texts cut to what the model reads: {n}.").format(n=number(found["truncated"])))
    if found["rejected"]:
        said.append(t("Lines that could not be read: {n}.").format(n=number(found["rejected"])))
    st.markdown(" ".join(said))
    counts = [{t("Label"): name, t("Rows"): n} for name, n in found["labels"].items()]
    st.dataframe(
        counts, hide_index=True, key="label-counts", width=420, alt=t("Rows given each label"),
    )  # fmt: skip
