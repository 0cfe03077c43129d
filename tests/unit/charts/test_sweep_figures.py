"""Figures of a comparison hold its numbers; text from outside is literal; no colours but greys."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from tests.unit.charts.conftest import HOSTILE
from tests.unit.charts.test_figures import strings
from tests.unit.sweep.simulated import DEPTH, simulate
from xfer_core.charts import classes, placing, shift
from xfer_core.charts import pareto as paretos
from xfer_core.charts import sweep as sweeps
from xfer_core.sweep.comparison import compare, pareto, per_class

QUALITY = {"features-4": 0.68, "head": 0.55, "top-1": 0.7, "top-2": 0.78, "full": 0.8, "lora": 0.77,
           "bitfit": 0.74}  # fmt: skip


def made_curves(sweep):
    """Rising curves, every 40 steps; an arm of another seed stops early, a diverged point is a word."""
    found = {}
    for place, arm in enumerate(sweep.arms):
        end = 400 if place % 3 else 320
        top = arm.validation_macro_f1 or 0.5
        found[arm.id] = [
            {"kind": "metric", "step": step, "validation_macro_f1": top * (1 - 0.6 * np.exp(-step / 90)),
             "validation_loss": 1.1 - 0.5 * step / 400, "train_loss": "NaN" if step == 40 else 1.0}
            for step in range(0, end + 1, 40)
        ]  # fmt: skip
    return found


@pytest.fixture(scope="module")
def sweep():
    names = list(QUALITY)
    return simulate(
        QUALITY, test=300, validation=200, label_names=(HOSTILE, "neutral", "</script>"),
        shift={name: np.linspace(1, 0.9 - 0.1 * i, DEPTH + 1).tolist() for i, name in enumerate(names)},
        forgetting={
            name: {"corpus": HOSTILE, "layer": 4, "before": 0.7, "after": 0.7 - 0.03 * i, "n": 80}
            for i, name in enumerate(names)
        },
    )  # fmt: skip


@pytest.fixture(scope="module")
def compared(sweep):
    return compare(sweep, draws=100)


@pytest.fixture(scope="module")
def figures(sweep, compared):
    curves = made_curves(sweep)
    return [
        sweeps.depth(compared),
        sweeps.depth(compared, "accuracy"),
        sweeps.small_multiples(sweep, curves),
        sweeps.overlay(sweep, curves),
        sweeps.overlay(sweep, curves, "train_loss"),
        *(paretos.pareto(compared, cost) for cost in paretos.COSTS),
        classes.class_differences(per_class(sweep), ["top-2", "full", "tfidf"]),
        shift.shift(sweep),
        shift.forgetting(sweep),
    ]


def test_hostile_names_are_literal_and_hovers_are_written_here(figures):
    shown = 0
    for figure in figures:
        for path, text in strings(json.loads(figure.to_json())):
            assert "<a" not in text and "<b>" not in text and "</script" not in text, path
            if "hovertemplate" in path:
                assert text == "%{customdata}<extra></extra>"
            shown += "&lt;a href" in text
    assert shown >= 5


def test_no_colours_but_greys(figures):
    for figure in figures:
        plain = json.loads(figure.to_json())
        for path, text in strings({"data": plain["data"], "layout": {**plain["layout"], "template": {}}}):
            if path.lower().endswith("color") and "textfont" not in path:  # on a heat map's own colours
                assert text.startswith("rgba(128, 132, 149"), path


def test_every_picture_says_what_its_axes_are(figures):
    for figure in figures:
        assert any(axis.title.text for axis in figure.select_xaxes())
        assert any(axis.title.text for axis in figure.select_yaxes())


def test_depth_joins_what_differs_in_depth_and_shows_the_spread(compared):
    figure = sweeps.depth(compared)
    ladder = figure.data[0]
    names = ["head", "top-1", "top-2", "full"]
    assert list(ladder.x) == [0, 1, 2, DEPTH + 1]
    assert list(ladder.y) == pytest.approx([compared.row(name).macro_f1 for name in names])
    assert list(ladder.error_y.array) == pytest.approx([compared.row(name).spread for name in names])
    marks = {trace.name: trace for trace in figure.data[1:-2]}
    assert set(marks) == {"features-4", "lora", "bitfit"}
    assert len({trace.marker.symbol for trace in figure.data[:-2]}) == 4
    assert len({trace.x[0] for trace in (marks["lora"], marks["bitfit"])}) == 2  # not on top of each other
    assert all(abs(trace.x[0] - compared.row(name).layers) < 0.5 for name, trace in marks.items())
    tfidf, probe = figure.data[-2:]
    assert tfidf.y[0] == pytest.approx(compared.references["tfidf"].macro_f1)
    assert (tfidf.name, probe.line.dash) == ("TF-IDF", "dot")


def test_a_panel_a_strategy_with_all_its_arms(sweep):
    figure = sweeps.small_multiples(sweep, made_curves(sweep))
    assert [note.text for note in figure.layout.annotations] == list(QUALITY)
    assert len(figure.data) == 2 * len(QUALITY)
    first, grey = figure.data[0], figure.data[len(QUALITY)]
    assert sum(y is None for y in first.y) == 3 and sum(y is None for y in grey.y) == 2
    assert first.line.color is None and grey.line.color.startswith("rgba(128")
    assert first.xaxis == grey.xaxis
    assert sweeps.small_multiples(sweep, {}).layout.height > 0


def test_overlay_is_the_mean_of_the_arms_where_all_have_been(sweep):
    curves = made_curves(sweep)
    line = sweeps.overlay(sweep, curves).data[list(QUALITY).index("full")]
    arms = [curves[arm.id] for arm in sweep.chosen if arm.strategy == "full"]
    assert list(line.x) == list(range(0, 321, 40))
    means = [np.mean([points[i]["validation_macro_f1"] for points in arms]) for i in range(9)]
    assert list(line.y) == pytest.approx(means)
    assert 40 not in sweeps.overlay(sweep, curves, "train_loss").data[0].x  # the value there is no number


def test_front_is_filled_and_every_strategy_is_somewhere(compared):
    for cost in paretos.COSTS:
        figure = paretos.pareto(compared, cost)
        marks = {trace.marker.symbol: trace for trace in figure.data if trace.mode == "markers"}
        front = [compared.row(name) for name in pareto(compared, cost)]
        assert sorted(marks["circle"].y) == sorted(row.macro_f1 for row in front)
        assert sum(len(trace.y) for trace in marks.values()) == len(QUALITY)
        assert sorted(note.text for note in figure.layout.annotations) == sorted(QUALITY)


def test_names_of_strategies_of_almost_equal_cost_do_not_lie_on_each_other():
    names = ["top-4", "top-5", "freeze-0", "full", "lp-ft", "gradual", "discriminative", "bitfit", "reinit-1"]
    at = [(0.9 + 0.004 * i, 0.3 + 0.01 * i) for i in range(len(names))]
    found = placing.places(at, names, [0.03] * len(names))
    boxes = [
        (x * placing.WIDTH + dx, y * placing.HEIGHT + dy, placing.LETTER * len(name))
        for (x, y), (dx, dy), name in zip(at, found, names, strict=True)
    ]
    for place, (x, y, wide) in enumerate(boxes):
        assert x - wide / 2 >= 0 and x + wide / 2 <= placing.WIDTH and 0 <= y <= placing.HEIGHT
        for other, far, width in boxes[:place]:
            assert abs(x - other) >= (wide + width) / 2 or abs(y - far) >= placing.LINE


def test_names_do_not_lie_on_lines_where_there_is_room():
    line = (0.0, 0.5, 1.0, 0.5)
    [(_, dy)] = placing.places([(0.3, 0.5)], ["features-4"], [0.05], [line])
    assert abs(dy) >= placing.LINE / 2
    assert placing.places([(0.3, 0.5)], ["features-4"], [0.05])[0][1] == 0  # beside its mark else


@pytest.mark.parametrize(
    "low, high, said",
    [
        (2.9, 7.2, ["1k", "10k", "100k", "1M", "10M"]),
        (0.6, 1.8, ["5", "10", "20", "50"]),
        (-1.2, -0.1, ["0.1", "0.2", "0.5"]),
    ],
)
def test_ticks_are_whole_numbers(low, high, said):
    assert paretos._ticks(low, high)["ticktext"] == said


def test_classes_stand_beside_each_other(sweep):
    figure = classes.class_differences(per_class(sweep), ["top-2", "full"])
    assert [len(trace.x) for trace in figure.data] == [3, 3]
    assert len(figure.layout.yaxis.ticktext) == 3
    assert figure.data[0].marker.symbol != figure.data[1].marker.symbol


def test_shift_runs_from_shallow_to_deep(sweep):
    heat = shift.shift(sweep)
    assert np.shape(heat.data[0].z) == (len(QUALITY), DEPTH + 1)
    assert list(heat.layout.yaxis.ticktext) == [
        "features-4", "head", "top-1", "top-2", "bitfit", "lora", "full",
    ]  # fmt: skip
    bars, line = shift.forgetting(sweep).data
    assert len(bars.x) == len(QUALITY) and list(line.x) == [0.7, 0.7]


def test_nothing_to_show_yet_is_an_empty_picture():
    empty = simulate({}, references={})
    for figure in (sweeps.depth(compare(empty)), paretos.pareto(compare(empty)), sweeps.overlay(empty, {}),
                   shift.shift(empty), shift.forgetting(empty)):  # fmt: skip
        assert figure.layout.height > 0


def test_words_are_translated(compared, sweep):
    figure = sweeps.depth(compared, t=lambda message: "译" + message)
    assert figure.layout.xaxis.title.text.startswith("译")
    assert [trace.name for trace in figure.data[-2:]] == ["译TF-IDF", "译untuned probe"]


def test_pictures_need_neither_torch_nor_scikit_learn():
    code = (
        "from xfer_core.charts import sweep, pareto, classes, shift; import sys;"
        "from xfer_core.sweep import recommend, answer, comparison;"
        "print([m for m in ('torch', 'transformers', 'sklearn', 'streamlit') if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
