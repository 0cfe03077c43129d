"""A whole sweep as one HTML file: the recommendation, the pictures, the tables, and how to repeat it."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

from xfer_core.charts import classes, pareto, shift, sweep
from xfer_core.charts.frame import Translate
from xfer_core.charts.standalone import Cell, Page
from xfer_core.i18n import N_
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

COSTS = {
    "trainable_parameters": N_("What it costs: parameters that are trained."),
    "seconds": N_("What it costs: time of one training, on the machine that made this report."),
    "memory_mb": N_("What it costs: the peak memory of a training."),
}


def report(
    found: Sweep, curves: sweep.Curves | None = None, *, t: Translate = str, language: str = "en"
) -> str:
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
    _answer(page, recommended, t)
    if comparison.rows:
        _comparison(page, comparison, recommended, t)
    if curves and any(curves.values()):
        _learning(page, found, curves, comparison, t)
    if recommended:
        _classes(page, found, recommended, t)
        _texts(page, found, recommended, t)
    _model(page, found, t)
    _evidence(page, found, t)
    _method(page, found, t)
    return page.html()


def _answer(page: Page, recommended: Recommendation | None, t: Translate) -> None:
    if recommended is None:
        page.paragraph(t("No strategy is through yet, so there is nothing to recommend."))
        return
    name = html.escape(words.name(recommended.strategy, t))
    page.raw(f'<section class="answer"><p>{html.escape(t("Recommended:"))} <bdi>{name}</bdi></p>')
    for heading, parts in (
        (t("Why"), recommended.reasons),
        (t("What speaks against it"), recommended.doubts),
        (t("What it would cost to be surer"), recommended.surer),
    ):
        if parts:
            page.heading(heading, 3)
            page.items([words.sentence(part, t) for part in parts])
    page.raw("</section>")


def _comparison(page: Page, comparison: Comparison, recommended: Recommendation | None, t: Translate) -> None:
    page.heading(t("All strategies"))
    page.picture(
        sweep.depth(comparison, t=t),
        t("Quality by depth: means over seeds, bars of one standard deviation. Grey lines must be beaten."),
    )
    rows = [*comparison.rows, *comparison.references.values()]
    chosen = [row.strategy for row in rows].index(recommended.strategy) if recommended else None
    columns = [
        t("Strategy"), t("Layers that learn"), t("Seeds"), t("Learning rate"), t("Macro-F1"),
        t("± over seeds"), t("95% from"), t("95% to"), t("Accuracy"), t("Macro-F1, validation"),
        t("Trained parameters"), t("Seconds a training"), t("Memory in MB"),
    ]  # fmt: skip
    page.table(columns, [_cells(row, t) for row in rows], chosen)
    for cost, caption in COSTS.items():
        if any(getattr(row, cost) is not None for row in comparison.rows):
            page.picture(pareto.pareto(comparison, cost, t=t), t(caption))  # type: ignore[arg-type]
    if recommended:
        _sure(page, comparison, recommended.strategy, t)


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
    page.table(
        [t("Against"), t("Difference"), t("95% from"), t("95% to"), t("Share of resamples ahead")],
        [
            [words.name(other, t), found.difference, found.low, found.high, found.probability]
            for other, found in pairs
        ],
    )


def _learning(page: Page, found: Sweep, curves: sweep.Curves, comparison: Comparison, t: Translate) -> None:
    page.heading(t("How they learn"))
    front = [name for name in front_of(comparison, "seconds") if any(
        curves.get(arm) for arm in comparison.row(name).arms)]  # fmt: skip
    page.picture(
        sweep.overlay(found, curves, strategies=front or None, t=t),
        t(
            "Validation macro-F1 while training, mean of the seeds; the grey band is their range. Shown are "
            "the strategies that no other one beats in both time and quality."
        ),
    )
    page.picture(
        sweep.small_multiples(found, curves, t=t),
        t("Every arm: in colour with the chosen learning rate, grey with another one."),
    )


def _classes(page: Page, found: Sweep, recommended: Recommendation, t: Translate) -> None:
    page.heading(t("Class by class"))
    table = per_class(found)
    names = [n for n in dict.fromkeys((recommended.strategy, recommended.rival, TFIDF, PROBE)) if n]
    names = [name for name in names if (table["strategy"] == name).any()]
    page.picture(
        classes.class_differences(table, names, t=t),
        t("F1 of every class: the recommended one, its closest rival and the references."),
    )
    wide = {name: table[table["strategy"] == name]["f1"].tolist() for name in names}
    counts = table.drop_duplicates("code").sort_values("code")["n"].tolist()
    rows: list[list[Cell]] = [
        [label, int(counts[code]), *(float(scores[code]) for scores in wide.values())]
        for code, label in enumerate(found.label_names[:CLASSES])
    ]
    page.table([t("Label"), t("Test texts"), *(words.name(name, t) for name in names)], rows)
    if len(found.label_names) > CLASSES:
        page.paragraph(t("The first {n} classes are shown.").format(n=CLASSES))


def _texts(page: Page, found: Sweep, recommended: Recommendation, t: Translate) -> None:
    """What one reads right and the other wrong, both ways."""
    page.heading(t("Texts on which they differ"))
    best = recommended.strategy
    others = [name for name in dict.fromkeys((recommended.rival, TFIDF)) if name and name != best]
    for other in others:
        if other == TFIDF and TFIDF not in found.predicted:
            continue
        for right, wrong in ((best, other), (other, best)):
            table = disagreements(found, right, wrong)
            names = {"right": words.name(right, t), "wrong": words.name(wrong, t)}
            page.heading(t("{right} right, {wrong} wrong; texts: {n}").format(n=len(table), **names), 3)
            columns = [t("Row"), t("Text"), t("True label"), t("Label by {name}").format(name=names["wrong"])]
            rows: list[list[Cell]] = [
                [int(row), _cut(text), str(true), str(given)]
                for row, text, true, given in zip(
                    *(table[name] for name in ("row", "text", "true", wrong)), strict=True
                )
            ]
            page.table(columns, rows[:TEXTS])


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_LENGTH else text[: TEXT_LENGTH - 1] + "…"


def _model(page: Page, found: Sweep, t: Translate) -> None:
    if found.shift or found.forgetting:
        page.heading(t("What tuning does to the model"))
    if found.shift:
        page.picture(
            shift.shift(found, t=t),
            t("How alike every layer is before and after, by debiased linear CKA: 1 means it did not move."),
        )
    if found.forgetting:
        page.picture(
            shift.forgetting(found, t=t),
            t("What is forgotten: a probe on texts of another corpus, before and after tuning."),
        )


def _evidence(page: Page, found: Sweep, t: Translate) -> None:
    if not found.probes:
        return
    page.heading(t("What the untuned model knows"))
    page.paragraph(t("A linear classifier on every layer of the model as it was before any tuning:"))
    rows = [
        [each["layer"], each["macro_f1"], each["accuracy"], each["validation_macro_f1"]]
        for each in found.probes
    ]
    page.table([t("Layer"), t("Macro-F1"), t("Accuracy"), t("Macro-F1, validation")], rows)


def _method(page: Page, found: Sweep, t: Translate) -> None:
    page.heading(t("Rules of fairness"))
    page.items(_sentences((*words.rules(found.config), *found.notes), t))
    page.heading(t("Repeat it"))
    page.code(command(found.config, f"corpus:{found.corpus}"))
    page.paragraph(t("Run {run}.").format(run=found.run))


def _sentences(parts: Sequence[Mapping[str, object]], t: Translate) -> list[str]:
    return [words.sentence(dict(part), t) for part in parts]
