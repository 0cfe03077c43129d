"""The picture of who stays a neighbour."""

import numpy as np

from xfer_core.analysis.neighbours import Neighbours, stays
from xfer_core.charts.neighbours import neighbours

ROWS = np.array([[0, 1], [1, 2], [1, 3]])
HOSTILE = '<a href="https://e.example">x</a>'


def figure():
    near = Neighbours((0, 1, 2), ROWS, np.full((3, 2), 0.25), stays(ROWS))
    return neighbours(near, [HOSTILE, "one", "two", "three"], [HOSTILE, "", "", ""])


def test_each_neighbour_is_a_line_over_the_ranks_it_has():
    lines = {trace.name: tuple(trace.y) for trace in figure().data}
    assert lines["one"] == (2, 1, 1) and lines["two"] == (None, 2, None) and lines["three"] == (None, None, 2)
    assert [trace.name for trace in figure().data if trace.showlegend] == ["one"], (
        "found in two layers of three"
    )


def test_the_share_that_stays_stands_between_its_layers():
    said = {note.x: note.text for note in figure().layout.annotations}
    assert said == {0.5: "50%", 1.5: "50%"}


def test_texts_and_labels_are_escaped_everywhere():
    assert "<a" not in figure().to_json().replace("\\u003c", "<").replace("<br>", "")
