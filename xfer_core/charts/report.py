"""A whole sweep as one HTML file: the recommendation, the pictures, the tables, and how to repeat it."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xfer_core.charts import classes, evidence, pareto, shift, sweep
from xfer_core.charts.frame import Translate
from xfer_core.charts.standalone import Cell, Page
from xfer_core.charts.sweep import Curves
from xfer_core.charts.views import ARM_STATES, COSTS, VIEWS
from xfer_core.i18n import listed
from xfer_core.sweep import words
from xfer_core.sweep.comparison import (
    PROBE,
    TFIDF,
    Comparison,
    Row,
    compare,
    disagreements,
    per_class,
)
from xfer_core.sweep.comparison import pareto as front_of
from xfer_core.sweep.recommend import Recommendation, recommend
from xfer_core.sweep.results import Sweep
from xfer_core.sweep.settings import command

TEXTS, TEXT_LENGTH = 8, 400
"""Texts shown of each kind of disagreement; characters shown of each."""

CLASSES = 60
"""Classes in the table."""


@dataclass(frozen=True)
class Found:
    """What there is to show."""

    sweep: Sweep
    comparison: Comparison
    recommended: Recommendation | None
    curves: Curves


def report(found: Sweep, curves: Curves | None = None, *, t: Translate = str, language: str = "en") -> str:
    """The file's text.

    Parameters
    ----------
    curves : mapping, optional
        Arm id → its ``metric`` events; without them the pictures of learning are left out.
    """
    comparison = compare(found)
    recommended = recommend(found, comparison)
    title = t("What is the best use of {model} on {corpus}?")
    page = Page(title.format(model=found.config.model, corpus=found.corpus), language=language, t=t)
    page.paragraph(
        t("Validation texts: {validation:,}; test texts: {test:,}; classes: {classes}; layers: {depth}.")
        .format(validation=len(found.validation_truth), test=comparison.texts, depth=found.depth,
                classes=len(found.label_names))
    )  # fmt: skip
    _answer(page, recommended, found.state == "finished", t)
    everything = Found(found, comparison, recommended, curves or {})
    for view in VIEWS:
        DRAWN[view](page, everything, t)
    _method(page, found, t)
    return page.html()


def _answer(page: Page, recommended: Recommendation | None, ended: bool, t: Translate) -> None:
    if recommended is None:
        page.paragraph(t("No strategy is through yet, so there is nothing to recommend."))
        return
    name = html.escape(words.name(recommended.strategy, t))
    said = t("Recommended:") if ended else t("Recommended so far (the comparison did not end):")
    page.raw(f'<section class="answer"><p>{html.escape(said)} <bdi>{name}</bdi></p>')
    for heading, parts in (
        (t("Why"), recommended.reasons),
        (t("What speaks against it"), recommended.doubts),
        (t("What it would cost to be surer"), recommended.surer),
    ):
        if parts:
            page.heading(heading, 3)
            page.items([words.sentence(part, t) for part in parts])
    page.raw("</section>")


def _heading(page: Page, view: str, t: Translate) -> str:
    """Begin a view; the sentence that belongs below its picture."""
    page.heading(t(VIEWS[view].title))
    return t(VIEWS[view].says) if VIEWS[view].says else ""


def _depth(page: Page, found: Found, t: Translate) -> None:
    comparison, recommended = found.comparison, found.recommended
    if not comparison.rows:
        return
    says = _heading(page, "depth", t)
    page.picture(sweep.depth(comparison, t=t), says.format(n=f"{comparison.texts:,}"))
    rows = [*comparison.rows, *comparison.references.values()]
    chosen = [row.strategy for row in rows].index(recommended.strategy) if recommended else None
    columns = [
        t("Strategy"), t("Layers that learn"), t("Seeds"), t("Learning rate"), t("Macro-F1"),
        t("± over seeds"), t("95% from"), t("95% to"), t("Accuracy"), t("Macro-F1, validation"),
        t("Trained parameters"), t("Seconds a training"), t("Memory in MB"),
    ]  # fmt: skip
    page.rows(columns, [_cells(row, t) for row in rows], chosen)
    if recommended:
        _sure(page, comparison, recommended.strategy, t)


def _cost(page: Page, found: Found, t: Translate) -> None:
    comparison = found.comparison
    priced = [cost for cost in COSTS if any(getattr(row, cost) is not None for row in comparison.rows)]
    if not priced:
        return
    says = _heading(page, "cost", t)
    for cost in priced:
        names = listed((words.name(name, t) for name in front_of(comparison, cost)), t)
        page.picture(pareto.pareto(comparison, cost, t=t), says.format(names=names))


def _cells(row: Row, t: Translate) -> list[Cell]:
    rate = "" if row.learning_rate is None else f"{row.learning_rate:g}"
    seconds = None if row.seconds is None else round(row.seconds, 1)
    memory = None if row.memory_mb is None else round(row.memory_mb)
    return [
        words.name(row.strategy, t), row.layers, row.seeds, rate, row.macro_f1, row.spread, row.low, row.high,
        row.accuracy, row.validation_macro_f1, row.trainable_parameters,
        "–" if seconds is None else f"{seconds:,}", memory,
    ]  # fmt: skip


def _sure(page: Page, comparison: Comparison, strategy: str, t: Translate) -> None:
    """The recommended one against every other, on the same resampled test texts."""
    others = [r.strategy for r in (*comparison.rows, *comparison.references.values())]
    pairs = [(other, comparison.better(strategy, other)) for other in others if other != strategy]
    page.heading(t("Is it better at all?"), 3)
    page.paragraph(
        t(
            "Differences in macro-F1 on the test texts, {strategy} minus the other: texts and seeds "
            "resampled, the same texts for both. Of many comparisons (here {n}) some look sure by luck: at "
            "95%, one in twenty of those that are none."
        ).format(strategy=words.name(strategy, t), n=len(pairs))
    )
    page.rows(
        [t("Against"), t("Difference"), t("95% from"), t("95% to"), t("Ahead in this share of draws")],
        [
            [words.name(other, t), found.difference, found.low, found.high, found.probability]
            for other, found in pairs
        ],
    )


def _curves(page: Page, found: Found, t: Translate) -> None:
    if not any(found.curves.values()):
        return
    says = _heading(page, "curves", t)
    page.picture(sweep.overlay(found.sweep, found.curves, t=t), says)
    page.picture(sweep.small_multiples(found.sweep, found.curves, t=t), "")


def _classes(page: Page, found: Found, t: Translate) -> None:
    recommended, label_names = found.recommended, found.sweep.label_names
    if recommended is None:
        return
    says = _heading(page, "classes", t)
    table = per_class(found.sweep)
    names = [n for n in dict.fromkeys((recommended.strategy, recommended.rival, TFIDF, PROBE)) if n]
    names = [name for name in names if (table["strategy"] == name).any()]
    page.picture(classes.class_differences(table, names, t=t), says)
    wide = {name: table[table["strategy"] == name]["f1"].tolist() for name in names}
    counts = table.drop_duplicates("code").sort_values("code")["n"].tolist()
    rows: list[list[Cell]] = [
        [label, int(counts[code]), *(float(scores[code]) for scores in wide.values())]
        for code, label in enumerate(label_names[:CLASSES])
    ]
    page.rows([t("Label"), t("Test texts"), *(words.name(name, t) for name in names)], rows)
    if len(label_names) > CLASSES:
        page.paragraph(t("The first {n} classes are shown.").format(n=CLASSES))


def _texts(page: Page, found: Found, t: Translate) -> None:
    """What one reads right and the other wrong, both ways."""
    recommended = found.recommended
    if recommended is None:
        return
    _heading(page, "texts", t)
    best = recommended.strategy
    others = [name for name in dict.fromkeys((recommended.rival, TFIDF)) if name and name != best]
    for other in others:
        if other == TFIDF and TFIDF not in found.sweep.predicted:
            continue
        for right, wrong in ((best, other), (other, best)):
            table = disagreements(found.sweep, right, wrong)
            names = {"right": words.name(right, t), "wrong": words.name(wrong, t)}
            page.heading(t("{right} right, {wrong} wrong; texts: {n}").format(n=len(table), **names), 3)
            columns = [t("Row"), t("Text"), t("True label"), t("Label by {name}").format(name=names["wrong"])]
            rows: list[list[Cell]] = [
                [int(row), _cut(text), str(true), str(given)]
                for row, text, true, given in zip(
                    *(table[name] for name in ("row", "text", "true", wrong)), strict=True
                )
            ]
            page.rows(columns, rows[:TEXTS])


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_LENGTH else text[: TEXT_LENGTH - 1] + "…"


def _shift(page: Page, found: Found, t: Translate) -> None:
    if found.sweep.shift:
        says = _heading(page, "shift", t)
        page.picture(shift.shift(found.sweep, t=t), says)
        if found.sweep.measured:
            names = listed(found.sweep.measured.values(), t)
            page.paragraph(t(words.MEASURED_ON).format(names=names))


def _forgetting(page: Page, found: Found, t: Translate) -> None:
    if found.sweep.forgetting:
        says = _heading(page, "forgetting", t)
        page.picture(shift.forgetting(found.sweep, t=t), says)


def _evidence(page: Page, found: Found, t: Translate) -> None:
    if not found.sweep.probes:
        return
    says = _heading(page, "evidence", t)
    page.picture(evidence.evidence(found.sweep, t=t), says)


def _arms(page: Page, found: Found, t: Translate) -> None:
    if not found.sweep.arms:
        return
    says = _heading(page, "arms", t)
    columns = [
        t("Strategy"), t("Seed"), t("Learning rate"), t("State"), t("Macro-F1 on validation"),
        t("Macro-F1 on test"), t("Seconds"), t("Seconds predicted"), t("Steps"),
    ]  # fmt: skip
    rows: list[list[Cell]] = [
        [
            arm.strategy, arm.seed, "" if arm.learning_rate is None else f"{arm.learning_rate:g}",
            t(ARM_STATES[arm.state]), arm.validation_macro_f1, arm.macro_f1, _whole(arm.seconds),
            _whole(arm.predicted_seconds), arm.steps,
        ]
        for arm in found.sweep.arms
    ]  # fmt: skip
    page.rows(columns, rows)
    page.paragraph(says)


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


DRAWN = {
    "depth": _depth, "cost": _cost, "curves": _curves, "classes": _classes, "texts": _texts,
    "shift": _shift, "forgetting": _forgetting, "evidence": _evidence, "arms": _arms,
}  # fmt: skip


def _method(page: Page, found: Sweep, t: Translate) -> None:
    page.heading(t("Rules of fairness"))
    page.items(_sentences((*words.rules(found.config, found.training_texts), *found.notes), t))
    page.heading(t("Repeat it"))
    page.code(command(found.config, f"corpus:{found.corpus}"))
    page.paragraph(t("Run {run}.").format(run=found.run))


def _sentences(parts: Sequence[Mapping[str, object]], t: Translate) -> list[str]:
    return [words.sentence(dict(part), t) for part in parts]
