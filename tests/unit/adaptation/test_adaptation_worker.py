"""A whole adaptation by tiny models: what it leaves, what a stop keeps, what one failure costs."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import f1_score

from xfer_core import runs
from xfer_core.adaptation import results, work, worker
from xfer_core.adaptation.jobs import MethodJob
from xfer_core.adaptation.settings import BEST
from xfer_core.adaptation.work import Adapting
from xfer_core.corpora import Corpus
from xfer_core.errors import BadSetting, BadTable
from xfer_core.inference.classify import classify_texts
from xfer_core.runs import events, models
from xfer_core.runs.store import Run

from .conftest import FEW, METHODS, queued, two_domains
from .made import outcome

Adapted = Callable[..., Run]


def test_every_method_is_measured_and_one_model_is_left(whole: Run) -> None:
    run, corpus = whole, two_domains()
    found = results.load(run.id)
    assert [each.state for each in found.outcomes] == ["done"] * 5, [each.message for each in found.outcomes]
    assert [each.steps for each in found.outcomes] == [12] * 5
    target = ground_truth(corpus)
    for each in found.outcomes:
        logits = np.load(run.folder / "methods" / each.method / "target.npy")
        expected = f1_score(target, logits.argmax(1), average="macro")
        assert each.target is not None
        assert each.target.value == pytest.approx(expected)
        assert each.target.low <= each.target.value <= each.target.high
        if each.method != "source-only":
            assert each.target_gain is not None and found.before.target is not None
            assert each.target_gain.value == pytest.approx(each.target.value - found.before.target.value)
    best = max(found.outcomes, key=lambda each: each.validation or 0.0)
    assert found.outcome(found.chosen).validation == best.validation
    assert run.metrics["method"] == found.chosen
    kept = found.outcome(found.chosen).target
    assert kept is not None and run.metrics["target_macro_f1"] == kept.value
    assert "macro_f1" not in run.metrics  # that would be the source's
    assert json.loads((run.folder / "results.json").read_text())["chosen"] == found.chosen
    assert not [*run.folder.glob("methods/*/pretrained"), *run.folder.glob("methods/*/checkpoints")]


def ground_truth(corpus: Corpus) -> np.ndarray:
    test = corpus.part("test")
    return test.labels[test.domains == 1]


def test_the_model_left_is_the_chosen_one_and_classifies(adapted: Adapted) -> None:
    corpus = two_domains()
    run = adapted("mmd", corpus, keep="mmd")
    assert results.load(run.id).chosen == "mmd"
    assert models.tuned() == [run.id]
    test = corpus.part("test")
    texts = [text for text, domain in zip(test.texts, test.domains, strict=True) if domain == 1]
    logits = np.load(run.folder / "methods" / "mmd" / "target.npy")
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    assert np.allclose(classify_texts(run.id, texts).probabilities, shares, atol=1e-5)
    card = (run.folder / "model" / "README.md").read_text()
    assert "Method `mmd`, from shop to tweets" in card


def test_details_say_what_each_method_did(whole: Run) -> None:
    run, found = whole, results.load(whole.id)
    stages = [each["stage"] for each in found.outcome("pretrain").about["masked_loss"]]
    assert stages == ["start", "head", "after"]
    told = [
        each for each in events.read(run.folder / "methods" / "pretrain")[0] if each["kind"] == "progress"
    ]
    assert max(each["step"] for each in told if each["steps"] == FEW["head_steps"]) == FEW["head_steps"]
    rounds = found.outcome("self-training").about["rounds"]
    assert [each["round"] for each in rounds] == [1]
    assert sum(rounds[0]["labels"].values()) == rounds[0]["believed"] <= rounds[0]["of"]
    assert found.outcome("dann").about["domains"]
    points = results.points(run.id, "dann")
    assert points is not None
    assert len(points.at) == len(points.target) == found.texts["test"] + found.texts["target_test"]
    assert results.curve(run.id, "dann")[-1]["step"] == 12
    told = [each for each in events.read(run.folder)[0] if each["kind"] == "progress"]
    assert told and all(each["seconds_left"] >= 0 for each in told)


def test_a_method_that_fails_harms_no_other(adapted: Adapted, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("no kernel")

    monkeypatch.setattr(work.Mmd, "between", broken)
    run = adapted("dann,mmd,self-training")
    found = results.load(run.id)
    assert {each.method: each.state for each in found.outcomes} == {
        "source-only": "done", "dann": "done", "mmd": "failed", "self-training": "done",
    }  # fmt: skip
    assert run.state == "finished" and found.chosen
    assert "no kernel" in str(found.outcome("mmd").message)
    assert "ZeroDivisionError" in (run.folder / "methods" / "mmd" / "log.txt").read_text()


def test_a_stop_keeps_what_is_done(adapted: Adapted, monkeypatch: pytest.MonkeyPatch) -> None:
    phase = MethodJob.phase

    def stop_in_mmd(job: MethodJob, message: str) -> None:
        phase(job, message)
        if job.folder.name == "mmd":
            job.whole.request_stop()

    monkeypatch.setattr(MethodJob, "phase", stop_in_mmd)
    run = adapted("dann,mmd,self-training")
    found = results.load(run.id)
    assert run.state == "stopped"
    assert {each.method: each.state for each in found.outcomes} == {
        "source-only": "done", "dann": "done", "mmd": "stopped", "self-training": "skipped",
    }  # fmt: skip
    assert found.chosen in ("source-only", "dann")
    assert (run.folder / "model" / "model.safetensors").exists()


def test_source_only_failing_fails_the_run(
    home: object, tiny_bert: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise BadTable("no luck")

    monkeypatch.setattr(work, "fit", broken)
    run = queued(tiny_bert, two_domains(), "mmd")
    with pytest.raises(BadTable):
        runs.run_here(run.id, worker.body)
    assert results.load(run.id).before.state == "failed"


def test_equal_texts_give_a_sensible_result(adapted: Adapted) -> None:
    corpus = two_domains()
    corpus.frame["text"] = "the same text"
    found = results.load(adapted(METHODS, corpus, steps=3, pretrain_steps=1, head_steps=1).id)
    assert [each.state for each in found.outcomes] == ["done"] * 5, [each.message for each in found.outcomes]
    assert all(each.target_gain is not None for each in found.adapted)


def test_two_texts_are_too_few_to_adapt_to(adapted: Adapted) -> None:
    corpus = two_domains()
    few = np.flatnonzero(corpus.domains == 1)[:2]
    small = corpus.take(np.concatenate([np.flatnonzero(corpus.domains == 0), few]))
    with pytest.raises(BadTable, match=r"“tweets” has only 2 texts"):
        adapted("mmd", small)


def test_a_domain_that_is_not_there_is_named(adapted: Adapted) -> None:
    with pytest.raises(BadSetting, match="no domain named “news”"):
        adapted("mmd", two_domains(), target="news")


@pytest.mark.parametrize(("held", "new", "kept"), [("pretrain", "mmd", "mmd"), ("mmd", "pretrain", "mmd")])
def test_of_two_that_read_the_source_equally_well_the_cheaper_is_kept(held: str, new: str, kept: str) -> None:
    at_work = SimpleNamespace(kept=(outcome(held, 0.0), None), config=SimpleNamespace(keep=BEST))
    better = Adapting._better(at_work, outcome(new, 0.1))  # type: ignore[arg-type]
    assert (new if better else held) == kept
