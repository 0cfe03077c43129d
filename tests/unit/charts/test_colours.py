"""Numbers in cells can be read on every colour a heat map may give them, in both themes."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from tests.profiles import made
from xfer_core.charts.colours import APART, INK, SEQUENTIAL
from xfer_core.charts.confusion import confusion
from xfer_core.charts.matrix import matrix
from xfer_core.charts.profile import likeness

READABLE = 4.5
"""WCAG 2.2, criterion 1.4.3."""


def rgb(colour: str) -> np.ndarray:
    return np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)], float)


def luminance(colour: np.ndarray) -> float:
    share = colour / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: np.ndarray, other: np.ndarray) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def along(scale: list) -> list[np.ndarray]:
    """201 colours, mixed as Plotly mixes them."""
    stops, colours = zip(*scale, strict=True)
    mixed = np.stack([rgb(colour) for colour in colours])
    return [
        np.array([np.interp(at, stops, mixed[:, part]) for part in range(3)]) for at in np.linspace(0, 1, 201)
    ]


def test_contrast_is_that_of_the_standard():
    assert contrast(rgb("#000000"), rgb("#ffffff")) == pytest.approx(21)
    assert contrast(rgb("#767676"), rgb("#ffffff")) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("scale", [SEQUENTIAL, APART], ids=["sequential", "apart"])
def test_ink_can_be_read_on_every_colour_of_a_scale(scale):
    assert min(contrast(rgb(INK), colour) for colour in along(scale)) >= READABLE


def test_more_is_always_darker():
    assert (np.diff([luminance(colour) for colour in along(SEQUENTIAL)]) < 0).all()
    half = [luminance(colour) for colour in along(APART)]
    assert np.argmax(half) == 100 and (np.diff(half[:101]) > 0).all() and (np.diff(half[100:]) < 0).all()


def test_no_heat_map_with_numbers_leaves_its_colours_to_the_theme():
    values = np.array([[0.5, 0.6], [0.7, 0.8]])
    names = ["shop", "film"]
    for apart in (False, True):
        cells = matrix(
            values, names, names, lambda s, u: (["1"], ""), title="", range_=(0, 1), apart=apart
        ).data[0]  # fmt: skip
        scale = json.loads(json.dumps(cells.colorscale))
        assert scale == (APART if apart else SEQUENTIAL) and cells.textfont.color == INK
    for figure in (confusion(values, names), likeness(made())):
        assert re.fullmatch("#[0-9a-f]{6}", figure.data[0].textfont.color)
        assert json.loads(json.dumps(figure.data[0].colorscale)) == SEQUENTIAL
