"""Whole crossings with a tiny model: what they measure, on which texts; what a stop or a failure leaves."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.crossing.conftest import DOMAINS, queued
from xfer_core import runs
from xfer_core.crossing import results, worker
from xfer_core.runs.store import Run


@pytest.fixture(scope="module")
def finished(session_home, tiny_bert: str) -> Run:
    return runs.run_here(queued(tiny_bert, "features-2,head,top-1", all_but=True).id, worker.body)


def test_every_strategy_has_its_matrix(finished: Run) -> None:
    found = results.load(finished.id)
    assert found.state == "finished" and found.domains == DOMAINS
    assert found.macro_f1.shape == (3, 6, 3) and np.isfinite(found.macro_f1).all()
    assert (found.low <= found.macro_f1).all() and (found.macro_f1 <= found.high).all()
    assert found.tested.tolist() == [12, 12, 12] and found.done == len(found.trainings) == 18
