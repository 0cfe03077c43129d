"""A tiny model and a corpus that can be learnt, for sweeps that train for real."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.tiny import tiny_folder
from tests.unit.training.conftest import small_corpus
from xfer_core import corpora, runs
from xfer_core.runs import store
from xfer_core.runs.store import Run
from xfer_core.sweep import worker
from xfer_core.sweep.settings import KIND, request, validate


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Three layers."""
    return str(tiny_folder("bert", tmp_path_factory.mktemp("sweep") / "tiny-bert"))


def queued(model: str, strategies: str = "head,top-1", **values: Any) -> Run:
    """A sweep of very few steps, made but not begun."""
    few = {"seeds": 2, "lr_trials": 2, "steps": 12, "max_length": 20, "patience": 0}
    identifier = corpora.save(small_corpus(120))
    if values.get("second") == "another":
        values["second"] = corpora.save(small_corpus(90, seed=1))
    config = validate({"model": model, "strategies": strategies, **few, **values})
    return store.create(KIND, request(config, identifier), "tiny sweep")


@pytest.fixture
def swept(home: Path, tiny_bert: str) -> Callable[..., Run]:
    """Do a sweep in this process."""

    def sweep(strategies: str = "head,top-1", **values: Any) -> Run:
        return runs.run_here(queued(tiny_bert, strategies, **values).id, worker.body)

    return sweep
