"""``xfer runs list``."""

from __future__ import annotations

import pytest

from xfer_core.cli import main
from xfer_core.runs import store

pytestmark = pytest.mark.usefixtures("home")


def test_a_finished_run_is_not_said_to_stand_before_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    early, stopped = (store.create("fine-tune", {}, name) for name in ("early", "stopped"))
    for run, state in ((early, "finished"), (stopped, "stopped")):
        store.update(run.id, state="running")
        store.update(run.id, step=2, steps=3)
        store.update(run.id, state=state)
    assert main(["runs", "list"]) == 0
    said = capsys.readouterr().out
    assert f"{early.id}: finished\n" in said
    assert f"{stopped.id}: stopped, step 2 of 3\n" in said
