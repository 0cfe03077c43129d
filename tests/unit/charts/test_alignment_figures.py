"""Pictures of bridged domains hold the numbers they were given, and foreign text only where it is literal."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.unit.charts.test_figures import strings
from xfer_core.analysis.alignment import METHODS, NONE, Alignment
from xfer_core.analysis.pairs import Pairs
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


def test_gains_stand_at_their_layer_with_their_interval(found):
    trace = next(each for each in charts.gains(found, "coral").data if each.name == "CORAL")
    row = found.methods.index("coral")
    assert list(trace.y) == pytest.approx(found.gain[row])
    assert np.rint(trace.x).tolist() == [0, 1, 2]  # side by side, but nearest to their own layer
    assert list(trace.error_y.array) == pytest.approx([0.02] * 3)
    assert list(trace.error_y.arrayminus) == pytest.approx([0.03] * 3)


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
        x, y = np.reshape(trace.x, (2, -1)), np.reshape(trace.y, (2, -1))
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
