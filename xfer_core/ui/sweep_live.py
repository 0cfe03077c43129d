"""A comparison while it runs: its first evidence at once, every arm's curve, and what may still be ended.

- ``top(run, notes)``: name, state, what it is about, and while it lives the two ways to end all of it
- ``live(run, sweep, advice)``: the moving part, redrawn by itself, with what *advice* draws of it; when
  something has come that the rest of the page shows, the whole page runs once more
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from xfer_core.charts import sweep as charts
from xfer_core.charts.evidence import evidence as evidence_of
from xfer_core.charts.views import ARM_STATES, VIEWS
from xfer_core.runs import events, queue, store
from xfer_core.runs.store import Run
from xfer_core.sweep import results
from xfer_core.sweep.results import Arm, Sweep
from xfer_core.sweep.settings import ANSWER
from xfer_core.training.strategies import parse
from xfer_core.ui.errors import failure
from xfer_core.ui.language import duration, filled, number, t
from xfer_core.ui.literal import lit
from xfer_core.ui.run_ends import endings, log_of
from xfer_core.ui.run_list import head, line
from xfer_core.ui.state import remember

EVERY = 2
"""Seconds between two looks."""
PAGE = 8
"""Arms shown at once."""

COLOURS = {"running": "blue", "done": "green", "stopped": "orange", "failed": "red"}
"""Of the badge of an arm in a state."""
EVIDENCE = VIEWS["evidence"]
LIVE = ("waiting", "running")


def top(run: Run, notes: Sequence[dict[str, Any]]) -> None:
    """*notes*: what was done to the plan and must be said."""
    st.button(
        t("All comparisons"), key="all-sweeps", type="tertiary", icon=":material/arrow_back:",
        on_click=remember, args=("sweep", ""),
    )  # fmt: skip
    head(run)
    if run.live:
        endings(
            run,
            stops=t("Ends the training that runs, and compares what is finished."),
            stopping=t("Stopping: what is finished is being compared."),
        )
    elif run.error:
        failure(run.error)
    elif run.state == "stopped":
        st.caption(t("Stopped by you. What was finished by then is compared below."))
    for note in notes:
        st.caption(lit(filled(note["message"], note["values"])))
    log_of(run)


def live(run: Run, sweep: Sweep, advice: Callable[[Sweep], None]) -> None:
    st.fragment(_now, run_every=EVERY)(run.id, news(run, sweep), advice)


def news(run: Run, sweep: Sweep) -> tuple[object, ...]:
    """What the page outside the moving part depends on."""
    return run.state, run.want, bool(sweep.references), len(sweep.chosen)


def _now(run_id: str, known: tuple[object, ...], advice: Callable[[Sweep], None]) -> None:
    queue.tick()
    run = store.find(run_id)
    if run is None:
        st.rerun()  # deleted in another tab
    sweep = results.load(run_id)
    if news(run, sweep) != known:
        st.rerun()
    _progress(run, sweep)
    advice(sweep)
    # of the one-click answer nothing is over for good before it ends
    if sweep.config.mode != ANSWER and sweep.arms and all(arm.state not in LIVE for arm in sweep.arms):
        with st.expander(t("Every training, as it learnt"), key="all-over"):  # the comparison comes first
            _learning(sweep)
    else:
        _learning(sweep)
    arms(sweep)


def _learning(sweep: Sweep) -> None:
    st.subheader(t(EVIDENCE.title))
    evidence(sweep, key="live-evidence")
    st.subheader(t("Every training, as it learns"))
    pictures(sweep, key="live-multiples")


def _progress(run: Run, sweep: Sweep) -> None:
    trainings = [arm for arm in sweep.arms if not _copied(sweep, arm)]
    over = sum(arm.state not in LIVE for arm in trainings)
    last = events.last(run.folder, "progress")
    said = [t(run.phase)] if run.phase else []
    if sweep.arms:
        said.append(t("{n} of {all} trainings over").format(n=number(over), all=number(len(trainings))))
    if (left := last.get("seconds_left")) is not None:
        said.append(t("about {time} left").format(time=duration(events.number(left))))
    if sweep.arms and sweep.config.mode == ANSWER:
        said.append(t("more follow only if they could change the advice"))
    share = over / len(trainings) if trainings else events.number(last.get("fraction", 0.0))
    st.progress(min(1.0, share), text=" · ".join(said) or t("Starting"))


def _copied(sweep: Sweep, arm: Arm) -> bool:
    """Whether it is a solver's with another seed, which gives what the first gave and takes no time."""
    return parse(arm.strategy).solver and arm.seed != sweep.config.seed


