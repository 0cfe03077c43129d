"""A whole run: its folder, its numbers against scikit-learn, its model in other hands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, classification_report, confusion_matrix, f1_score

from tests.tiny import tiny_folder
from tests.unit.training.conftest import small_corpus
from xfer_core import corpora, runs
from xfer_core.errors import NotFound
from xfer_core.files import read_json
from xfer_core.runs import events
from xfer_core.runs.worker import Job
from xfer_core.training import results, worker
from xfer_core.training.settings import request, validate


def curve(run_id: str) -> list[dict[str, Any]]:
    """The points of the learning curve so far, numbers as floats, the untuned model first."""
    written, _ = events.read(runs.get(run_id).folder)
    return [
        {key: value if key in ("kind", "time") else events.number(value) for key, value in event.items()}
        for event in written
        if event["kind"] == "metric"
    ]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One run of freeze-1 on a tiny BERT, and the corpus it learnt."""
    corpus = small_corpus()
    folder = tiny_folder("bert", tmp_path_factory.mktemp("model") / "tiny-bert")
    values = {
        "model": str(folder), "strategy": "freeze-1", "steps": 60, "learning_rate": 3e-3, "max_length": 20,
    }  # fmt: skip
    run = runs.create("train", request(validate(values), corpora.save(corpus)), name="whole run")
    return runs.run_here(run.id, worker.body), corpus


def test_the_folder_explains_itself(finished: Any) -> None:
    run, corpus = finished
    assert run.state == "finished"
    assert read_json(run.folder / "config.json")["strategy"] == "freeze-1"
    assert read_json(run.folder / "corpus.json")["id"] == corpus.id
    files = {path.name for path in run.folder.iterdir()}
    assert files >= {"metrics.json", "predictions.parquet", "model", "events.ndjson"}
    assert not (run.folder / "checkpoints").exists()
    assert {p.suffix for p in (run.folder / "model").iterdir()} <= {".json", ".safetensors", ".md", ".jinja"}
    assert run.metrics["macro_f1"] == results.result(run.id)["test"]["macro_f1"]
    result = results.result(run.id)
    assert {"test", "validation", "references", "verdict", "trainable_parameters", "seconds", "best_step",
            "truncated_share", "peak_memory_mb", "strategy"} <= result.keys()  # fmt: skip
    points = curve(run.id)
    assert points[0]["step"] == 0 and len(points) >= 10
    assert all(isinstance(point["train_loss"], float) for point in points)


def test_metrics_are_those_of_scikit_learn(finished: Any) -> None:
    run, corpus = finished
    table, test = results.predictions(run.id), results.result(run.id)["test"]
    part = corpus.part("test")
    names = list(corpus.label_names)
    assert table["row"].tolist() == part.frame["row"].tolist()
    assert table["text"].tolist() == part.texts
    assert table["true"].tolist() == [names[label] for label in part.labels]
    true, predicted = table["true"], table["predicted"]
    assert test["accuracy"] == pytest.approx(accuracy_score(true, predicted))
    assert test["macro_f1"] == pytest.approx(f1_score(true, predicted, average="macro"))
    assert test["confusion"] == confusion_matrix(true, predicted, labels=names).tolist()
    expected = classification_report(true, predicted, labels=names, output_dict=True, zero_division=0)
    for name in names:
        row = {"f1" if key == "f1-score" else key: value for key, value in expected[name].items()}
        assert test["per_class"][name] == pytest.approx(row)
    shares = table[[f"p_{name}" for name in names]].to_numpy()
    assert np.allclose(shares.sum(1), 1, atol=1e-6)
    assert np.allclose(shares.max(1), table["confidence"])


def test_plain_transformers_reads_the_model_and_says_the_same(finished: Any) -> None:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    run, corpus = finished
    folder = run.folder / "model"
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    table = results.predictions(run.id)
    for _, row in table.iterrows():
        with torch.no_grad():
            batch = tokenizer(row["text"], truncation=True, max_length=20, return_tensors="pt")
            shares = torch.softmax(model(**batch).logits[0], -1)
        for label, name in model.config.id2label.items():
            assert float(shares[label]) == pytest.approx(row[f"p_{name}"], abs=1e-4)
    assert list(model.config.id2label.values()) == list(corpus.label_names)


