"""``xfer sweep`` and ``xfer report`` as promised to people who script, and ``xfer runs`` of a sweep."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import transformers
from safetensors import SafetensorError

from tests.tiny import tiny_folder
from tests.unit.sweep.made import made
from tests.unit.training.conftest import small_corpus
from xfer_core import runs
from xfer_core.cli import main
from xfer_core.sweep import results

QUICK = ("--seeds", "1", "--lr-trials", "1", "--steps", "4", "--max-length", "20")


@pytest.fixture
def table(tmp_path: Path) -> str:
    path = tmp_path / "toy.csv"
    corpus = small_corpus(120)
    corpus.table()[["text", "label", "split"]].to_csv(path, index=False)
    return str(path)


@pytest.fixture
def tiny(tmp_path: Path) -> str:
    return str(tiny_folder("bert", tmp_path / "tiny-bert"))


def printed(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert main(list(arguments)) == code
    return capsys.readouterr().out


def test_a_sweep_prints_one_object(
    home: Path, table: str, tiny: str, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ("sweep", table, "--split", "split", "--model", tiny, "--strategies", "head,features-1", *QUICK)
    out = printed(capsys, *line, "--json")
    assert out.count("\n") == 1
    told = json.loads(out)
    probed = "features-{layer}".format(**told["references"]["untuned_probe"])
    assert set(told["strategies"]) == {probed, "features-1", "head"} and told["state"] == "finished"
    for row in told["rows"]:
        assert {"strategy", "seed", "lr", "macro_f1", "accuracy", "trainable_parameters", "seconds"} <= {*row}
    assert told["references"].keys() == {"tfidf", "untuned_probe"}
    assert told["recommendation"]["sentence"]
    assert runs.get(told["recommended_run"]).state == "finished"
    shown = json.loads(printed(capsys, "runs", "show", told["sweep"], "--json"))
    assert shown["kind"] == "sweep" and shown["result"]["rows"] == told["rows"]
    assert "head" in printed(capsys, "runs", "show", told["sweep"])
    printed(capsys, "runs", "delete", told["sweep"])
    assert runs.find(told["sweep"]) is None and runs.find(told["recommended_run"])


def test_one_arm_is_stopped_by_its_name(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep = made(running=True)
    told = json.loads(printed(capsys, "runs", "stop", sweep.run, "--arm", "full-r1", "--json"))
    assert told["arm"] == "full-r1" and told["state"] == "running"
    assert {arm.id: arm.state for arm in results.load(sweep.run).arms}["full-r1"] == "stopped"
    printed(capsys, "runs", "stop", sweep.run, "--arm", "nobody", code=2)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (("--strategies", "head,top-9"), "9 layers do not fit"),
        (("--strategies", "nonsense"), "no strategy “nonsense”"),
        (("--strategies", "head", "--seeds", "0"), "seeds is 0"),
        (("--strategies", "head", "--second", "corpus:nowhere"), "nowhere"),
        (("--strategies", ","), "No strategy"),
    ],
)
def test_bad_input_is_a_sentence_and_leaves_no_run(
    home: Path, table: str, capsys: pytest.CaptureFixture[str], given: tuple[str, ...], says: str
) -> None:
    assert main(["sweep", table, *given]) == 2
    said = capsys.readouterr()
    assert said.out == "" and says in said.err and "Traceback" not in said.err
    assert runs.listing() == []


def test_the_whole_question_is_answered_in_one_file(
    home: Path, table: str, tiny: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "answer.html"
    line = ("report", table, "--split", "split", "--model", tiny, "--out", str(out), *QUICK, "--json")
    told = json.loads(printed(capsys, *line))
    assert told["out"] == str(out) and told["recommendation"]["strategy"]
    assert {"head", "top-1"} <= {*told["strategies"]}
    page = out.read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>") and all(name in page for name in told["strategies"])
    again = json.loads(printed(capsys, "report", f"sweep:{told['sweep']}", "--json"))
    assert Path(again["out"]).read_text(encoding="utf-8") and again["rows"] == told["rows"]


def test_a_report_into_a_folder_is_a_sentence(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = made()
    assert main(["report", f"sweep:{sweep.run}", "--out", str(tmp_path), "--json"]) == 2
    assert "is a folder" in capsys.readouterr().err


@pytest.mark.parametrize("strategy", ["freeze-99", "layers-60", "reinit-0", "bitfit"])
def test_a_strategy_that_does_not_fit_leaves_no_run(
    strategy: str, home: Path, table: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = str(tiny_folder("modernbert", tmp_path / "tiny"))  # its layers have no biases
    line = ("train", table, "--split", "split", "--model", model, "--strategy", strategy)
    printed(capsys, *line, code=2)
    assert runs.listing() == []


def test_a_disk_that_is_full_at_the_end_of_a_training_is_a_sentence(
    home: Path, table: str, tiny: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object, **more: object) -> None:
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(transformers.PreTrainedModel, "save_pretrained", full)
    line = ("train", table, "--split", "split", "--model", tiny, "--strategy", "head", "--steps", "4")
    assert main([*line, "--json"]) == 2
    told = capsys.readouterr()
    assert "The disk is full" in told.err and "defect" not in told.err and not told.out
    (run,) = runs.listing()
    assert not (run.folder / "model").exists()


def test_what_a_solver_tries_is_no_curve(home: Path) -> None:
    sweep = made(quality={"features-4": 0.7, "head": 0.6})
    known = results.curves(sweep)
    assert known and all(not arm.startswith("features") for arm in known)
