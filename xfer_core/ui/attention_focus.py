"""``focus() -> Focus``: the layer, head, query and key the address names, for every view of the page."""

from __future__ import annotations

from dataclasses import dataclass

from xfer_core.ui.components.opening import whole
from xfer_core.ui.state import query


@dataclass(frozen=True)
class Focus:
    """Counted from 0; None where the address says nothing, or no place. Nobody has checked an upper bound."""

    layer: int | None
    head: int | None
    query: int | None
    key: int | None

    def within(self, layers: int, heads: int) -> tuple[int, int] | None:
        """Layer and head, if both are named and a model of this size has them."""
        if self.layer is None or self.head is None or self.layer >= layers or self.head >= heads:
            return None
        return self.layer, self.head


def focus() -> Focus:
    return Focus(_place("layer"), _place("head"), _place("row"), _place("column"))


def _place(name: str) -> int | None:
    """Addresses count from 1, as the screen does."""
    asked = whole(query(name))
    return asked - 1 if asked else None
