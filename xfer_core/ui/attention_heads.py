"""Every head of every layer for one text: ``draw(model, text, pair)``; two beside: ``compare(…)``."""

from __future__ import annotations

import shlex
from typing import Any

import streamlit as st

from xfer_core.attention.looking import kinds
from xfer_core.attention.reading import AttentionReading
from xfer_core.attention.shaping import BY, shape
from xfer_core.ui import downloads, pick
from xfer_core.ui.attention_caveats import caveats, remarks
from xfer_core.ui.attention_focus import focus
from xfer_core.ui.commands import show_command
from xfer_core.ui.components.heads import heads, present
from xfer_core.ui.components.opening import whole
from xfer_core.ui.language import number, t
from xfer_core.ui.state import linked, query, remember
from xfer_core.ui.waiting import result_of, submit

HIDE = ("", "special", "punctuation", "special,punctuation")
HELD = ("apart", "shared")


def draw(model: str, text: str, pair: str) -> None:
    with st.container(horizontal=True, gap="medium"):
        measure, kind = _measure(), _kind(kinds(pick.source(model, encoder_decoders=True)))
    job = submit(
        "xfer_core.attention.reading:read", model=model, text=text, pair=pair or None, measure=measure,
        kind=kind, start=max((whole(query("start")) or 1) - 1, 0),
    )  # fmt: skip
    reading = result_of(job, t("Reading the text"))
    if reading.uniform:
        st.warning(
            t(
                "Nearly all heads spread evenly over all tokens, as those of an untrained model do. The"
                " weights look untrained, or were not loaded."
            )
        )
    _window(reading, job.key)
    if reading.prediction:
        _prediction(reading.prediction)
    _picture(reading, None, job.key, _asked(model, text, pair))
    remarks(reading)
    caveats(reading)


def compare(before: AttentionReading, after: AttentionReading) -> None:
    """The same tokens in two models: side by side, blinking, or their difference.

    The head is the one the address names, as everywhere on the page.
    """
    if (before.tokens, before.keys) != (after.tokens, after.keys):
        st.info(t("The two models cut this text into different tokens, so there is no cell to compare."))
        return
    _picture(after, before, f"{before.model} {after.model} {after.measure} {after.start} {after.tokens}", "")


@st.fragment
def _picture(reading: AttentionReading, before: AttentionReading | None, content: str, asked: str) -> None:
    shaping = _shaping()
    readings = [reading] if before is None else [before, reading]
    shaped = [shape(each, **shaping) for each in readings]
    if not shaped[0].tokens or not shaped[0].keys:
        st.info(t("Every token of this text is hidden. Show special tokens or punctuation."))
        return
    heads(shaped, [""] if before is None else [each.model for each in readings], content)
    with st.container(horizontal=True):
        st.download_button(
            t("Picture as a page (HTML)"), downloads.attention_page(reading, before, shaping, present()),
            "attention.html", "text/html", key="download-page", icon=":material/download:", on_click="ignore",
        )  # fmt: skip
        _weights(t("Weights (.npz)"), reading, "npz")
        _weights(t("Weights (Parquet)"), reading, "parquet")
    if asked:
        show_command(f"{asked}{_flags(reading, shaping)} --out attention.html")


def _weights(title: str, reading: AttentionReading, suffix: str) -> None:
    st.download_button(
        title, downloads.attention_weights(reading, suffix), f"attention.{suffix}",
        key=f"download-{suffix}", icon=":material/download:", on_click="ignore",
    )  # fmt: skip


def _measure() -> str:
    titles = {
        "weight": t("weight"),
        "norm": t("effect (length)"),
        "share": t("effect (share)"),
    }
    chosen: str = st.radio(
        t("What a cell is"), format_func=lambda code: titles[code], horizontal=True,
        **linked("measure", tuple(titles), "weight"),
    )  # fmt: skip
    return chosen


def _kind(known: tuple[str, ...]) -> str:
    if len(known) < 2:
        return ""
    titles = {
        "encoder": t("in the encoder"),
        "decoder": t("in the decoder"),
        "cross": t("from decoder to encoder"),
    }
    chosen: str = st.radio(
        t("Which attention"), format_func=lambda code: titles[code], horizontal=True,
        **linked("kind", known, known[0]),
    )  # fmt: skip
    return chosen


def _window(reading: AttentionReading, content: str) -> None:
    """Where a text longer than the window is shown from."""
    shown = len(reading.tokens)
    if reading.total <= shown:
        return
    key = f"start-{content}"

    def write() -> None:
        first = int(st.session_state[key])
        remember("start", str(first) if first > 1 else "")

    st.number_input(
        t("First token shown; {shown} of {total} are shown at once").format(
            shown=number(shown), total=number(reading.total)
        ),
        1, reading.total - shown + 1, reading.start + 1, shown // 2, key=key, on_change=write, width=420,
    )  # fmt: skip


def _shaping() -> dict[str, Any]:
    units = {"piece": t("word pieces"), "word": t("words")}
    hidden = {
        "": t("nothing"),
        "special": t("special tokens"),
        "punctuation": t("punctuation"),
        "special,punctuation": t("both"),
    }
    held = {"apart": t("stays beside the row"), "shared": t("is shared out")}
    with st.container(horizontal=True, gap="medium"):
        by = st.radio(
            t("Tokens"), format_func=lambda code: units[code], horizontal=True, **linked("by", BY, "piece")
        )
        hide = st.radio(
            t("Hide"), format_func=lambda code: hidden[code], horizontal=True, **linked("hide", HIDE, "")
        )
        renormalise = HELD[0]
        if hide:
            renormalise = st.radio(
                t("What hidden tokens held"), format_func=lambda code: held[code], horizontal=True,
                **linked("held", HELD, HELD[0]),
            )  # fmt: skip
    return {"by": by, "hide": frozenset(hide.split(",")) - {""}, "renormalise": renormalise == "shared"}


def _asked(model: str, text: str, pair: str) -> str:
    pairing = f" --pair {shlex.quote(pair)}" if pair else ""
    return f"xfer attention {shlex.quote(model)} --text {shlex.quote(text)}{pairing}"


def _flags(reading: AttentionReading, shaping: dict[str, Any]) -> str:
    """What is shown beside model and text, as flags of the command; what an address only asks for is not."""
    hidden = [name for name in HIDE[1:3] if name in shaping["hide"]]
    open_head = focus().within(reading.layers, reading.heads)
    layer, head = (None, None) if open_head is None else (place + 1 for place in open_head)
    given = {
        "measure": reading.measure if reading.measure != "weight" else "",
        "kind": reading.kind if reading.kind != reading.kinds[0] else "",
        "start": reading.start + 1 if reading.start else "",
        "by": shaping["by"] if shaping["by"] != BY[0] else "",
        "hide": ",".join(hidden), "layer": layer, "head": head,
    }  # fmt: skip
    flags = "".join(f" --{name} {value}" for name, value in given.items() if value)
    return flags + (" --renormalise" if hidden and shaping["renormalise"] else "")


def _prediction(shares: dict[str, float]) -> None:
    st.subheader(t("What the model says of this text"))
    st.dataframe(
        {t("Class"): list(shares), t("Probability"): list(shares.values())},
        key="prediction", hide_index=True, width=480,
        column_config={
            t("Probability"): st.column_config.ProgressColumn(format="percent", min_value=0.0, max_value=1.0)
        },
    )  # fmt: skip
