"""What came of a comparison: the advice in words, then its pictures, one at a time.

- ``compared(sweep) -> Comparison``: computed once for what is there, then kept
- ``advice(sweep)``: the recommendation, its reasons and doubts, and where to go with it
- ``view(sweep, comparison)``: one of the pictures; ``?show=`` says which
- ``numbers(comparison)``, ``files(sweep)``: every number, and the comparison to take away
- ``repeat(sweep)``, ``removal(run)``: the settings and the command again; delete, after a second thought
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from xfer_core.charts import classes as class_charts
from xfer_core.charts import pareto as pareto_charts
from xfer_core.charts import shift as shift_charts
from xfer_core.charts import sweep as charts
from xfer_core.charts.views import ARM_STATES, COSTS, MEASURES, VIEWS
from xfer_core.errors import NotFound
from xfer_core.runs import store
from xfer_core.runs.store import Run
from xfer_core.sweep import comparison as comparing
from xfer_core.sweep import results, settings, words
from xfer_core.sweep.comparison import Comparison
from xfer_core.sweep.recommend import Recommendation, recommend
from xfer_core.sweep.results import Sweep
from xfer_core.sweep.words import Said
from xfer_core.training.strategies import parse
from xfer_core.ui import downloads, run_ends, sweep_form, sweep_live
from xfer_core.ui.commands import show_command
from xfer_core.ui.errors import sentence
from xfer_core.ui.glossary import glossary
from xfer_core.ui.language import filled, listed, number, t
from xfer_core.ui.literal import lit
from xfer_core.ui.navigation import go, link
from xfer_core.ui.state import linked

_WHOLE = st.column_config.NumberColumn(format="%.0f")
WIDTH = 760  # pixels: a line of running text that an eye can follow
QUIET = {"displayModeBar": False}


def compared(sweep: Sweep) -> Comparison:
    return _weighed(sweep)[0]


def _weighed(sweep: Sweep) -> tuple[Comparison, Recommendation | None]:
    """Computed once for what there is; with words while it takes long, drawing texts again and again."""
    with st.spinner(t("Comparing all strategies on texts drawn again and again")):
        return _found(sweep.run, known(sweep), sweep)


def known(sweep: Sweep) -> tuple[object, ...]:
    """What comparison and advice depend on: of every arm its state too, for doubts name those missing."""
    return sweep.state, tuple((arm.id, arm.state, arm.chosen) for arm in sweep.arms), tuple(sweep.references)


@st.cache_resource(max_entries=8, show_spinner=False)
def _found(run: str, content: tuple[object, ...], _sweep: Sweep) -> tuple[Comparison, Recommendation | None]:
    """Shared by all sessions and never written to; *run* and *content* name what is in it."""
    comparison = comparing.compare(_sweep)
    return comparison, recommend(_sweep, comparison)


def advice(sweep: Sweep) -> None:
    """The recommendation; of a comparison that has not come to its end, what would be advised so far."""
    final = sweep.recommendation
    so_far = None if final else _weighed(sweep)[1]
    said = final or (so_far.as_dict() if so_far else None)
    if said is None:
        return
    with st.container(border=True, gap="small", key="advice"):
        ended = final is not None and sweep.state == "finished"
        st.badge(t("Advice") if ended else t("So far"), color="green" if ended else "gray")
        _headline(said["strategy"])
        _sentences(said["reasons"])
        # The gravest doubt stands with the advice; all of them would push the pictures off a phone.
        _sentences(said["doubts"][:1])
        with st.expander(t("More doubts, and what would make it surer"), key="doubts"):
            _sentences(said["doubts"][1:])
            if said["surer"]:
                st.markdown(t("**To be surer**"))
                _sentences(said["surer"])
        if sweep.recommended_run:
            _use(sweep, said["strategy"])


def _headline(strategy: str) -> None:
    if strategy == comparing.TFIDF:
        st.subheader(t("Count words: nothing dearer is clearly better here"))
        return
    st.subheader(t("Use {strategy}").format(strategy=lit(strategy)))
    trains, number_in_name = t(parse(strategy).trains), strategy.rpartition("-")[2]
    letter = re.search(r"\b[KNJ]\b", trains)
    if letter and number_in_name.isdigit():  # the sentence is that of features-K, the strategy features-2
        trains += f" ({letter[0]} = {int(number_in_name)})"
    st.caption(lit(trains))


def _sentences(parts: Sequence[Said]) -> None:
    for part in parts:
        st.markdown(lit(filled(part["message"], part["values"])), width=WIDTH)


def _use(sweep: Sweep, strategy: str) -> None:
    try:
        store.get(sweep.recommended_run)
    except NotFound:
        st.caption(t("The model that was kept has been deleted since."))
        return
    if strategy == comparing.TFIDF:
        st.caption(t("For Classify the best of the tuned models was kept all the same."))
    with st.container(horizontal=True):
        link("classify", t("Classify with it"), model=sweep.recommended_run)
        link("runs", t("Open its run"), run=sweep.recommended_run)
        link("attention", t("See its attention"), model=sweep.recommended_run)


def view(sweep: Sweep, comparison: Comparison) -> None:
    chosen = st.radio(
        t("Show"), format_func=lambda code: t(VIEWS[code].title), horizontal=True,
        **linked("show", tuple(VIEWS), "depth"),
    )  # fmt: skip
    DRAWN[chosen](sweep, comparison)


def _depth(sweep: Sweep, comparison: Comparison) -> None:
    measure = _measure()
    st.plotly_chart(
        charts.depth(comparison, measure, t=t), key="depth", config=QUIET,
        alt=t("Quality of every strategy by the number of layers that learn, with its spread"),
    )  # fmt: skip
    below = VIEWS["depth"]
    st.caption(t(below.says).format(n=number(comparison.texts)))
    glossary("from-the-top", "macro-f1")


def _measure() -> str:
    return str(
        st.radio(
            t("Measure"), format_func=lambda code: t(MEASURES[code].name), horizontal=True,
            **linked("measure", tuple(MEASURES), "macro_f1"),
        )
    )  # fmt: skip


def _cost(sweep: Sweep, comparison: Comparison) -> None:
    cost = st.radio(
        t("Cost"), format_func=lambda code: t(COSTS[code].name), horizontal=True,
        **linked("cost", tuple(COSTS), "trainable_parameters"),
    )  # fmt: skip
    st.plotly_chart(
        pareto_charts.pareto(comparison, cost, t=t), key="pareto", config=QUIET,
        alt=t("Macro-F1 of every strategy against its cost, with the front that no other beats in both"),
    )  # fmt: skip
    front = listed(lit(name) for name in comparing.pareto(comparison, cost))
    below = VIEWS["cost"]
    st.caption(t(below.says).format(names=front))
    glossary("front")


def _curves(sweep: Sweep, comparison: Comparison) -> None:
    known = results.curves(sweep)
    if not any(known.values()):
        st.caption(t("Nothing here was trained step by step."))
        return
    st.plotly_chart(
        charts.overlay(sweep, known, t=t), key="overlay", config=QUIET,
        alt=t("Validation macro-F1 by step, every compared training in one picture"),
    )  # fmt: skip
    below = VIEWS["curves"]
    st.caption(t(below.says))
    sweep_live.pictures(sweep)


def _classes(sweep: Sweep, comparison: Comparison) -> None:
    table = comparing.per_class(sweep)
    names = list(dict.fromkeys(table["strategy"]))
    st.plotly_chart(
        class_charts.class_differences(table, names, t=t), key="classes", config=QUIET,
        alt=t("F1 of every class by strategy"),
    )  # fmt: skip
    below = VIEWS["classes"]
    st.caption(t(below.says))


def _texts(sweep: Sweep, comparison: Comparison) -> None:
    """Texts that one reads right and another wrong: the difference between two numbers, to be read."""
    rows = sorted(comparison.rows, key=lambda row: -row.macro_f1)
    names = [*(row.strategy for row in rows), *comparison.references]
    if len(names) < 2:
        st.caption(t("This needs two strategies, or one and a reference."))
        return
    first, last = _differing(sweep.run, known(sweep), sweep, tuple(names))
    with st.container(horizontal=True):
        right = st.selectbox(t("Read right by"), format_func=_name, **linked("right", names, first))
        wrong = st.selectbox(t("Read wrong by"), format_func=_name, **linked("wrong", names, last))
    found = comparing.disagreements(sweep, right, wrong)
    other = comparing.disagreements(sweep, wrong, right)
    st.caption(
        t("{n} of {all} test texts; {other} the other way round. What most seeds say counts.").format(
            n=number(len(found)), all=number(len(sweep.texts)), other=number(len(other))
        )
    )
    if len(found):
        columns = {
            "text": st.column_config.TextColumn(t("Text"), width="large"),
            "true": st.column_config.TextColumn(t("True label")),
            wrong: st.column_config.TextColumn(t("Taken for")),
            "row": st.column_config.NumberColumn(t("Row, below the header"), format="%d"),
        }
        st.dataframe(
            found[list(columns)], hide_index=True, column_config=columns, key="disagreements",
            alt=t("Texts that one strategy reads right and another one wrong"),
        )  # fmt: skip


@st.cache_data(max_entries=16, show_spinner=False)
def _differing(
    run: str, content: tuple[object, ...], _sweep: Sweep, names: tuple[str, ...]
) -> tuple[str, str]:
    """The best of *names* and the farthest below it that differs from it on some text; else any such pair."""
    pairs = ((right, wrong) for right in names for wrong in reversed(names) if right != wrong)
    differing = (pair for pair in pairs if len(comparing.disagreements(_sweep, *pair)))
    return next(differing, (names[0], names[-1]))


def _name(key: str) -> str:
    return words.brief(key, t)


def _shift(sweep: Sweep, comparison: Comparison) -> None:
    if not sweep.shift:
        st.caption(t("Measured at the end, for the best training of every strategy."))
        return
    st.plotly_chart(
        shift_charts.shift(sweep, t=t), key="shift", config=QUIET,
        alt=t("Likeness of every layer's states before and after training, for every strategy"),
    )  # fmt: skip
    below = VIEWS["shift"]
    st.caption(t(below.says))
    if sweep.measured:
        st.caption(t(words.MEASURED_ON).format(names=listed(lit(arm) for arm in sweep.measured.values())))
    glossary("cka")


def _forgetting(sweep: Sweep, comparison: Comparison) -> None:
    if not sweep.config.second:
        st.caption(t("A second corpus was not given. Choose one in the form to see what tuning forgets."))
        return
    if not sweep.forgetting:
        st.caption(t("Measured at the end, for the best training of every strategy."))
        return
    st.plotly_chart(
        shift_charts.forgetting(sweep, t=t), key="forgetting", config=QUIET,
        alt=t("Macro-F1 of a probe on the second corpus, before and after tuning"),
    )  # fmt: skip
    below = VIEWS["forgetting"]
    st.caption(t(below.says))


def _evidence(sweep: Sweep, comparison: Comparison) -> None:
    sweep_live.evidence(sweep)


def _arms(sweep: Sweep, comparison: Comparison) -> None:
    columns = {
        "strategy": t("Strategy"), "seed": t("Seed"), "learning_rate": t("Learning rate"),
        "state": t("State"), "chosen": t("Chosen"), "validation_macro_f1": t("Macro-F1 on validation"),
        "macro_f1": t("Macro-F1 on test"), "accuracy": t("Accuracy on test"),
        "trainable_parameters": t("Parameters that learn"), "seconds": t("Seconds"),
        "predicted_seconds": t("Seconds predicted"), "memory_mb": t("Memory in MB"),
        "best_step": t("Best step"), "steps": t("Steps"), "message": t("Remark"),
    }  # fmt: skip
    shown = results.table(sweep)[list(columns)]
    shown["state"] = [t(ARM_STATES[state]) for state in shown["state"]]
    shown["message"] = [sentence(store.to_error(arm.message)) if arm.message else "" for arm in sweep.arms]
    scores = ("validation_macro_f1", "macro_f1", "accuracy")
    config: dict[str, Any] = {columns[key]: st.column_config.NumberColumn(format="%.3f") for key in scores}
    config |= {columns[key]: _WHOLE for key in ("seconds", "predicted_seconds", "memory_mb")}
    config[columns["learning_rate"]] = st.column_config.NumberColumn(format="%g")
    config[columns["trainable_parameters"]] = st.column_config.NumberColumn(format="localized")
    st.dataframe(
        shown.rename(columns=columns), hide_index=True, column_config=config, key="arms-table",
        placeholder="\u2013",
        alt=t("Every training with its settings, scores and cost"),
    )  # fmt: skip
    below = VIEWS["arms"]
    st.caption(t(below.says))


DRAWN: dict[str, Callable[[Sweep, Comparison], None]] = {
    "depth": _depth, "cost": _cost, "curves": _curves, "classes": _classes, "texts": _texts,
    "shift": _shift, "forgetting": _forgetting, "evidence": _evidence, "arms": _arms,
}  # fmt: skip


def numbers(comparison: Comparison) -> None:
    """A row a strategy, references below; narrow enough not to scroll. The files have every number."""
    names = {
        "strategy": t("Strategy"), "macro_f1": t("Macro-F1"), "spread": t("± seeds"),
        "between": t("95% between"), "layers": t("Layers"), "accuracy": t("Accuracy"),
        "trainable_parameters": t("Parameters"), "seconds": t("Seconds"), "memory_mb": t("MB"),
    }  # fmt: skip
    table = comparison.table()
    low, high = ([number(value, 3) for value in table[side]] for side in ("low", "high"))
    table["between"] = [f"{a}\u2013{b}" for a, b in zip(low, high, strict=True)]
    shown: pd.DataFrame = table[list(names)].rename(columns=names)
    shown[names["strategy"]] = [words.brief(name, t) for name in shown[names["strategy"]]]
    score = partial(st.column_config.NumberColumn, format="%.3f")
    config: dict[str, Any] = {
        names["layers"]: st.column_config.NumberColumn(help=t("Layers that learn")),
        names["macro_f1"]: score(),
        names["spread"]: score(help=t("Standard deviation over seeds")),
        names["between"]: st.column_config.TextColumn(help=t("Macro-F1, texts and seeds drawn again")),
        names["accuracy"]: score(),
        names["trainable_parameters"]: st.column_config.NumberColumn(
            format="compact", help=t("Parameters that learn")
        ),
        names["seconds"]: st.column_config.NumberColumn(format="%.0f", help=t("Seconds a training")),
        names["memory_mb"]: st.column_config.NumberColumn(format="%.0f", help=t("Memory in MB")),
    }
    st.dataframe(
        shown, hide_index=True, column_config=config, key="compared-table", placeholder="\u2013",
        alt=t("Every strategy with its scores, their spread and its cost"),
    )  # fmt: skip


def files(sweep: Sweep) -> None:
    with st.container(horizontal=True):
        st.download_button(
            t("Every number (CSV)"), downloads.sweep_table(sweep.run), f"{sweep.run}.csv", "text/csv",
            key="download-csv", icon=":material/download:", on_click="ignore",
        )  # fmt: skip
        st.download_button(
            t("Report with the pictures (HTML)"), downloads.sweep_report(sweep.run), f"{sweep.run}.html",
            "text/html", key="download-report", icon=":material/download:", on_click="ignore",
        )  # fmt: skip


def repeat(sweep: Sweep) -> None:
    config = sweep.config
    if st.button(t("Another comparison from these settings"), key="again", icon=":material/tune:"):
        sweep_form.fill(config)
        go("compare", **({"second": config.second} if config.second else {}))
    show_command(settings.command(config, f"corpus:{sweep.corpus}"))


def removal(run: Run) -> None:
    run_ends.removal(
        run, label=t("Delete this comparison"), back="compare",
        says=t("Its trainings, curves and predictions go for good. The model that was kept stays."),
    )  # fmt: skip
