from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from xfer_core import engine

HELPERS = Path(__file__).parent / "helpers"


@pytest.fixture(scope="module", autouse=True)
def helpers() -> Iterator[None]:
    """Fresh helper processes for each file of tests, who find the functions they are to call."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(HELPERS))
        engine.close()
        yield
        engine.close()
