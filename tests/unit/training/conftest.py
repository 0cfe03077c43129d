"""A small corpus whose labels can be learnt, and jobs to learn it in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.tiny import SENTENCES, tiny_folder
from xfer_core.corpora import Corpus
from xfer_core.runs import store
from xfer_core.runs.worker import Job
from xfer_core.training.settings import FitConfig, request

SIGNS = ("terrible useless", "good lovely", "film book")


def small_corpus(n: int = 120, labels: int = 3, seed: int = 0) -> Corpus:
    """*n* texts of different lengths; two words of each give its label away."""
    random = np.random.default_rng(seed)
    words = " ".join(SENTENCES[-3:]).lower().split()
    rows = []
    for row in range(n):
        label = row % labels
        around = random.choice(words, size=int(random.integers(1, 15))).tolist()
        around.insert(int(random.integers(0, len(around) + 1)), SIGNS[label])
        split = "train" if row < 0.6 * n else "validation" if row < 0.75 * n else "test"
        rows.append({"text": " ".join(around), "label": label, "domain": 0, "split": split, "row": row + 1})
    names = ("bad", "good", "other")[:labels]
    return Corpus("toy", pd.DataFrame(rows), label_names=names, source={"licence": "none"})


@pytest.fixture
def corpus() -> Corpus:
    return small_corpus()


@pytest.fixture
def tiny_bert(tmp_path: Path) -> str:
    return str(tiny_folder("bert", tmp_path / "tiny-bert"))


def new_job(config: FitConfig, corpus: Corpus) -> Job:
    """A job in this process, its row marked as running."""
    run = store.create("train", request(config, corpus.id), name="test")
    store.update(run.id, state="running")
    return Job(store.get(run.id))
