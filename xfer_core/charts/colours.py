"""Colours of heat maps whose cells hold numbers: the same on a white page and on a near-black one.

The theme's own scale runs from dark to light on a dark page, so that what looks high on one page looks low on
the other, and numbers in its middle can be read on neither. On these scales INK has a contrast of 4.5 or more
(WCAG 2.2, criterion 1.4.3).
"""

from __future__ import annotations

INK = "#0f1817"
"""Of numbers in cells."""

SEQUENTIAL = [[0.0, "#f4f8ee"], [0.35, "#c3e3d6"], [0.7, "#7fc4b8"], [1.0, "#3f9f9a"]]
"""Little to much: pale to strong."""

APART = [[0.0, "#4393c3"], [0.5, "#f2f2f2"], [1.0, "#e0762f"]]
"""Below nothing, nothing, above: told apart by colour-blind readers."""
