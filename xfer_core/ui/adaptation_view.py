"""One adaptation by training: live while it runs, then what each method won or lost.

- ``one(run_id)``: the whole page of ``/adaptation?run=RUN``
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from xfer_core.adaptation import results, settings, words
from xfer_core.adaptation.methods import METHODS, SOURCE_ONLY
from xfer_core.adaptation.results import Adaptation, Outcome
from xfer_core.charts import adaptation as charts
from xfer_core.charts.standalone import Page
from xfer_core.corpora import load as load_corpus
from xfer_core.errors import NotFound
from xfer_core.i18n import fill, translate
from xfer_core.runs import store
from xfer_core.runs.store import Run
from xfer_core.ui import run_ends, run_live, take_away
from xfer_core.ui.commands import show_command
from xfer_core.ui.errors import failure
from xfer_core.ui.language import duration, filled, language, number, t
from xfer_core.ui.literal import lit
from xfer_core.ui.navigation import link
from xfer_core.ui.state import linked

WIDTH = 760


def one(run_id: str) -> None:
    opened = run_live.opened(run_id, settings.KIND, results.load, page="runs", label=t("All runs"))
    if opened is None:
        return
    run, found = opened
    run_live.top(
        run, found.notes, back=t("All adaptations"), name="run",
        stops=t("Ends the training that runs, keeps what is finished and the best model of it."),
        stopping=t("Stopping: what is finished is being measured."),
    )  # fmt: skip
    if run.live:
        run_live.moving(run, found, results.load, _measured, _moving)
    if found.before.measured:
        _result(found)
    elif not run.live:
        st.caption(t("Nothing was measured: it ended before source only was through."))
    show_command(settings.command(found.config, f"corpus:{found.corpus}"))
    run_ends.removal(
        run, label=t("Delete this adaptation"), back="adaptation",
        says=t("The model, its numbers and its curves go for good."),
    )  # fmt: skip


def _measured(found: Adaptation) -> int:
    """What the page outside the moving part depends on."""
    return sum(each.measured for each in found.outcomes)


def _moving(run: Run, found: Adaptation) -> None:
    over = sum(each.state not in ("waiting", "running") for each in found.outcomes)
    said = t("{n} of {all} methods over").format(n=number(over), all=number(len(found.outcomes)))
    run_live.progress(run, [said], over / max(len(found.outcomes), 1))
    for each in found.outcomes:
        run_live.row(f"m-{each.method}", t(METHODS[each.method].title), each.state, _told(each), width=210)
    _curves(found, key="live-curves")


def _told(outcome: Outcome) -> list[str]:
    said = []
    if outcome.target is not None:
        said.append(t("target macro-F1 {value}").format(value=number(outcome.target.value, 3)))
    if outcome.target_gain is not None:
        said.append(t("gain {value}").format(value=f"{outcome.target_gain.value:+.3f}"))
    if outcome.seconds is not None:
        said.append(duration(outcome.seconds))
    elif outcome.predicted_seconds is not None and outcome.state in ("waiting", "running"):
        said.append(t("about {time} predicted").format(time=duration(outcome.predicted_seconds)))
    if outcome.message and (error := store.to_error(outcome.message)):
        said.append(lit(error))
    return said


def _curves(found: Adaptation, key: str) -> None:
    known = _known(found)
    if not known:
        st.caption(t("The first curve appears with the first check on the source's validation texts."))
        return
    st.plotly_chart(
        charts.curves(known, t=t), key=key, config={"displayModeBar": False},
        alt=t("Macro-F1 on the source's validation texts by step, one line a method"),
    )  # fmt: skip


def _known(found: Adaptation) -> dict[str, list[dict[str, Any]]]:
    """The curves of those methods that have one."""
    every = {each.method: results.curve(found.run, each.method) for each in found.outcomes}
    return {method: points for method, points in every.items() if points}


def _result(found: Adaptation) -> None:
    for said in words.headline(found):
        st.markdown(lit(filled(said["message"], said["values"])), width=WIDTH)
    st.subheader(t("Before and after"))
    st.plotly_chart(
        charts.before_after(found, t=t), key="before-after",
        alt=t("Macro-F1 on source and target before and after, one row a method, with intervals"),
    )  # fmt: skip
    st.caption(
        t(
            "Dots: test texts of the target; rings: of the source. A dot left of the dashed line is a method"
            " that hurt. Intervals: 95 %, texts drawn again; whether a gain is sure is told by the interval"
            " of the difference, in the words and in the table. All of it is one seed: another may differ"
            " by some hundredths."
        )
    )
    _numbers(found)
    _each(found)
    _pictures(found)
    if found.state not in store.LIVE:
        with st.expander(t("How they learnt"), key="curves-over"):
            _curves(found, key="curves")
        _use(found)


def _numbers(found: Adaptation) -> None:
    table = pd.DataFrame(charts.table(found))
    names = {
        "method": t("Method"), "state": t("State"), "source": t("Source"), "source_gain": t("Source gain"),
        "target": t("Target"), "target_gain": t("Target gain"), "target_gain_low": t("from"),
        "target_gain_high": t("to"), "source_validation": t("Source validation"),
        "domains_told_apart": t("Domains told apart"), "seconds": t("Seconds"),
    }  # fmt: skip
    shown = table[list(names)].rename(columns=names)
    formats = {name: st.column_config.NumberColumn(format="%.3f") for name in names.values()}
    st.dataframe(
        shown, hide_index=True, key="adaptation-numbers", alt=t("Every number of every method"),
        column_config={key: value for key, value in formats.items() if key not in (t("Method"), t("State"))}
        | {t("Seconds"): st.column_config.NumberColumn(format="%.0f")},
    )  # fmt: skip
    take_away.files(found.run, t("All numbers (CSV)"), lambda: table.to_csv(index=False), _page(found))


def _page(found: Adaptation) -> Callable[[], str]:
    """Words and pictures as one HTML file that needs nothing else; made when its button is pressed."""
    spoken = language()

    def say(message: str) -> str:
        return translate(message, spoken)

    def make() -> str:
        made = Page(say("Adaptation"), language=spoken, t=say)
        made.paragraph(
            f"{found.config.model} · {found.corpus} · {found.config.source} → {found.config.target}"
        )
        every = [each for outcome in found.outcomes for each in words.details(found, outcome)]
        said = [*words.headline(found), *found.notes, *every]
        told = dict.fromkeys(fill(each["message"], each["values"], say) for each in said)
        made.items(list(told))
        made.picture(charts.before_after(found, t=say), say("Before and after"))
        made.picture(charts.curves(_known(found), t=say), say("How they learnt"))
        return made.html()

    return make


def _each(found: Adaptation) -> None:
    """What there is to say of every method, harm as plainly as gain."""
    for outcome in found.outcomes:
        said = words.details(found, outcome)
        if not said and not outcome.message:
            continue
        with st.expander(t(METHODS[outcome.method].title), key=f"about-{outcome.method}"):
            for each in said:
                st.markdown(f"- {lit(filled(each['message'], each['values']))}", width=WIDTH)
            if outcome.message and (error := store.to_error(outcome.message)):
                failure(error)
            st.caption(t("Less good: {when}").format(when=t(METHODS[outcome.method].when_not)))
            st.caption(lit(METHODS[outcome.method].source))


def _pictures(found: Adaptation) -> None:
    """The same test texts as the classifiers read them, source only beside one method."""
    drawn = {each.method: results.points(found.run, each.method) for each in found.adapted}
    methods = [method for method, points in drawn.items() if points is not None]
    before = results.points(found.run, SOURCE_ONLY)
    if before is None or not methods:
        return
    st.subheader(t("What the classifier reads, before and after"))
    first = found.chosen if found.chosen in methods else methods[0]
    method = st.radio(
        t("Method"), format_func=lambda name: t(METHODS[name].title), horizontal=True,
        **linked("after", methods, first),
    )  # fmt: skip
    after = drawn[method]
    assert after is not None
    try:
        labels: Any = load_corpus(found.corpus).label_names
    except NotFound:  # deleted since
        labels = [str(code) for code in range(int(after.labels.max(initial=0)) + 1)]
    st.plotly_chart(
        charts.features(found, before, after, method, labels, t=t), key="adaptation-features",
        alt=t("Test texts of both domains as the classifiers read them, source only beside the method"),
    )  # fmt: skip
    st.caption(
        t(
            "Each side is a plane of its own, the two widest directions of what the last layer of the"
            " classifier reads; distances between the sides mean nothing. Colour: domain; shape: label."
        )
    )


def _use(found: Adaptation) -> None:
    if not (store.folder(found.run) / "model" / "config.json").exists():
        return
    with st.container(horizontal=True):
        link("classify", t("Classify with this model"), model=found.run)
        link("features", t("Its layers as maps"), model=found.run)
        link("attention", t("See which heads moved"), model=found.run, view="changes")
        link("universality", t("What its layers know"), model=found.run)
