"""Matrices between domains: what stands in a cell, in which colours, and that names stay names."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.unit.crossing.conftest import domains
from tests.unit.crossing.made import made
from xfer_core.analysis.probes import transfer
from xfer_core.analysis.transfer import BEST, OWN, Transfer
from xfer_core.charts import crossing as crossings
from xfer_core.charts.matrix import brief
from xfer_core.charts.transfer import best, gaps, heat
from xfer_core.corpora import Corpus


@pytest.fixture(scope="module")
def probes() -> Transfer:
    rng = np.random.default_rng(1)
    labels, places = np.tile([0, 1], 180), np.repeat([0, 1, 2], 120)
    states = rng.normal(size=(4, 360, 6)).astype(np.float32)
    states[1, :, 0] += 3 * labels
    states[3, :, 0] += 0.7 * labels
    names = ("<a href='x'>shop</a>", "%{x} film", "news")
    return transfer(states, [f"word{n % 9} {n}" for n in range(360)], labels, places, names, ["bad", "good"])


def test_a_cell_has_its_number_its_interval_and_its_n(probes):
    figure = heat(probes, 1)
    (trace,) = figure.data
    assert np.allclose(trace.z, probes.macro_f1[:, :, 1])
    lines = trace.text[0][2].split("<br>")
    assert lines[0] == f"{probes.macro_f1[0, 2, 1]:.2f}" and lines[2] == "n 36"
    low, high = lines[1].split("–")
    assert float(low) == pytest.approx(probes.low[0, 2, 1], abs=0.005)
    assert float(high) == pytest.approx(probes.high[0, 2, 1], abs=0.005)
    assert (trace.zmin, trace.zmax) == (probes.macro_f1.min(), probes.macro_f1.max())
    assert figure.layout.yaxis.ticktext[3].startswith("all but &lt;a")


def test_a_choice_takes_another_layer_for_another_pair(probes):
    places = probes.choice(BEST)
    values = heat(probes, BEST).data[0].z
    assert np.allclose(values, np.take_along_axis(probes.macro_f1, places[:, :, None], 2)[:, :, 0])
    assert "layer 1" in heat(probes, OWN).data[0].customdata[0][1]


def test_gaps_part_at_nothing_and_the_best_layer_is_written_large(probes):
    trace = gaps(probes, 3).data[0]
    assert trace.zmin == -trace.zmax and np.allclose(np.diag(trace.z[:3]), 0)
    assert np.allclose(trace.z, probes.gap[:, :, 3])
    drawn = best(probes).data[0]
    assert {cell.split("<br>")[0] for row in drawn.text for cell in row} == {
        str(layer) for layer in np.unique(probes.choice(BEST))
    }
    assert drawn.zmin == 0 and drawn.zmax == pytest.approx(drawn.z.max())


def test_names_are_never_markup(probes):
    for figure in (heat(probes, OWN), gaps(probes, 1), best(probes)):
        sent = json.dumps(figure.to_plotly_json(), default=str)
        assert "<a href" not in sent


def test_brief_numbers_keep_their_sign():
    assert [brief(0.654), brief(1.0)] == [".65", "1.00"]
    signed = [brief(value, sign=True) for value in (-0.001, -0.05, 0.1)]
    assert signed == ["+.00", "-.05", "+.10"]


def test_strategies_stand_beside_the_probes_in_one_picture(home, probes):
    corpus = domains(180)
    named = Corpus("three", corpus.frame, corpus.label_names, ("<b>shop</b>", "film", "news"))
    found = made(named, all_but=True)
    figure = crossings.keeps(found, probes)
    rows = list(figure.layout.yaxis.ticktext)
    assert rows[:3] == ["TF-IDF", "probe, last layer", "probe, chosen layer"]
    assert rows[3:] == ["head", "top-2", "features-4"]  # from the worst to the best in other domains
    dots = next(trace for trace in figure.data if trace.name == "in other domains")
    assert dots.x[-1] == pytest.approx(found.across[0].macro_f1)
    squares = next(trace for trace in figure.data if trace.name == "tuned on all others")
    assert list(squares.y) == [rows.index(each.strategy) for each in found.across]
    drawn = crossings.heat(found, "head", gap=True)
    assert np.allclose(drawn.data[0].z, found.gap[1]) and "<b>" not in json.dumps(
        drawn.to_plotly_json(), default=str
    ).replace("<br>", "")


def test_of_all_but_one_the_cell_tested_on_that_one_is_framed_and_says_why(probes):
    figure = heat(probes, 1)
    frames = [(shape.x0 + shape.x1, shape.y0 + shape.y1) for shape in figure.layout.shapes[1:]]
    assert frames == [(0, 6), (2, 8), (4, 10)]  # of twice their middles
    assert "left out" in figure.data[0].colorbar.title.text
    told = np.array(
        [["left out of the training" in cell for cell in row] for row in figure.data[0].customdata]
    )
    assert not told[:3].any() and np.array_equal(told[3:], np.eye(3, dtype=bool))
