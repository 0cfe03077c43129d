"""Waiting for the engine.

- ``submit(function, *, lane="quick", **values) -> Job``: as ``engine.submit``, except that what failed is not
  tried again at every click, only when the reader asks for it
- ``result_of(job, title)``: its result; until then draws progress with the time left, and ends the page
- ``ready(job, title) -> bool``: the same without ending the page, for pages that have more to show
- ``prepare_maps()``: has the long lane compile umap's kernels while the reader reads something else
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from xfer_core import engine
from xfer_core.engine import Job
from xfer_core.ui.errors import failure
from xfer_core.ui.language import duration, t
from xfer_core.ui.literal import lit

_AT_ONCE = 0.3
"""Seconds to wait before any progress is drawn: what is quicker should not flash a bar."""
_EVERY = 0.5
"""Seconds between two looks at a running job."""


def submit(function: str, *, lane: str = "quick", **values: Any) -> Job:
    failed = _failures().get(engine.key(function, **values))
    return failed or engine.submit(function, lane=lane, **values)


def _failures() -> dict[str, Job]:
    """What failed in this session, by its key; the engine itself would try again at each rerun."""
    return st.session_state.setdefault("_failures", {})


def result_of(job: Job, title: str) -> Any:
    if not ready(job, title):
        st.stop()
    return job.result


def ready(job: Job, title: str) -> bool:
    job.wait(_AT_ONCE)
    if job.state == "done":
        return True
    if job.state == "failed":
        _say_failed(job)
    else:
        _watch(job, title)
    return False


def prepare_maps() -> None:
    engine.submit("xfer_core.engine.server:warm_up", lane="long")
    engine.submit("xfer_core.analysis.projection:warm", lane="long")


def _say_failed(job: Job) -> None:
    failure(job.error)
    _failures()[job.key] = job
    st.button(t("Try again"), key=f"again-{job.key}", on_click=_forget, args=(job.key,))


def _forget(key: str) -> None:
    _failures().pop(key, None)


@st.fragment(run_every=_EVERY)
def _watch(job: Job, title: str) -> None:
    """The bar, redrawn by itself; when the job has ended, the whole page runs once more."""
    if job.state in ("done", "failed"):
        st.rerun()
    left = job.seconds_left
    words = [title, t(job.message)] if job.message else [title]
    if left is not None and left >= 1:
        words.append(t("about {time} left").format(time=duration(left)))
    else:  # what takes longer than was thought has no time left to tell
        words.append(duration(job.elapsed))
    st.progress(min(1.0, job.fraction), text=lit(" · ".join(words)))
