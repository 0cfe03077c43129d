"""A crossing as it lies in the store, written by the same functions as a real one, without a worker."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from xfer_core import corpora
from xfer_core.corpora import Corpus
from xfer_core.crossing import results
from xfer_core.crossing.ground import ground
from xfer_core.crossing.results import Crossing, Training
from xfer_core.crossing.settings import KIND, request, validate
from xfer_core.runs import store

QUALITY = {"features-4": 0.85, "head": 0.6, "top-2": 0.75}
"""The share of texts of other domains that the made-up trainings of each strategy read right; +.1 at home."""


def made(
    corpus: Corpus, quality: dict[str, float] | None = None, *, running: bool = False, **values: object
) -> Crossing:
    """Of a *running* one the last strategy is not done yet, and its first training runs. Needs ``home``."""
    quality = quality or QUALITY
    config = validate({"strategies": list(quality), **values})
    run = store.create(KIND, request(config, corpora.save(corpus)), f"{corpus.name}-transfer")
    store.update(run.id, state="running", started=time.time() - 60)
    place = ground(corpus, config)
    results.write_truth(run.folder, [place.corpus.labels[rows] for rows in place.tests])
    (run.folder / results.PREDICTED).mkdir()
    trainings = []
    for seed in range(config.seed, config.seed + config.seeds):
        for strategy, share in quality.items():
            for origin in place.origins:
                row = origin.domain + (len(place.domains) if origin.all_but else 0)
                one = Training(f"{strategy}-d{row + 1}-s{seed}", strategy, row, seed, predicted_seconds=9.0)
                if running and strategy == list(quality)[-1]:
                    first = not any(each.state == "running" for each in trainings)
                    trainings.append(replace(one, state="running" if first else "waiting"))
                    continue
                rng = np.random.default_rng([row, seed, len(strategy)])
                home = place.corpus.domains[place.tested] == origin.domain
                right = rng.random(len(place.tested)) < share + 0.1 * home
                truth = place.corpus.labels[place.tested]
                said = np.where(right, truth, (truth + 1) % len(corpus.label_names))
                np.save(run.folder / results.PREDICTED / f"{one.id}.npy", said)
                trainings.append(replace(one, state="done", seconds=8.0, trainable_parameters=1_000))
    results.write(run.folder, place.domains, tuple(trainings), place.notes)
    if not running:
        store.update(run.id, state="finished")
    return results.load(run.id)