def test_the_misread_are_wrong_and_sorted_and_filtered(finished: Any) -> None:
    run, _ = finished
    table, wrong = results.predictions(run.id), results.misread(run.id)
    assert len(wrong) == (table["true"] != table["predicted"]).sum() > 0
    assert wrong["confidence"].is_monotonic_decreasing
    first = wrong.iloc[0]
    some = results.misread(run.id, true=first["true"], predicted=first["predicted"])
    assert set(some["true"]) == {first["true"]} and set(some["predicted"]) == {first["predicted"]}
    assert 0 < len(some) <= len(wrong)


def test_references_learn_what_can_be_learnt(finished: Any) -> None:
    run, _ = finished
    references = results.result(run.id)["references"]
    assert references["tfidf"]["macro_f1"] > 0.9  # the label is in the words
    probe = references["untuned_probe"]
    assert 0 <= probe["layer"] <= 3 and probe["last_layer"]["layer"] == 3
    assert 0.33 < probe["macro_f1"] <= 1


def test_references_are_computed_once(finished: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from xfer_core.models.sources import resolve
    from xfer_core.training import references

    run, corpus = finished
    monkeypatch.setattr(references, "tfidf", lambda *_: pytest.fail("computed again"))
    source = resolve(run.config["model"])
    again = references.references(corpus, source, max_length=20)
    assert again == results.result(run.id)["references"]
    with pytest.raises(pytest.fail.Exception, match="computed again"):
        references.references(corpus, source, max_length=21)


def test_the_card_tells_the_class_table_and_the_limits(finished: Any) -> None:
    run, corpus = finished
    card = (run.folder / "model" / "README.md").read_text(encoding="utf-8")
    assert all(f"| {name} |" in card for name in corpus.label_names)
    assert "freeze-1" in card and "TF-IDF" in card and "20 tokens" in card and "licence: none" in card
    assert str(run.folder.parent) not in card


def test_a_tuned_run_is_a_model_to_tune_again(finished: Any) -> None:
    run, corpus = finished
    again = runs.create("train", request(validate({"model": run.id, "steps": 5}), corpus.id), name="again")
    assert runs.run_here(again.id, worker.body).state == "finished"
    assert results.result(again.id)["model"] == run.id


def test_the_bundled_model_learns_for_real(home: Path) -> None:
    corpus = small_corpus(90)
    config = request(validate({"strategy": "head", "steps": 60, "learning_rate": 3e-3}), corpora.save(corpus))
    run = runs.run_here(runs.create("train", config, name="real").id, worker.body)
    result = results.result(run.id)
    assert result["cached_states"] == "all" and result["frozen_layers"] == 6
    assert result["trainable_parameters"] == 384 * 385 + 3 * 385  # pooler and classifier
    points = curve(run.id)
    assert points[-1]["train_loss"] < 0.7 * points[0]["train_loss"]
    assert result["test"]["macro_f1"] > 0.6


def test_a_stopped_run_has_results_without_references(finished: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run, _ = finished
    config = {**run.config, "steps": 2000}
    stopped = runs.create("train", config, name="stopped")

    def stop(self: Job) -> bool:
        self.stopping = self.stopping or len(curve(self.run.id)) >= 2
        return self.stopping

    monkeypatch.setattr(Job, "stop_requested", stop)
    assert runs.run_here(stopped.id, worker.body).state == "stopped"
    result = results.result(stopped.id)
    assert result["stopped"] and result["references"] == {} and result["best_step"] > 0
    assert "TF-IDF" not in (stopped.folder / "model" / "README.md").read_text(encoding="utf-8")


def test_a_run_stopped_before_its_first_step_has_none(finished: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run, _ = finished
    early = runs.create("train", run.config, name="early")

    def stop(self: Job) -> bool:
        self.stopping = True
        return True

    monkeypatch.setattr(Job, "stop_requested", stop)
    assert runs.run_here(early.id, worker.body).state == "stopped"
    with pytest.raises(NotFound, match="no results"):
        results.result(early.id)


def test_results_are_read_without_torch_and_scikit_learn(finished: Any) -> None:
    import os
    import subprocess
    import sys

    run, _ = finished
    code = (
        "import sys; from xfer_core.training import results, settings, strategies, verdict; "
        f"results.result('{run.id}'); results.misread('{run.id}'); "
        "import xfer_core.inference.request; "
        "print(sorted({'torch', 'transformers', 'sklearn'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[3]
    command, environment = [sys.executable, "-c", code], dict(os.environ)
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root, env=environment)
    assert done.stdout.strip() == "[]"
