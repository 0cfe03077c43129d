"""Whole crossings with a tiny model: what they measure, on which texts; what a stop or a failure leaves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import f1_score

from tests.unit.crossing.conftest import DOMAINS, domains, queued
from xfer_core import corpora, runs
from xfer_core.crossing import results, words, work, worker
from xfer_core.crossing.ground import ground
from xfer_core.errors import NotFound
from xfer_core.runs import events, store
from xfer_core.runs.store import Run
from xfer_core.tasks import task
from xfer_core.training import fit as training


@pytest.fixture(scope="module")
def finished(session_home: Path, tiny_bert: str) -> Run:
    return runs.run_here(queued(tiny_bert, "features-2,head,top-1", all_but=True, seeds=2).id, worker.body)


def test_every_strategy_has_its_matrix(finished: Run) -> None:
    found = results.load(finished.id)
    assert found.state == "finished" and found.domains == DOMAINS
    assert found.macro_f1.shape == (3, 6, 3) and np.isfinite(found.macro_f1).all()
    assert (found.low <= found.macro_f1).all() and (found.macro_f1 <= found.high).all()
    assert found.tested.tolist() == [12, 12, 12] and found.done == len(found.trainings) == 36
    assert (found.seeds == 2).all() and found.chance == pytest.approx([0.5] * 3)


def test_cells_are_macro_f1_of_what_each_training_said(finished: Run) -> None:
    found = results.load(finished.id)
    place = ground(corpora.load(found.corpus), found.config)
    for k, strategy in enumerate(found.strategies):
        for row in (0, 4):
            own = [each for each in found.trainings if (each.strategy, each.source) == (strategy, row)]
            said = [np.load(finished.folder / results.PREDICTED / f"{each.id}.npy") for each in own]
            ends = np.cumsum([0, *map(len, place.tests)])
            for t, rows in enumerate(place.tests):
                scores = [
                    f1_score(place.corpus.labels[rows], each[ends[t] : ends[t + 1]], average="macro")
                    for each in said
                ]
                assert found.macro_f1[k, row, t] == pytest.approx(np.mean(scores))
                assert found.spread[k, row, t] == pytest.approx(np.std(scores, ddof=1))


def test_means_across_and_within(finished: Run) -> None:
    found = results.load(finished.id)
    off = ~np.eye(3, dtype=bool)
    for k, each in enumerate(found.across):
        cells = found.macro_f1[k, :3]
        assert (each.pairs, each.own) == (6, 3)
        assert each.macro_f1 == pytest.approx(cells[off].mean())
        assert each.own_macro_f1 == pytest.approx(np.diag(cells).mean())
        assert each.gap == pytest.approx(found.gap[k, :3][off].mean())
        assert each.low <= each.macro_f1 <= each.high and each.gap_low <= each.gap <= each.gap_high
        assert each.rest == pytest.approx(np.mean([found.macro_f1[k, 3 + t, t] for t in range(3)]))


def test_how_far_the_others_are_behind_is_known_better_than_any_of_them(finished: Run) -> None:
    across = results.load(finished.id).across
    best = max(across, key=lambda each: each.macro_f1)
    assert (best.behind, best.behind_low, best.behind_high) == (0, 0, 0)
    for each in across:
        assert each.behind == pytest.approx(best.macro_f1 - each.macro_f1)
        assert each.behind_low <= each.behind + 0.02 and each.behind - 0.02 <= each.behind_high
        apart = each.high - each.low + best.high - best.low
        assert each.behind_high - each.behind_low < apart


def test_a_solver_has_no_chance_in_it(finished: Run) -> None:
    found = results.load(finished.id)
    assert np.allclose(found.spread[0], 0) and found.spread[2].max() > 0
    copies = [each for each in found.trainings if each.strategy == "features-2" and each.seed == 1]
    assert all(each.state == "done" and each.seconds == 0 for each in copies)


def test_labels_are_those_of_the_whole_model(home: Path, tiny_bert: str, monkeypatch: Any) -> None:
    """Tested texts are read from cached states; the tuned model must say the same of the texts themselves."""
    kept: list[Any] = []

    def fit(*args: Any, **values: Any) -> Any:
        fitted = training.fit(*args, **values)
        kept.append(fitted)
        return fitted

    monkeypatch.setattr(work, "fit", fit)
    run = runs.run_here(queued(tiny_bert, "features-1,head,top-1,full", steps=4).id, worker.body)
    found = results.load(run.id)
    place = ground(corpora.load(found.corpus), found.config)
    texts = [place.corpus.texts[row] for row in place.tested]
    for one, fitted in zip(found.trainings, kept, strict=True):
        logits = task("classification").logits(fitted.model, fitted.tokenizer, texts, fitted.max_length)
        said = np.load(run.folder / results.PREDICTED / f"{one.id}.npy")
        clear = np.abs(np.diff(np.sort(logits, axis=1)[:, -2:], axis=1))[:, 0] > 1e-4
        assert (logits.argmax(axis=1) == said)[clear].all() and clear.sum() > 30


def test_no_target_text_is_learnt_from(home: Path, tiny_bert: str) -> None:
    """With other labels in two domains, a training in the third says the same of every text."""
    corpus = domains(240)
    other = corpus.frame.copy()
    turned = other["domain"] > 0
    other.loc[turned, "label"] = 1 - other.loc[turned, "label"]
    said = []
    for frame in (corpus.frame, other):
        given = corpora.Corpus("three", frame, corpus.label_names, corpus.domain_names)
        run = runs.run_here(queued(tiny_bert, "head", given, per_class=1_000).id, worker.body)
        path = run.folder / results.PREDICTED / "head-d1-s0.npy"
        place = ground(given, results.load(run.id).config)
        texts = [place.corpus.texts[row] for row in place.tested]
        said.append(dict(zip(texts, np.load(path).tolist(), strict=True)))
    assert all(said[0][text] == said[1][text] for text in said[0].keys() & said[1].keys())
    assert len(said[0].keys() & said[1].keys()) > 20


def test_a_stop_keeps_what_is_done(home: Path, tiny_bert: str, monkeypatch: Any) -> None:
    run = queued(tiny_bert, "features-2,head")
    real, seen = training.fit, []

    def fit(config: Any, corpus: Any, job: Any, **values: Any) -> Any:
        seen.append(config.strategy)
        if config.strategy == "head":
            job.whole.request_stop()
        return real(config, corpus, job, **values)

    monkeypatch.setattr(work, "fit", fit)
    run = runs.run_here(run.id, worker.body)
    found = results.load(run.id)
    assert run.state == "stopped" and seen == ["features-2"] * 3 + ["head"]
    states = [each.state for each in found.trainings]
    assert states == ["done"] * 3 + ["stopped"] + ["skipped"] * 2
    assert np.isfinite(found.macro_f1[0]).all() and np.isnan(found.macro_f1[1]).all()
    assert [each.pairs for each in found.across] == [6, 0]


def test_a_training_that_fails_harms_no_other(home: Path, tiny_bert: str, monkeypatch: Any) -> None:
    real, count = training.fit, iter(range(100))

    def fit(*args: Any, **values: Any) -> Any:
        if next(count) == 1:
            raise RuntimeError("torn")
        return real(*args, **values)

    monkeypatch.setattr(work, "fit", fit)
    run = runs.run_here(queued(tiny_bert, "features-2").id, worker.body)
    found = results.load(run.id)
    assert run.state == "finished" and [each.state for each in found.trainings] == ["done", "failed", "done"]
    message = found.trainings[1].message
    assert message is not None and "torn" in str(store.to_error(message))
    assert np.isnan(found.macro_f1[0, 1]).all() and found.across[0].pairs == 4
    assert (run.folder / results.TRAININGS / found.trainings[1].id / "log.txt").exists()


def test_progress_tells_what_is_left_and_nothing_heavy_stays(finished: Run) -> None:
    written, _ = events.read(finished.folder, 0)
    told = [event for event in written if event["kind"] == "progress"]
    assert told and all(event["seconds_left"] >= 0 for event in told)
    assert sum(event["kind"] == "training" and event["state"] == "done" for event in written) == 36
    assert not [path for path in finished.folder.rglob("*") if path.suffix in (".safetensors", ".bin")]
    assert finished.metrics["strategy"] in ("features-2", "head", "top-1")


def test_words_and_cells_are_plain(finished: Run) -> None:
    found = results.load(finished.id)
    said = words.said(found)
    best = max(found.across, key=lambda each: each.macro_f1)
    assert said[0]["values"]["strategy"] == best.strategy
    rows = words.cells(found)
    assert len(rows) == 3 * 6 * 3 and json.loads(json.dumps(rows)) == rows
    assert {row["all_but"] for row in rows} == {False, True} and {row["n"] for row in rows} == {12}


def test_before_it_begins_there_is_nothing_and_another_kind_is_no_crossing(
    home: Path, tiny_bert: str
) -> None:
    run = queued(tiny_bert)
    found = results.load(run.id)
    assert found.domains == () and found.trainings == () and words.said(found) == []
    other = store.create("train", {"corpus": "x"}, "other")
    with pytest.raises(NotFound):
        results.load(other.id)
