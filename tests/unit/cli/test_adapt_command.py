"""``xfer adapt``: both kinds of method through one command, and what each does not take."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest

from xfer_core import runs
from xfer_core.cli import main
from xfer_core.corpora import synthetic


@pytest.fixture
def table(home, tmp_path):
    corpus = synthetic.corpus()
    frame = corpus.table()
    first = frame[frame["domain"].isin(corpus.domain_names[:2])]
    path = tmp_path / "two.csv"
    pd.concat([first.groupby(["domain", "label"]).head(12)]).to_csv(path, index=False)
    return str(path), *corpus.domain_names[:2]


def ran(capsys, *arguments):
    code = main(["adapt", *arguments, "--json"])
    out, err = capsys.readouterr()
    return code, json.loads(out) if out else None, err


def test_a_method_on_features_says_before_and_after(table, capsys):
    path, source, target = table
    code, said, _ = ran(
        capsys, path, "--source", source, "--target", target, "--method", "coral", "--layer", "3"
    )
    assert code == 0 and (said["method"], said["layer"], said["layers"]) == ("coral", 3, [3])
    for when, row in (("before", 0), ("after", said["methods"].index("coral"))):
        assert said[when]["target"]["macro_f1"] == said["macro_f1"][row][0]
        assert said[when]["source"]["macro_f1"] == said["source_macro_f1"][row][0]
    assert said["seconds"] > 0 and "layer 3" in said["words"][0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--target", "moon"), "no domain “moon”"),
        (("--method", "dann", "--layer", "3"), "does not take --layer"),
        (("--method", "coral", "--steps", "3"), "does not take --steps"),
        (("--method", "magic"), "magic"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(table, capsys, arguments, words):
    path, source, target = table
    code, said, err = ran(capsys, path, "--source", source, "--target", target, *arguments)
    assert code == 2 and said is None and words in err and "Traceback" not in err


def test_training_methods_become_a_run(table, capsys, monkeypatch):
    path, source, target = table
    seen = {}

    def run_here(run, body, report):
        seen.update(kind=runs.get(run).kind, config=runs.get(run).config, body=body.__module__)
        return replace(runs.get(run), state="stopped")

    monkeypatch.setattr(runs, "run_here", run_here)
    code, _, err = ran(
        capsys, path, "--source", source, "--target", target, "--method", "dann,mmd", "--steps", "5"
    )
    assert code == 130 and "kept in run" in err
    assert (seen["kind"], seen["body"]) == ("adaptation", "xfer_core.adaptation.worker")
    assert seen["config"]["methods"] == ["source-only", "dann", "mmd"] and seen["config"]["steps"] == 5
