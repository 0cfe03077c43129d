"""``xfer profile``: what it promises to people who script, on a table that is hardly large enough."""

from __future__ import annotations

import json

import pytest

from xfer_core.cli import main
from xfer_core.corpora import synthetic


@pytest.fixture
def table(home, tmp_path):
    path = tmp_path / "reviews.csv"
    synthetic.corpus().table().groupby(["label", "domain"]).head(12).to_csv(path, index=False)
    return path


def test_one_object_with_a_row_a_layer(table, capsys):
    done = main(["profile", "bundled:minilm", str(table), "--domain", "domain", "--label", "label", "--json"])
    assert done == 0
    [line] = capsys.readouterr().out.splitlines()
    found = json.loads(line)
    assert [row["layer"] for row in found["layers"]] == list(range(7))
    assert {"task_macro_f1", "domain_accuracy", "transfer_macro_f1"} <= set(found["layers"][0])
    assert found["travels_best"] in range(7) and found["n"] == 96 and found["pairs"] == 12


def test_people_read_a_table_and_sentences(table, capsys):
    arguments = ["profile", "bundled:minilm", str(table), "--domain", "domain", "--label", "label"]
    assert main([*arguments, "--per-class", "6"]) == 0
    shown = capsys.readouterr().out
    assert shown.splitlines()[0].split() == [
        "layer",
        "task",
        "shuffled",
        "domain",
        "A-dist.",
        "transfer",
        "behind",
        "LogME",
    ]
    assert "travels best" in shown or "shuffled labels" in shown
    assert main(["profile", "bundled:minilm", "no-such.csv"]) == 2
