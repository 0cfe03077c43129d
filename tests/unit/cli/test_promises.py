"""What README promises to people who script: one JSON object, the exit codes, no traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def xfer(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from xfer_core.cli import main; raise SystemExit(main())", *arguments],
        env={**os.environ, "XFER_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def result_of(*arguments: str, home: Path) -> dict:
    done = xfer(*arguments, "--json", home=home)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    return json.loads(done.stdout)


def test_models_lists_the_bundled_one_with_its_hash_checked(home: Path) -> None:
    models = {model["id"]: model for model in result_of("models", home=home)["models"]}
    mini = models["bundled:minilm"]
    assert (mini["family"], mini["layers"], mini["heads"], mini["hidden"]) == ("bert", 6, 12, 384)
    assert mini["verified"] is True and mini["parameters"] == 22_713_216


def test_inspect_says_how_a_table_was_read(home: Path, tmp_path: Path) -> None:
    table = tmp_path / "reviews.csv"
    rows = [
        f"Review number {i} of the thing; good;shop" if i % 2 else f"Poor thing {i}; bad;film"
        for i in range(40)
    ]
    table.write_text("what they wrote;stars;where\n" + "\n".join(rows) + "\n", encoding="latin-1")
    read = result_of("inspect", str(table), "--text", "what they wrote", "--label", "stars", home=home)
    assert (read["format"], read["delimiter"], read["rows"]) == ("csv", ";", 40)
    assert read["columns"] == ["what they wrote", "stars", "where"]
    assert sum(read["labels"].values()) == 40


@pytest.mark.parametrize(
    "arguments",
    [
        ("inspect", "no-such-file.csv"),
        ("train", "corpus:no-such-corpus", "--text", "text", "--label", "label"),
        ("classify", "no-such-run", "no-such-file.csv", "--out", "out.csv"),
        ("runs", "show", "../../etc"),
        ("attention", "no-such-model", "--text", "Hello"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(arguments: tuple[str, ...], home: Path) -> None:
    done = xfer(*arguments, home=home)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr and done.stderr.startswith("xfer: ")


def test_train_then_classify_then_plain_transformers_agree(home: Path, tmp_path: Path) -> None:
    """The whole way in the shell, on the real bundled weights."""
    arguments = ("train", "corpus:synthetic", "--strategy", "head", "--steps", "60", "--seed", "3")
    trained = result_of(*arguments, home=home)
    assert trained["state"] == "finished"
    for name in ("run", "folder", "strategy", "trainable_parameters", "seconds", "best_step", "verdict"):
        assert trained[name] not in (None, ""), name
    assert 0 <= trained["test"]["macro_f1"] <= 1
    assert set(trained["references"]) >= {"tfidf", "untuned_probe"}
    again = result_of(*arguments, home=home)
    assert again["test"] == trained["test"], "the same seed gives the same numbers"

    table, out = tmp_path / "texts.csv", tmp_path / "labelled.csv"
    texts = ["A lovely film with a warm heart.", "=1+1 the worst broken thing", "no, really, awful"]
    table.write_text("id,text\n" + "\n".join(f'{i},"{text}"' for i, text in enumerate(texts)) + "\n")
    labelled = result_of("classify", trained["run"], str(table), "--out", str(out), home=home)
    assert (labelled["rows"], labelled["rejected"]) == (3, 0)

    import pandas as pd
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    frame = pd.read_csv(out)
    model = AutoModelForSequenceClassification.from_pretrained(Path(trained["folder"]) / "model").eval()
    tokenizer = AutoTokenizer.from_pretrained(Path(trained["folder"]) / "model")
    with torch.no_grad():
        logits = model(**tokenizer(texts, return_tensors="pt", padding=True)).logits
    names = [model.config.id2label[i] for i in range(model.config.num_labels)]
    assert list(frame.columns) == ["id", "text", "predicted_label", *(f"p_{name}" for name in names)]
    assert list(frame["predicted_label"]) == [names[i] for i in logits.argmax(-1)]
    shown = torch.tensor(frame[[f"p_{name}" for name in names]].to_numpy())
    assert torch.allclose(shown, logits.softmax(-1).double(), atol=1e-4)
    assert frame["text"][1].startswith("'="), "a formula must not reach a spreadsheet"
    shown_run = result_of("runs", "show", trained["run"], home=home)
    assert shown_run["state"] == "finished"
