"""Which heads moved when the model was tuned: ``draw(model, text, pair)``."""

from __future__ import annotations

import shlex

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from xfer_core.attention.divergence import divergence
from xfer_core.attention.moved import Moved
from xfer_core.attention.reading import AttentionReading
from xfer_core.models import sources
from xfer_core.runs import store
from xfer_core.runs.models import base_of, tuned, twins
from xfer_core.training import settings
from xfer_core.ui import pick
from xfer_core.ui.attention_focus import focus
from xfer_core.ui.attention_heads import compare
from xfer_core.ui.commands import show_command
from xfer_core.ui.components.headgrid import Measure, headgrid, name_of
from xfer_core.ui.language import listed, number, t
from xfer_core.ui.literal import lit
from xfer_core.ui.navigation import link
from xfer_core.ui.state import linked
from xfer_core.ui.waiting import result_of, submit

TEXTS = (50, 100, 200, 500)
MOST = 5
"""Heads named in the sentence above the grid."""


def draw(model: str, text: str, pair: str) -> None:
    before = _before(model)
    if before is None:
        return
    corpus = pick.corpus()
    with st.grid(3, min_column_width=220):
        base = _other_model(before, model)
        twin = _twin(model)
        texts = st.selectbox(t("Texts of the corpus"), format_func=number, **linked("texts", TEXTS, 100, int))
    job = submit(
        "xfer_core.attention.moved:moved_of", lane="long", before=base, after=model, corpus_id=corpus.id,
        other=twin, texts=texts,
    )  # fmt: skip
    readings = [
        submit("xfer_core.attention.reading:read", model=each, text=text, pair=pair or None)
        for each in (base, model)
    ]
    found: Moved = result_of(job, t("Reading the texts with both models"))
    _summary(found)
    if found.noise is None:
        _unknown_noise(model)
    before, after = (result_of(each, t("Reading the text")) for each in readings)
    headgrid(
        "moved", measures(found, before, after), noise=t("two seeds:"),
        mark=t("moved further than two seeds differ, over these texts"),
    )  # fmt: skip
    _open_head(found, before, after)
    given = f"xfer heads {shlex.quote(model)} corpus:{corpus.id} --before {shlex.quote(base)} --texts {texts}"
    show_command(given + (f" --other {shlex.quote(twin)}" if twin else ""))


def _before(model: str) -> str | None:
    """What *model* is compared with; None, and what to do instead, where it is no tuned run."""
    base = base_of(model)
    if base:
        return base
    runs = tuned()
    st.markdown(t("Choose a tuned run as the model: then you see here which of its heads moved."))
    with st.container(horizontal=True):
        for run in runs[:4]:
            st.button(lit(run), key=f"tuned-{run}", on_click=_take, args=(run,))
    if not runs:
        link("fine_tune", t("Tune a model"))
    return None


def _take(run: str) -> None:
    st.session_state["model"] = run


def _other_model(base: str, model: str) -> str:
    """Ids read the same in every language, so the widget may be bound to the address."""
    every = dict.fromkeys([base, *(source.id for source in sources.listing()), *tuned()])
    known = [each for each in every if each != model]
    chosen: str = st.selectbox(
        t("Before"), known, key="before", bind="query-params",
        help=t("The model that this run was tuned from, or any other of the same shape."),
    )  # fmt: skip
    return chosen or base


def _twin(model: str) -> str:
    """The run whose distance from *model* is noise, "" where there is none."""
    known = twins(model)
    if not known:
        return ""
    chosen: str = st.selectbox(
        t("Second seed"), known, key="twin", bind="query-params",
        help=t("The same settings, another seed: what the two runs differ by is noise, not learning."),
    )  # fmt: skip
    return chosen


def measures(found: Moved, before: AttentionReading, after: AttentionReading) -> list[Measure]:
    """The numbers of the grid: over the sample, and on the text of the page."""
    made = [
        Measure(
            "moved", t("How far it moved, over the texts"), found.jsd, unit=t("bits"), digits=3,
            low=found.low, high=found.high, noise=found.noise, marks=found.beyond_noise,
            help=t(
                "Jensen–Shannon divergence of a token's row before and after, mean over tokens and texts: 0"
                " bits the same, 1 bit nothing in common. Line: 95 % interval over texts; tick: two seeds."
            ),
        )
    ]  # fmt: skip
    if before.weights.shape == after.weights.shape:
        made.append(
            Measure(
                "here", t("How far it moved, on the text above"),
                _here(before, after), unit=t("bits"), digits=3,
                help=t("The same for the one text of this page, mean over all its tokens."),
            )
        )  # fmt: skip
    return made


def _here(before: AttentionReading, after: AttentionReading) -> NDArray[np.float64]:
    """[layers, heads]: mean over the rows that count. What is outside the window is one more key."""
    first, second = (
        np.concatenate([each.weights, each.outside[..., None]], axis=-1) for each in (before, after)
    )
    rows = divergence(first, second)
    found = rows.mean(axis=-1)
    if after.reach:  # of the last layer the others change nothing
        found[-1] = rows[-1][:, after.reach].mean(axis=-1)
    return found


def _summary(found: Moved) -> None:
    places = [divmod(int(index), found.jsd.shape[1]) for index in found.order[:MOST]]
    heads = listed(f"{name_of(*at)} ({number(found.jsd[at], 3)})" for at in places if found.jsd[at] > 0)
    words = [t("Moved most, in bits over {n} texts: {heads}.").format(n=number(found.texts), heads=heads)]
    if not heads:
        words = [t("No head moved: both models mix the tokens of these texts alike.")]
    if found.beyond_noise is not None:
        beyond = int(found.beyond_noise.sum())
        words.append(
            t("{n} of {all} heads moved clearly further than two seeds of one training differ.").format(
                n=number(beyond), all=number(found.jsd.size)
            )
        )
        if within := [at for at in places if found.jsd[at] > 0 and not found.beyond_noise[at]]:
            words.append(
                t("Of those named, these may have moved by chance: {heads}.").format(
                    heads=listed(name_of(*at) for at in within)
                )
            )
    if found.still:
        words.append(
            t("Nothing moved in these layers, which were frozen or lie below what learnt: {layers}.").format(
                layers=listed(str(layer + 1) for layer in found.still)
            )
        )
    st.markdown(lit(" ".join(words)), width=760)
    st.caption(
        t("That a head moved does not say that the prediction needs it: see “Does it matter”."),
        width=760,
    )


def _unknown_noise(model: str) -> None:
    """Without a second seed nobody knows what of this is noise: the command that makes one."""
    st.warning(
        t(
            "There is no second seed, so part of this may be noise: two trainings that differ in their seed"
            " alone also end with different heads. Train once more with another seed."
        )
    )
    run = store.find(model)
    if run is not None and run.kind == "train":
        config = settings.validate(run.config | {"seed": int(run.config["seed"]) + 1})
        line = settings.command(config, f"corpus:{run.config['corpus']}")
        show_command(line, t("A second seed, from a terminal"))


def _open_head(found: Moved, before: AttentionReading, after: AttentionReading) -> None:
    """The open head in both models, on the text of the page."""
    at = focus().within(*found.jsd.shape)
    if at is None:
        st.caption(t("Click a head to see it before and after, on the text above."))
        return
    st.subheader(t("Before and after, on the text above"))
    compare(before, after)
