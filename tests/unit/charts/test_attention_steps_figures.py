"""Strips and bars of a step."""

from __future__ import annotations

import numpy as np

from xfer_core.attention.steps import Step, Value
from xfer_core.charts.attention_steps import LISTED, bars, plain, strips


def test_strips_stretch_to_the_longest_and_share_one_scale() -> None:
    step = Step(
        "query",
        "",
        (Value("x_i", np.array([1.0, -2, 3, 4])), Value("q_i", np.array([5.0, -6]), "head")),
        None,
    )
    figure = strips(step)
    assert figure is not None
    [heat] = figure.data
    assert np.array(heat.z).tolist() == [[1, -2, 3, 4], [5, 5, -6, -6]]
    assert (heat.zmin, heat.zmax) == (-6, 6)
    assert heat.customdata[1][3] == "qᵢ, number 2 of 2: -6"


def test_no_strips_of_single_numbers() -> None:
    assert strips(Step("scale", "", (Value("s_{ij}", np.array(1.0)),), None)) is None


def test_bars_are_in_order_and_show_the_chosen_one() -> None:
    row = np.arange(20.0)
    row[5] = -np.inf  # masked
    figure = bars(Value(r"\alpha_{i}", row, "keys"), [f"<b>{at}" for at in range(20)], 0)
    [bar] = figure.data
    assert list(bar.x) == [*range(19, 20 - LISTED, -1), 0]
    assert len({bar.marker.color[-1], *bar.marker.color[:-1]}) == 2
    assert "<b>" not in figure.layout.yaxis.ticktext[0]


def test_symbols_without_tex() -> None:
    assert plain(r"\lVert\alpha_{it}\,v_t\rVert") == "‖αᵢₜ vₜ‖"
    assert plain(r"W_O^{(h)}\,o_i") == "Wₒ⁽ʰ⁾ oᵢ"
