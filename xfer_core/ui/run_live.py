"""A run of several trainings while it lives: its head, the part that moves, how far it is, and its trainings.

- ``opened(run_id, kind, load, …)``: the run and what is known of it, or why there is none
- ``top(run, notes, …)``: name, state, what it is about, and while it lives the two ways to end it
- ``moving(run, found, load, news, draw)``: what is redrawn by itself; at news the whole page runs once more
- ``progress(run, said, share)``: the bar; ``row(…)``: one training
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import streamlit as st

from xfer_core.charts.views import ARM_STATES
from xfer_core.errors import NotFound
from xfer_core.i18n import Said
from xfer_core.runs import events, queue, store
from xfer_core.runs.store import Run
from xfer_core.ui import pick
from xfer_core.ui.errors import failure
from xfer_core.ui.language import duration, filled, t
from xfer_core.ui.literal import lit
from xfer_core.ui.navigation import go, link
from xfer_core.ui.run_ends import endings, log_of
from xfer_core.ui.run_list import head, line
from xfer_core.ui.state import remember


class OfCorpus(Protocol):
    """What is known of a run: at least whose texts it is about."""

    @property
    def corpus(self) -> str: ...


Found = TypeVar("Found", bound=OfCorpus)

EVERY = 2
"""Seconds between two looks."""

COLOURS = {"running": "blue", "done": "green", "stopped": "orange", "failed": "red"}
"""Of the badge of a training in a state."""


def opened(
    run_id: str, kind: str, load: Callable[[str], Found], *, page: str, label: str
) -> tuple[Run, Found] | None:
    """The run and what *load* gives of it; a run of another kind opens where its own are shown.

    None where there is none: then a sentence says so, and *label* leads to *page*.
    """
    try:
        run = store.get(run_id)
        if run.kind != kind:
            go("runs", run=run.id)
        found = load(run_id)
    except NotFound as error:
        failure(error)
        link(page, label)
        return None
    pick.adopt_once(found.corpus)  # so that the links below lead somewhere
    return run, found


def top(run: Run, notes: Sequence[Said], *, back: str, name: str, stops: str, stopping: str) -> None:
    """*back*: label of the button that takes the run, *name* in the address, out of it; as ``endings``."""
    st.button(
        back, key=f"leave-{name}", type="tertiary", icon=":material/arrow_back:",
        on_click=remember, args=(name, ""),
    )  # fmt: skip
    head(run)
    if run.live:
        endings(run, stops=stops, stopping=stopping)
    elif run.error:
        failure(run.error)
    elif run.state == "stopped":
        st.caption(t("Stopped by you. What was finished by then stands below."))
    for note in notes:
        st.caption(lit(filled(note["message"], note["values"])))
    log_of(run)


def moving(
    run: Run,
    found: Found,
    load: Callable[[str], Found],
    news: Callable[[Found], object],
    draw: Callable[[Run, Found], None],
) -> None:
    """Draw what *load* gives of a live run, *found* at first, again and again.

    *news*: what of it the page outside this part depends on, besides the run's state.
    """
    known = run.state, run.want, news(found)

    def now(run_id: str) -> None:
        queue.tick()
        current = store.find(run_id)
        if current is None:
            st.rerun()  # deleted in another tab
        present = load(run_id)
        if (current.state, current.want, news(present)) != known:
            st.rerun()
        draw(current, present)

    st.fragment(now, run_every=EVERY)(run.id)


def progress(run: Run, said: Sequence[str], share: float) -> None:
    """Phase, what is *said* and the time left; the bar by time, or by *share* until a time is known."""
    last = events.last(run.folder, "progress")
    words = [t(run.phase)] if run.phase else []
    words += said
    if (left := last.get("seconds_left")) is not None:
        words.append(t("about {time} left").format(time=duration(events.number(left))))
    spent = time.time() - (run.started or time.time())
    share = spent / (spent + events.number(left)) if left else share
    st.progress(min(1.0, share), text=" · ".join(words))


def row(key: str, title: str, state: str, told: list[str], *, width: int) -> None:
    """One training: *title*, safe to show, *width* pixels wide, its state, and what there is to tell."""
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=key):
        st.markdown(f"**{title}**", width=width)
        st.badge(t(ARM_STATES[state]), color=COLOURS.get(state, "gray"))  # type: ignore[arg-type]
        line(told)
