"""``xfer ablate``: heads each in turn or together, and tokens, as the core finds them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.tiny import SENTENCES, tiny_folder
from xfer_core.attention.ablation import ablations_of
from xfer_core.attention.flow import flow_of
from xfer_core.attention.switching import switched
from xfer_core.cli import main

TEXT = SENTENCES[2]


@pytest.fixture(scope="module")
def bert_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_folder("bert", tmp_path_factory.mktemp("bert") / "tiny")


@pytest.fixture
def ask(home, bert_folder: Path, capfd):
    def asked(*arguments: str) -> dict:
        assert main(["ablate", str(bert_folder), "--text", TEXT, *arguments, "--json"]) == 0
        return json.loads(capfd.readouterr().out)

    return asked


def test_each_head_in_turn_strongest_first(ask, bert_folder: Path) -> None:
    said, found = ask(), ablations_of(str(bert_folder), TEXT)
    column = found.labels.index(found.predicted)
    sizes = [abs(row["change"][found.predicted]) for row in said["heads"]]
    assert len(sizes) == found.gradient.size and sizes == sorted(sizes, reverse=True)
    first = said["heads"][0]
    at = (first["layer"] - 1, first["head"] - 1)
    assert at == np.unravel_index(np.abs(found.change[..., column]).argmax(), found.gradient.shape)
    assert list(first["change"].values()) == pytest.approx(found.change[at])
    assert first["estimate"] == pytest.approx(found.gradient[at])
    assert said["rank_correlation"] == pytest.approx(found.rank_correlation)


def test_heads_together_with_means_over_a_table_or_as_in_another_model(
    ask, bert_folder: Path, tmp_path: Path
) -> None:
    off = [(0, 1), (2, 0)]
    said = ask("--off", "3.1, 1.2")
    assert said["off"] == ["1.2", "3.1"]
    assert said["after"] == pytest.approx(switched(str(bert_folder), TEXT, off=off).after)
    table = tmp_path / "texts.csv"
    rows = [f"Text number {place} here.,{('good', 'bad')[place % 2]}\n" for place in range(12)]
    table.write_text("text,label\n" + "".join(rows))
    own, over = (
        ask("--off", "3.1,1.2", "--how", "mean"),
        ask("--off", "3.1,1.2", "--how", "mean", "--mean-over", str(table)),
    )
    assert own["after"] == pytest.approx(switched(str(bert_folder), TEXT, off=off, how="mean").after)
    assert over["after"] != own["after"] != said["after"]
    itself = ask("--off", "3.1,1.2", "--donor", str(bert_folder))
    assert itself["after"] == pytest.approx(itself["before"], abs=1e-6)


def test_tokens(ask, bert_folder: Path) -> None:
    said, found = ask("--tokens"), flow_of(str(bert_folder), TEXT)
    assert [row["token"] for row in said["tokens"]] == found.tokens
    assert [row["masked"] for row in said["tokens"]] == pytest.approx(found.removed)
    assert said["rank_correlations"].keys() == found.correlations.keys() and said["steps"] == 50


def test_for_people_and_for_mistakes(home, bert_folder: Path, capfd) -> None:
    asked = ["ablate", str(bert_folder), "--text", TEXT]
    for more, words in (
        ([], "rank correlation"), (["--off", "1.1"], "as many random heads"), (["--tokens"], "mask tokens"),
    ):  # fmt: skip
        assert main([*asked, *more]) == 0
        assert words in capfd.readouterr().out
    for heads, words in (
        ("", "list of heads"),
        ("a.b", "list of heads"),
        ("1", "list of heads"),
        ("9.1", "no head 9.1"),
    ):
        assert main([*asked, "--off", heads]) == 2
        said = capfd.readouterr().err
        assert words in said and "Traceback" not in said


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--off", "1.1", "--mean-over", "texts.csv"], "--mean-over does nothing with --how zero"),
        (["--off", "1.1", "--tokens"], "--off does nothing with --tokens"),
    ],
)
def test_what_would_change_nothing_is_refused(home, bert_folder: Path, capfd, more, words) -> None:
    assert main(["ablate", str(bert_folder), "--text", TEXT, *more]) == 2
    assert words in capfd.readouterr().err
