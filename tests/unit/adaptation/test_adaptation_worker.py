"""A whole adaptation by tiny models: what it leaves, what a stop keeps, what one failure costs."""

from __future__ import annotations

from collections.abc import Callable

from xfer_core.adaptation import results
from xfer_core.runs.store import Run


def test_every_method_is_measured_and_one_model_is_left(adapted: Callable[..., Run]) -> None:
    run = adapted()
    found = results.load(run.id)
    assert [each.state for each in found.outcomes] == ["done"] * 5, [each.message for each in found.outcomes]
