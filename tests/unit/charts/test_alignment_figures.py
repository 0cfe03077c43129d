"""Pictures of bridged domains hold the numbers they were given, and foreign text only where it is literal."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.unit.charts.test_figures import strings
from xfer_core.analysis.alignment import METHODS, NONE, Alignment, Pairs
from xfer_core.charts import alignment as charts

LAYERS = (0, 3, 6)


@pytest.fixture
def found(hostile) -> Alignment:
    methods = tuple(METHODS)
    rng = np.random.default_rng(0)
    size = (len(methods), len(LAYERS))
    after = rng.uniform(0.5, 0.8, size)
    gain = after - after[0]
    places = rng.normal(size=(*size, 8, 2)).astype(np.float32)
    return Alignment(
        source=hostile, target="news", labels=(hostile, "good"), layers=LAYERS, methods=methods,
        macro_f1=after, low=after - 0.05, high=after + 0.04, source_macro_f1=after + 0.1,
        source_low=after, source_high=after + 0.12, gain=gain, gain_low=gain - 0.03, gain_high=gain + 0.02,
        label_free=after, ceiling=np.array([0.8, np.nan, 0.9]), ceiling_low=np.full(3, 0.7),
        ceiling_high=np.full(3, 0.95), chosen=(NONE, 3), source_shares=np.array([0.5, 0.5]),
        target_shares=np.array([0.5, 0.5]), trained=50, fitted=50, tested=20, source_tested=20, places=places,
        ceiling_trained=50,
        place_domain=np.repeat([0, 1], 4).astype(np.int8), place_label=np.array([0, 1, -1, 0] * 2),
        method_seconds=np.full(len(methods), 0.1),
    )  # fmt: skip


@pytest.fixture
def every(found, hostile) -> Pairs:
    names = ((hostile, "news"), ("news", hostile))
    arrays = [np.stack([each, each]) for each in (found.gain, found.gain_low, found.gain_high)]
    return Pairs(names, LAYERS, found.methods, arrays[0], *arrays, arrays[0])


@pytest.fixture
def figures(found, every):
    return [
        charts.gains(found, "coral"),
        charts.before_after(found, "coral", 6),
        charts.places(found, "coral", 6),
        charts.pairs(every, 6),
    ]


def test_gains_stand_in_their_methods_strip_with_their_interval(found):
    figure = charts.gains(found, "coral")
    strip = found.methods.index("coral") - 1
    height = -figure.layout.shapes[1].y0
    drawn = {}
    for trace in figure.data[:3]:
        for x, y, up, down in zip(
            trace.x, trace.y, trace.error_y.array, trace.error_y.arrayminus, strict=True
        ):
            place = round((0.1 - y) / height)
            drawn[place, x] = (y + place * height, up, down, trace.name)
    assert len(drawn) == (len(found.methods) - 1) * len(LAYERS)
    for at, layer in enumerate(LAYERS):
        gain, up, down, name = drawn[strip, at]
        assert gain == pytest.approx(found.gain[strip + 1, at])
        assert (up, down) == (pytest.approx(0.02), pytest.approx(0.03))
        words = {"helps": "clearly above", "hurts": "clearly below", "open": "cannot be told"}
        assert name == words[found.verdict("coral", layer)]


def test_strips_do_not_reach_into_each_other(found):
    figure = charts.gains(found)
    height = -figure.layout.shapes[1].y0
    highest = max(found.gain_high.max(), np.nanmax(found.ceiling - found.macro_f1[0]))
    assert highest - min(found.gain_low.min(), 0) < height


def test_a_domain_is_a_circle_in_the_legend_whatever_the_label_of_its_first_text(found):
    for trace in charts.places(found, "coral", 6).data[:2]:
        assert trace.marker.symbol[0] == "circle" and np.isnan(trace.x[0])
        assert len(trace.marker.symbol) == len(trace.x) == len(trace.customdata)


def test_bars_are_source_and_target_before_and_after(found):
    before, after, ceiling = charts.before_after(found, "coral", 6).data
    row = found.methods.index("coral")
    assert list(before.y) == pytest.approx([found.source_macro_f1[0, 2], found.macro_f1[0, 2]])
    assert list(after.y) == pytest.approx([found.source_macro_f1[row, 2], found.macro_f1[row, 2]])
    assert list(ceiling.y) == [0.9, 0.9]


def test_without_a_ceiling_there_is_no_line(found):
    assert len(charts.before_after(found, "coral", 3).data) == 2


def test_after_stands_beside_before_to_one_scale(found):
    row = found.methods.index("coral")
    found.places[row, 2] = found.places[0, 2]  # nothing moved: the two halves must look the same
    for trace in charts.places(found, "coral", 6).data[:2]:
        x, y = (np.reshape(side[1:], (2, -1)) for side in (trace.x, trace.y))
        assert y[0] == pytest.approx(y[1])
        assert np.ptp(x[1] - x[0]) == pytest.approx(0, abs=1e-5) and (x[1] > x[0]).all()


def test_every_pair_and_method_has_its_cell(found, every):
    [heat] = charts.pairs(every, 3).data
    assert np.array(heat.z) == pytest.approx(every.gain[:, 1:, 1])
    assert heat.zmin == -heat.zmax


def test_foreign_text_is_literal(figures):
    shown = 0
    for figure in figures:
        for path, text in strings(json.loads(figure.to_json())):
            assert "<a" not in text and "<b>" not in text, path
            if "template" in path:
                assert "example" not in text and "%{x}" not in text, path
            shown += "&lt;a href" in text
    assert shown >= 6


def test_colours_are_left_to_the_theme(figures):
    for figure in figures:
        plain = json.loads(figure.to_json())
        for path, text in strings({"data": plain["data"], "layout": {**plain["layout"], "template": {}}}):
            if path.lower().endswith("color") and "textfont" not in path:  # on a heat map's own colours
                assert text.startswith("rgba(128, 132, 149"), path


def test_every_axis_has_a_title_and_words_are_translated(figures, found):
    for figure in figures:
        assert figure.layout.xaxis.title.text and figure.layout.yaxis.title.text
    marked = charts.gains(found, t=lambda message: "T:" + message)
    assert all(trace.name.startswith("T:") for trace in marked.data)


def test_of_a_target_without_labels_what_needs_none_is_drawn(found):
    nothing = np.full_like(found.macro_f1, np.nan)
    bare = replace(found, tested=0, macro_f1=nothing, low=nothing, high=nothing, gain=nothing)
    bars = [trace for trace in charts.before_after(bare, "coral", 3).data if trace.type == "bar"]
    assert [list(bar.x) for bar in bars] == [[0], [0]]
    (surest,) = charts.surest(bare).data
    assert np.array_equal(np.asarray(surest.z, float), bare.label_free)
    assert surest.customdata[0][1].endswith(f"layer 3: {bare.label_free[0, 1]:.3f} nats")
