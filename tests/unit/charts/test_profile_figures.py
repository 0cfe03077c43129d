"""The profile's pictures hold its numbers, name its best layer, and leave out what is not known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.profiles import lead, made
from xfer_core.analysis.ranking import Band
from xfer_core.charts.measures import MEASURES, OTHERS
from xfer_core.charts.profile import headline, likeness, small


def test_the_headline_holds_three_lines_their_bands_and_floors():
    profile = made()
    figure = headline(profile)
    lines = {trace.name: trace for trace in figure.data if trace.mode == "lines+markers"}
    for field in ("transfer", "task", "domain"):
        title = next(each.title for each in MEASURES if each.field == field)
        assert np.array_equal(lines[title].y, getattr(profile, field).value)
    bands = [trace for trace in figure.data if trace.fill == "toself"]
    assert bands[0].y[:3] == tuple(profile.transfer.high) and bands[0].y[3:] == tuple(
        profile.transfer.low[::-1]
    )
    floors = [trace for trace in figure.data if trace.line.dash == "dot"]
    assert np.array_equal(floors[1].y, profile.control) and len(floors) == 3
    assert sum(trace.showlegend is not False for trace in figure.data) == 5


def test_the_best_layer_is_named_and_the_last_one_marked():
    figure = headline(made())
    assert (
        figure.layout.annotations[0].text == "travels best: layer 1" and figure.layout.annotations[0].x == 1
    )
    assert figure.layout.xaxis.ticktext[-1].endswith("last layer")
    assert figure.layout.shapes[0].x0 == 2


def test_what_is_not_known_is_not_drawn():
    unknown = np.full(3, np.nan)
    band = Band(unknown, unknown, unknown)
    alone = replace(made(), transfer=band, domain=band, mmd=unknown, ranking=lead(0))
    figure = headline(alone)
    assert len([trace for trace in figure.data if trace.line.dash == "dot"]) == 1
    assert figure.layout.annotations[0].text == "best: layer 1"
    shown = [each.field for each in OTHERS if small(alone, each) is not None]
    assert "mmd" not in shown and "moved" not in shown and "logme" in shown
    nothing = headline(replace(alone, task=band, ranking=lead(0, score=band)))
    assert not nothing.layout.annotations and not nothing.data


@pytest.mark.parametrize("measure", OTHERS, ids=lambda each: each.field)
def test_every_measure_has_a_small_picture_a_meaning_a_formula_and_a_source(measure):
    profile = replace(made(), moved=np.array([1, 0.9, 0.4]))
    figure = small(profile, measure)
    assert np.array_equal(figure.data[0].y, getattr(profile, measure.field))
    assert measure.what and measure.formula and measure.source
    if measure.field == "purity_domain":
        assert figure.data[1].y[0] == profile.chance[1]


def test_likeness_is_the_matrix():
    figure = likeness(made())
    assert np.array_equal(figure.data[0].z, made().cka)
    assert "0.500 alike" in figure.data[0].customdata[0][1]
