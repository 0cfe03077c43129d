"""``xfer labels`` on a written table: what it says, and a correction on its way back in."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from xfer_core.cli import main
from xfer_core.corpora import load

MOODS = {"good": ("lovely", "warm", "splendid", "charming"), "bad": ("awful", "broken", "dreadful", "boring")}
WRONG = 9


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Forty clear texts, one with the wrong label, and one text twice with both."""
    rows = [(f"A {MOODS[mood][i % 4]} thing, number {i}.", mood) for i in range(20) for mood in MOODS]
    rows[WRONG] = (rows[WRONG][0], "good")
    rows += [("So so.", "good"), ("So so.", "bad")]
    path = tmp_path / "moods.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    return path


def test_doubts_out_corrections_in(
    home, table: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "doubts.csv"
    assert main(["labels", str(table), "--out", str(out), "--json"]) == 0
    found = json.loads(capfd.readouterr().out)
    first = found["doubtful"][0]
    assert (first["row"], first["label"], first["suggested"]) == (WRONG + 1, "good", "bad")
    assert first["probability"] > 0.5 > first["given_probability"]
    assert [each["row"] for each in found["conflicts"]] == [41, 42]
    assert found["conflicts"][0]["suggested"] is None
    assert found["imbalance"]["labels"] == {"bad": 20, "good": 22}
    assert found["imbalance"]["class_weights_offered"] is False
    assert main(["labels", str(table), "--fix", str(out)]) == 2, "nothing has been filled in yet"
    assert "No label would change" in capfd.readouterr().err
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    rows[0]["new_label"] = "bad"
    with out.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    assert main(["labels", str(table), "--fix", str(out), "--json"]) == 0
    fixed = json.loads(capfd.readouterr().out)
    assert fixed["changed"] == 1 and fixed["parent"] == found["corpus"]
    new, old = load(fixed["corpus"]), load(fixed["parent"])
    assert (new.labels != old.labels).sum() == 1 and new.label_names[new.labels[WRONG]] == "bad"


@pytest.mark.parametrize(
    "content, hint",
    [
        ("place,label\n1,bad\n2,good\n", "lacks the column"),
        ("position,new_label\none,bad\ntwo,good\n", "not a whole number"),
        ("position,new_label\n1,dreadful\n", "none of the labels"),
        ("position,new_label\n4000,bad\n", "no text at position"),
    ],
)
def test_corrections_that_do_not_fit_are_a_sentence(
    home, table: Path, tmp_path: Path, content: str, hint: str, capfd: pytest.CaptureFixture[str]
) -> None:
    wrong = tmp_path / "wrong.csv"
    wrong.write_text(content)
    assert main(["labels", str(table), "--fix", str(wrong)]) == 2
    said = capfd.readouterr()
    assert hint in said.err and said.out == "" and "Traceback" not in said.err


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (("--texts", "-5"), "--texts is -5"),
        (("--texts", "0"), "--texts is 0"),
        (("--out", "z.docx"), "ends neither in .csv nor in .parquet"),
    ],
)
def test_a_bad_request_is_a_sentence(
    home, table: Path, given: tuple[str, ...], says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["labels", str(table), *given, "--json"]) == 2
    told = capfd.readouterr()
    assert says in told.err and not told.out and "Traceback" not in told.err
