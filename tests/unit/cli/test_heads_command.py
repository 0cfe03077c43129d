"""``xfer heads``: what cannot be asked is a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from xfer_core.cli import main


@pytest.mark.parametrize("before", [(), ("--before", "bundled:minilm")])
@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("--texts", "0", "0 texts are too few"),
        ("--texts", "-5", "-5 texts are too few"),
        ("--max-length", "2", "2 tokens of a text are too few"),
    ],
)
def test_numbers_of_nothing_are_refused(home, tmp_path: Path, capsys, before, name, value, words) -> None:
    table = tmp_path / "texts.csv"
    rows = [f"Text number {place} here.,{('good', 'bad')[place % 2]}\n" for place in range(12)]
    table.write_text("text,label\n" + "".join(rows))
    assert main(["heads", "bundled:minilm", str(table), name, value, *before]) == 2
    told = capsys.readouterr().err
    assert words in told and "Traceback" not in told
