"""What all tests share: a data folder of their own, and one place for the corpora they download."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from xfer_core.settings import PATIENT

# Before any test imports torch. Tests compare numbers of a processor; name a card to run them on it.
# Trainings of a sweep stay in the test's own process, where it can reach them.
os.environ.update({**PATIENT, "CUDA_VISIBLE_DEVICES": "", "XFER_HANDS": "1", **os.environ})


@pytest.fixture(scope="session", autouse=True)
def session_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder for the whole session, so that no test ever touches the user's own."""
    home = tmp_path_factory.mktemp("home")
    # Session-wide fixtures read it before any function-scoped monkeypatch exists.
    os.environ["XFER_HOME"] = str(home)
    (home / "downloads").mkdir()
    return home


@pytest.fixture
def home(tmp_path: Path, session_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder for one test; downloads are shared with the session, each fetched once."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "downloads").symlink_to(session_home / "downloads")
    monkeypatch.setenv("XFER_HOME", str(folder))
    return folder
