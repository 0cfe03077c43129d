"""What the grid of all heads is sent, and what the address says of it."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from xfer_core.settings import root
from xfer_core.ui.components import headgrid
from xfer_core.ui.components.headgrid import Measure

WEB = root() / "assets" / "web"


def test_every_word_of_the_grid_is_sent_translated():
    source = (WEB / "headgrid.js").read_text(encoding="utf-8")
    said = re.findall(r'\bsay\(\s*"((?:[^"\\]|\\.)*)"', source)
    assert len(said) == len(re.findall(r"\bsay\(", source)), "a message that is not a literal"
    assert set(said) == set(headgrid.WORDS)


def test_what_is_no_number_is_sent_as_nothing():
    values = np.array([[0.123456789, np.nan], [np.inf, -2.0]])
    header = Measure("m", "M", values, marks=values > 0).header()
    assert header["values"] == [0.123457, None, None, -2.0]
    assert header["marks"] == [True, False, True, False] and header["low"] is None
    json.dumps(header, allow_nan=False)


@pytest.mark.parametrize(
    ("values", "diverging", "ends"),
    [
        ([[0.1, 0.4]], False, (0.0, 0.4)),
        ([[0.1, -0.4]], True, (-0.4, 0.4)),
        ([[0.0, 0.0]], True, (-1.0, 1.0)),
        ([[np.nan, np.nan]], False, (0.0, 1.0)),
    ],
)
def test_colours_end_at_the_largest_number(values, diverging, ends):
    assert Measure("m", "M", np.array(values), diverging=diverging).ends() == ends


@pytest.mark.parametrize(
    ("asked", "off"),
    [
        ("2.3,1.1", {(1, 2), (0, 0)}),
        ("0.1,3.1,1.4,-1.1,x,1,٢.١", set()),
        ("", set()),
        ("1.1,1.1," * 50, {(0, 0)}),
    ],
)
def test_heads_off_are_those_of_the_model(monkeypatch, asked, off):
    monkeypatch.setattr(headgrid, "query", lambda name: asked if name == "off" else "")
    assert headgrid.switched_off(2, 3) == off
