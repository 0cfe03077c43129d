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
from xfer_core.training import material
from xfer_core.training.fit import fit
from xfer_core.training.material import Shared
from xfer_core.training.settings import validate


def passes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Hears of every pass through an untuned model from now on."""
    heard: list[str] = []
    for name in ("prefixes", "pooled"):
        monkeypatch.setattr(material, name, lambda *_, name=name, **__: heard.append(name))
    return heard


@pytest.mark.parametrize(
    "strategy", ["features-1", "mix", "head", "top-1", "full", "lora", "ia3", "bitfit", "lp-ft", "reinit-2"]
)
def test_read_put_away_and_restored_it_says_the_same(
    home: Path, tmp_path: Path, tiny_bert: str, strategy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus, what = small_corpus(120), task("classification")
    rate = {} if strategy in ("features-1", "mix") else {"learning_rate": 3e-3}
    config = validate({"model": tiny_bert, "strategy": strategy, "steps": 4, "max_length": 20, **rate})
    reader = Reader(corpus, what, shared := Shared())
    fitted = fit(config, corpus, new_job(config, corpus), shared=shared)
    before = passes(monkeypatch)
    for part in ("validation", "test"):
        plain = what.logits(fitted.model, fitted.tokenizer, corpus.part(part).texts, 20)
        assert np.allclose(reader.logits(fitted, part), plain, atol=2e-5)
    assert not before, "the untuned model was run again"
    trained = Trained(Arm("x", strategy, 0, None, "final"), config, fitted)
    grads = [parameter.requires_grad for parameter in fitted.model.parameters()]
    kept = keep(trained, tmp_path)
    assert grads == [parameter.requires_grad for parameter in fitted.model.parameters()]
    assert kept.trained.model.model is None
    size = kept.path.stat().st_size
    large = ("full", "lora", "ia3", "lp-ft", "reinit-2")
    assert size < 40_000 or strategy in large
    again = restored(kept, corpus, what)
    seen = what.logits(again.model, again.tokenizer, corpus.part("test").texts, 20)
    assert np.allclose(seen, plain, atol=1e-6)
