"""``xfer attention``: what is read, how it is shaped, and that the file opens on what was asked."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.readings import reading
from xfer_core.attention import reading as core
from xfer_core.attention.shaping import BY as SHAPES
from xfer_core.cli import main
from xfer_core.cli.attention import BY, MEASURES

TOKENS = ["[CLS]", "jump", "##ing", ".", "[SEP]"]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """What the core was asked for: model and options of each reading."""
    seen: list[tuple[str, dict[str, Any]]] = []

    def read(model: str, text: str, pair: str | None = None, **options: Any) -> core.AttentionReading:
        seen.append((model, options))
        return reading(TOKENS if model != "other" else ["[CLS]", "x"], model=model)

    monkeypatch.setattr(core, "read", read)
    return seen


def result(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["attention", "some", "--text", "Jumping.", *arguments, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def header(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(re.search(r'id="header">(.*?)</script>', path.read_text(), re.S)[1])
    return found


def test_choices_are_those_of_the_core() -> None:
    assert (core.MEASURES, SHAPES) == (MEASURES, BY)


def test_words_and_hidden_tokens(asked, capsys) -> None:
    assert result(capsys)["tokens"] == TOKENS
    told = result(
        capsys, "--by", "word", "--hide", "special,punctuation", "--measure", "norm", "--start", "3"
    )
    assert told["tokens"] == ["jump·ing"] and 0 < told["hidden"] < 1
    assert asked[-1] == ("some", {"measure": "norm", "kind": "", "start": 2})


def test_the_page_opens_on_what_was_asked_and_compares(asked, capsys, tmp_path: Path) -> None:
    out = tmp_path / "a.html"
    result(capsys, "--before", "base", "--layer", "2", "--head", "1", "--hide", "special", "--out", str(out))
    told = header(out)
    assert (told["layer"], told["head"], told["marginals"]) == (2, 1, ["special"])
    assert [each["name"] for each in told["maps"]] == ["base", "some"]


def test_numbers_leave_as_they_were_read(asked, capsys, tmp_path: Path) -> None:
    out = tmp_path / "a.npz"
    result(capsys, "--by", "word", "--out", str(out))
    assert np.load(out)["weights"].shape == (3, 2, 5, 5)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--hide", "verbs"), ("--before", "other", "--out", "a.html"), ("--out", "a.png"),
        ("--before", "base", "--out", "a.npz"), ("--layer", "4", "--out", "a.html"), ("--head", "0"),
        ("--start", "0"), ("--start", "6"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_a_sentence(asked, capsys, tmp_path, monkeypatch, arguments) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["attention", "some", "--text", "Jumping.", *arguments]) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_picture_without_a_token_is_not_written(monkeypatch, capsys, tmp_path: Path) -> None:
    monkeypatch.setattr(core, "read", lambda *_, **__: reading(["[CLS]", ".", "[SEP]"]))
    out = tmp_path / "a.html"
    told = ["attention", "some", "--text", ".", "--hide", "special,punctuation", "--out", str(out)]
    assert main(told) == 2 and not out.exists()
    assert "hidden" in capsys.readouterr().err


def test_a_picture_may_go_to_a_new_folder(asked, capsys, tmp_path: Path) -> None:
    out = tmp_path / "new" / "a.html"
    result(capsys, "--out", str(out))
    assert header(out)["layers"] == 3
