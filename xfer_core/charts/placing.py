"""Names beside their marks, so that none lies on another one or on a mark."""

from __future__ import annotations

from collections.abc import Sequence

WIDTH, HEIGHT = 270, 250
"""Pixels of a picture on a phone; where there are more, names only come to stand farther apart."""
LETTER, LINE, MARK = 6.5, 14, 12
"""Pixels of a letter's width, a line's height, a mark."""

Point = tuple[float, float]
Box = tuple[float, float, float, float]


def places(
    at: Sequence[Point],
    names: Sequence[str],
    bars: Sequence[float] | None = None,
    lines: Sequence[Box] = (),
) -> list[Point]:
    """Where the middle of each name is to stand, pixels to the right of its mark and below it.

    *at*: marks as shares of the picture's width and height, from its upper left corner; *bars*: how far a
    bar goes up and down from each mark, as a share of the height; *lines*: left, top, right and bottom of
    drawn lines, level or upright, as shares too. The nearest place that is free is taken, if possible not on
    a line; a crowded name goes astray by some lines, so it wants a line to its mark.
    """
    marks = [(x * WIDTH, y * HEIGHT) for x, y in at]
    reach = [bar * HEIGHT for bar in bars or [0.0] * len(marks)]
    taken = [_box(x, y, MARK, MARK) for x, y in marks]
    drawn = [_box(x, y, 4, 2 * bar) for (x, y), bar in zip(marks, reach, strict=True)]
    drawn += [
        (a * WIDTH - 1, b * HEIGHT - 1, c * WIDTH + 1, d * HEIGHT + 1) for a, b, c, d in lines
    ]  # fmt: skip
    found = []
    for (x, y), name in zip(marks, names, strict=True):
        wide = LETTER * len(name)
        around = [
            offset for offset in _around(wide) if _inside(_box(x + offset[0], y + offset[1], wide, LINE))
        ]
        free = [o for o in around if _free(_box(x + o[0], y + o[1], wide, LINE), taken)]
        clear = [o for o in free if _free(_box(x + o[0], y + o[1], wide, LINE), drawn)]
        place = (clear or free or around or [(0.0, -LINE)])[0]
        found.append(place)
        taken.append(_box(x + place[0], y + place[1], wide, LINE))
    return found


def _around(wide: float) -> list[Point]:
    """Offsets from near to far; beside a mark before above and below it."""
    aside = wide / 2 + MARK / 2 + 3
    across = (aside, -aside, 0.0, aside + 2 * LINE, -aside - 2 * LINE)
    down = [step * LINE * sign for step in range(12) for sign in (1, -1)]
    offsets = [(dx, dy) for dx in across for dy in down if dx or abs(dy) > LINE / 2]
    return sorted(offsets, key=lambda o: (max(abs(o[0]) - aside, 0) + 1.5 * abs(o[1]), abs(o[0]) < 1))


def _box(x: float, y: float, wide: float, high: float) -> Box:
    return x - wide / 2, y - high / 2, x + wide / 2, y + high / 2


def _inside(box: Box) -> bool:
    return box[0] >= 0 and box[1] >= 0 and box[2] <= WIDTH and box[3] <= HEIGHT


def _free(box: Box, taken: Sequence[Box]) -> bool:
    return all(
        box[2] <= other[0] or other[2] <= box[0] or box[3] <= other[1] or other[3] <= box[1]
        for other in taken
    )
