"""How one number of a head came about, step by step: ``draw(model, text, pair)``.

Not in the switch of the page yet.
"""

from __future__ import annotations


def draw(model: str, text: str, pair: str) -> None:
    raise NotImplementedError
