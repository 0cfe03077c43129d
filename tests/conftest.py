"""What all tests share: a data folder of their own, one place for what they download, and the cores."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import Any

import pytest

from xfer_core.settings import PATIENT

SIDE_BY_SIDE = "PYTEST_XDIST_WORKER" in os.environ
"""Whether this process is one of those that ``pytest -n 2`` starts."""
# Before any test imports torch. Tests compare numbers of a processor; name a card to run them on it.
# Trainings of a sweep stay in the test's own process, where it can reach them.
DEFAULTS = {**PATIENT, "CUDA_VISIBLE_DEVICES": "", "XFER_HANDS": "1"}
if SIDE_BY_SIDE:
    DEFAULTS["OMP_NUM_THREADS"] = "1"  # the other cores have tests of their own
os.environ.update({**DEFAULTS, **os.environ})


def pytest_collection_finish() -> None:
    """What is imported by now stays: one of the full collections that follow every training took 0.3 s."""
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A file's tests share its fixtures, those of the browser one server: neither is torn apart."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return "browser" if "/browser/" in file else file

    return Scheduling(config, log)


@pytest.fixture(scope="session", autouse=True)
def session_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder for the whole session, so that no test ever touches the user's own."""
    home = tmp_path_factory.mktemp("home")
    # Session-wide fixtures read it before any function-scoped monkeypatch exists.
    os.environ["XFER_HOME"] = str(home)
    folder = tmp_path_factory.getbasetemp()
    downloads = (folder.parent if SIDE_BY_SIDE else folder) / "downloads"  # a worker's lies in the session's
    downloads.mkdir(exist_ok=True)
    (home / "downloads").symlink_to(downloads)
    return home


@pytest.fixture
def home(tmp_path: Path, session_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder for one test; downloads are shared with the session, each fetched once."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "downloads").symlink_to(session_home / "downloads")
    monkeypatch.setenv("XFER_HOME", str(folder))
    return folder