def evidence(sweep: Sweep, key: str = "evidence") -> None:
    """Word counts and a probe of every layer: known within seconds, before anything is trained.

    *key* of the picture, which may stand on the page twice: in the moving part and chosen below it.
    """
    if not sweep.references and not sweep.probes:
        st.caption(t("Counting words, and reading every text in every layer. This takes seconds."))
        return
    st.plotly_chart(
        evidence_of(sweep, t=t), key=key, config={"displayModeBar": False},
        alt=t("Macro-F1 of a probe on each layer of the untuned model, and of counting words"),
    )  # fmt: skip
    st.caption(t(EVIDENCE.says))


def pictures(sweep: Sweep, key: str = "multiples") -> None:
    """One panel a strategy, from the start, with the curve of each of its arms."""
    known = results.curves(sweep)
    if not any(known.values()):
        st.caption(t("The first curve appears with the first check on the validation texts."))
        return
    st.plotly_chart(
        charts.small_multiples(sweep, known, t=t), key=key, config={"displayModeBar": False},
        alt=t("Validation macro-F1 by step, one small picture a strategy, one curve a training"),
    )  # fmt: skip


def arms(sweep: Sweep) -> None:
    """Every arm that runs or waits, each with its own Stop; those that are over are folded away."""
    live = sorted((arm for arm in sweep.arms if arm.state in LIVE), key=lambda arm: arm.state != "running")
    _paged(sweep, live, "arms-page")
    if over := [arm for arm in sweep.arms if arm.state not in LIVE]:
        with st.expander(t("Trainings that are over"), key="arms-over"):
            _paged(sweep, over, "arms-over-page")


def _paged(sweep: Sweep, ordered: Sequence[Arm], key: str) -> None:
    page, pages = 1, -(-len(ordered) // PAGE)
    if pages > 1:
        page = min(st.pagination(pages, key=key), pages)
    for arm in ordered[(page - 1) * PAGE : page * PAGE]:
        _arm(sweep, arm)


def _arm(sweep: Sweep, arm: Arm) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"arm-{arm.id}"):
        st.markdown(f"**{lit(arm.strategy)}**", width=130)
        st.badge(t(ARM_STATES[arm.state]), color=COLOURS.get(arm.state, "gray"))  # type: ignore[arg-type]
        line(_told(arm))
        if arm.state in LIVE and st.button(
            t("Stop"), key=f"stop-{arm.id}", icon=":material/stop_circle:",
            disabled=(store.folder(sweep.run) / results.ARMS / arm.id / results.STOP).exists(),
        ):  # fmt: skip
            results.stop_arm(sweep.run, arm.id)
            st.rerun()  # of the whole page: after a restart of the server this is no run of the fragment


def _told(arm: Arm) -> list[str]:
    said = [t("seed {n}").format(n=arm.seed)]
    if arm.learning_rate:
        said.append(t("rate {rate}").format(rate=lit(f"{arm.learning_rate:g}")))
    if arm.validation_macro_f1 is not None:
        said.append(t("macro-F1 {value} on validation").format(value=number(arm.validation_macro_f1, 3)))
    if arm.chosen:
        said.append(t("chosen"))
    if arm.seconds is not None:
        said.append(duration(arm.seconds))
    elif arm.predicted_seconds is not None:
        said.append(t("about {time} predicted").format(time=duration(arm.predicted_seconds)))
    if arm.message and (error := store.to_error(arm.message)):
        said.append(lit(error))
    return said
