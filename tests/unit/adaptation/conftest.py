"""A tiny model and a corpus of two domains that can be learnt, for adaptations that train for real."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.tiny import tiny_folder
from tests.unit.training.conftest import small_corpus
from xfer_core import corpora, runs
from xfer_core.adaptation import worker
from xfer_core.adaptation.settings import KIND, request, validate
from xfer_core.corpora import Corpus
from xfer_core.runs import store
from xfer_core.runs.store import Run

METHODS = "dann,mmd,pretrain,self-training"
FEW = {
    "source": "shop", "target": "tweets", "steps": 12, "pretrain_steps": 4, "head_steps": 4, "max_length": 20,
    "batch_size": 8, "rounds": 1, "confidence": 0.4,
}  # fmt: skip


def two_domains(n: int = 90) -> Corpus:
    """*n* texts of each domain; those of the second have a word more."""
    shop, tweets = small_corpus(n, 2), small_corpus(n, 2, seed=1)
    frame = tweets.frame.assign(text="harbour " + tweets.frame["text"], domain=np.int64(1))
    frame = pd.concat([shop.frame, frame], ignore_index=True)
    return replace(shop, frame=frame, domain_names=("shop", "tweets"))


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny_folder("bert", tmp_path_factory.mktemp("adaptation") / "tiny-bert"))


def queued(model: str, corpus: Corpus, methods: str, **values: object) -> Run:
    """An adaptation of very few steps, made but not begun."""
    config = validate({"model": model, "methods": methods, **FEW, **values})
    return store.create(KIND, request(config, corpora.save(corpus)), "tiny adaptation")


@pytest.fixture(scope="session")
def whole_run(tiny_bert: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A data folder and the id of an adaptation by every method in it, done once for all tests."""
    folder = tmp_path_factory.mktemp("adapted")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XFER_HOME", str(folder))
        return folder, runs.run_here(queued(tiny_bert, two_domains(), METHODS).id, worker.body).id


@pytest.fixture
def whole(whole_run: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """That run, to be read and left as it is."""
    folder, run_id = whole_run
    monkeypatch.setenv("XFER_HOME", str(folder))
    return store.get(run_id)


@pytest.fixture
def adapted(home: Path, tiny_bert: str) -> Callable[..., Run]:
    """Do an adaptation in this process."""

    def adapt(methods: str = METHODS, corpus: Corpus | None = None, **values: object) -> Run:
        run = queued(tiny_bert, two_domains() if corpus is None else corpus, methods, **values)
        return runs.run_here(run.id, worker.body)

    return adapt
