"""Adaptations as their workers leave them, with numbers of one's choice and nothing trained."""

from __future__ import annotations

import numpy as np

from tests.unit.adaptation.conftest import two_domains
from xfer_core import corpora
from xfer_core.adaptation import results
from xfer_core.adaptation.results import Adaptation, Measure, Outcome
from xfer_core.adaptation.settings import KIND, request, validate
from xfer_core.runs import events, store

BEFORE = Outcome(
    "source-only", "done", validation=0.83, source=Measure(0.82, 0.79, 0.85, 600),
    target=Measure(0.72, 0.69, 0.75, 686), domain=0.9, seconds=40.0, steps=200, best_step=100,
)  # fmt: skip


def outcome(method: str, gain: float, half: float = 0.03, **more: object) -> Outcome:
    """One that gained *gain* on the target, give or take *half*."""
    values = {
        "validation": 0.82, "source": Measure(0.8, 0.77, 0.83, 600),
        "source_gain": Measure(-0.02, -0.03, 0.01, 600),
        "target": Measure(0.72 + gain, 0.69 + gain, 0.75 + gain, 686),
        "target_gain": Measure(gain, gain - half, gain + half, 686),
        "domain": 0.7, "seconds": 80.0, "steps": 200, "best_step": 140,
    }  # fmt: skip
    return Outcome(method, "done", **{**values, **more})  # type: ignore[arg-type]


def made(*outcomes: Outcome, state: str = "finished", chosen: str = "source-only") -> Adaptation:
    """Written into the store, and read from it again."""
    corpus = two_domains()
    methods = [each.method for each in outcomes] or ["dann"]
    config = validate({"source": "shop", "target": "tweets", "methods": methods})
    run = store.create(KIND, request(config, corpora.save(corpus)), "toy shop tweets")
    found = Adaptation(run.id, run.config["corpus"], config, (BEFORE, *outcomes), chosen=chosen)
    results.write(run.folder, found)
    for each in found.outcomes:
        folder = run.folder / results.METHODS / each.method
        folder.mkdir(parents=True)
        for step in range(0, 201, 50):
            events.append(folder, {"kind": "metric", "step": step, "validation_macro_f1": 0.5 + step / 1000})
        random = np.random.default_rng(0)
        np.savez(
            folder / results.POINTS, at=random.normal(size=(40, 2)).astype(np.float32),
            target=np.arange(40) >= 20, labels=np.arange(40) % 2,
        )  # fmt: skip
    store.update(run.id, state="running")
    if state != "running":
        store.update(run.id, state=state)
    return results.load(run.id)
