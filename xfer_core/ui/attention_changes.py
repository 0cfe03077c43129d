"""Which heads moved when the model was tuned: ``draw(model, text, pair)``.

Not in the switch of the page yet.
"""

from __future__ import annotations


def draw(model: str, text: str, pair: str) -> None:
    raise NotImplementedError
