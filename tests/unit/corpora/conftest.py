"""Real corpora, fetched once a session, and a helper that writes a table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from xfer_core.corpora import catalogue
from xfer_core.corpora.corpus import Corpus


@pytest.fixture(scope="session")
def sample(session_home: Path) -> Callable[[str], Corpus]:
    """``sample(name)``: a corpus of the catalogue, from the session's own downloads."""
    known: dict[str, Corpus] = {}

    def get(name: str) -> Corpus:
        if name not in known:
            known[name] = catalogue.fetch(name)
        return known[name]

    return get


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    """``put(content, name)``: a file with this text (UTF-8) or these bytes."""

    def write(content: str | bytes, name: str = "table.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write
