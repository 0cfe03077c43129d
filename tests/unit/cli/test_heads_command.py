"""``xfer heads``: what cannot be asked is a sentence."""

from __future__ import annotations

import pytest

from xfer_core.cli import main


@pytest.mark.parametrize("arguments", [("--texts", "0"), ("--texts", "-5"), ("--max-length", "0")])
def test_numbers_of_nothing_are_refused(capsys, arguments) -> None:
    assert main(["heads", "bundled:minilm", "corpus:four-domains", *arguments]) == 2
    told = capsys.readouterr().err
    assert arguments[0] in told and "Traceback" not in told
