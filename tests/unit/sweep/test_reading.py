"""Reading with shared frozen layers, and putting a tuned model away, change nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.unit.training.conftest import new_job, small_corpus
from xfer_core.sweep.arms import Trained
from xfer_core.sweep.kept import keep, restored
from xfer_core.sweep.reading import Reader
from xfer_core.sweep.results import Arm
from xfer_core.tasks import task
from xfer_core.training.fit import fit
from xfer_core.training.material import Shared
from xfer_core.training.settings import validate


@pytest.mark.parametrize("strategy", ["features-1", "head", "top-1", "full", "lora"])
def test_read_put_away_and_restored_it_says_the_same(
    home: Path, tmp_path: Path, tiny_bert: str, strategy: str
) -> None:
    corpus, what = small_corpus(120), task("classification")
    rate = {} if strategy == "features-1" else {"learning_rate": 3e-3}
    config = validate({"model": tiny_bert, "strategy": strategy, "steps": 4, "max_length": 20, **rate})
    fitted = fit(config, corpus, new_job(config, corpus), shared=Shared())
    reader = Reader(corpus, what)
    plain = what.logits(fitted.model, fitted.tokenizer, corpus.part("test").texts, 20)
    for _ in range(2):  # computing the states, then with them
        assert np.allclose(reader.logits(fitted, "test"), plain, atol=2e-5)
    trained = Trained(Arm("x", strategy, 0, None, "final"), config, fitted)
    kept = keep(trained, plain, corpus, what, tmp_path)
    assert kept.trained.model.model is None
    size = kept.path.stat().st_size
    assert size < 40_000 or strategy in ("full", "lora")
    again = restored(kept, corpus, what)
    seen = what.logits(again.model, again.tokenizer, corpus.part("test").texts, 20)
    assert np.allclose(seen, plain, atol=1e-6)
