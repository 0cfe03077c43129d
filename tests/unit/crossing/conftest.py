"""A tiny model and a corpus of three domains that can be learnt, for trainings that are real and short."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.tiny import tiny_folder
from tests.unit.training.conftest import small_corpus
from xfer_core import corpora, runs
from xfer_core.corpora import Corpus
from xfer_core.crossing import worker
from xfer_core.crossing.settings import KIND, request, validate
from xfer_core.runs import store
from xfer_core.runs.store import Run

DOMAINS = ("shop", "film", "news")


def domains(n: int = 180, labels: int = 2, count: int = 3) -> Corpus:
    """*n* texts in turn of every label and domain."""
    made = small_corpus(n, labels)
    made.frame["domain"] = [(row // labels) % count for row in range(n)]
    return Corpus("three", made.frame, made.label_names, DOMAINS[:count])


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Three layers."""
    return str(tiny_folder("bert", tmp_path_factory.mktemp("crossing") / "tiny-bert"))


def queued(
    model: str, strategies: str = "features-2,head", corpus: Corpus | None = None, **values: Any
) -> Run:
    """A crossing of very few steps, made but not begun."""
    few = {"steps": 8, "max_length": 20, "patience": 0, "per_class": 20}
    identifier = corpora.save(corpus or domains())
    config = validate({"model": model, "strategies": strategies, **few, **values})
    return store.create(KIND, request(config, identifier), "tiny crossing")


@pytest.fixture
def crossed(home: Path, tiny_bert: str) -> Callable[..., Run]:
    """Do a crossing in this process."""

    def cross(strategies: str = "features-2,head", **values: Any) -> Run:
        return runs.run_here(queued(tiny_bert, strategies, **values).id, worker.body)

    return cross
