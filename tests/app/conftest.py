"""Pages without a browser: the shell is run by AppTest, the engine by a stand-in where a test gives one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from xfer_core import engine
from xfer_core.engine import Job
from xfer_core.runs import queue, store
from xfer_core.ui import server, waiting
from xfer_core.ui.navigation import entry

OpenPage = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def fresh(home: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty data folder, nothing cached, and no kernels compiled in the background."""
    monkeypatch.setattr(waiting, "prepare_maps", lambda: None)
    yield
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def open_page() -> OpenPage:
    """``open_page("data", lang="zh", corpus=…)``: the page as a cold link opens it."""

    def open_page(key: str = "home", **query: str) -> AppTest:
        test = AppTest.from_file(server.SHELL, default_timeout=30)
        for name, value in query.items():
            test.query_params[name] = value
        if key != "home":
            # switch_page knows our addresses only after a run of Home, which a cold link does not need.
            test._page_hash = calc_hash(entry(key).path)
        return test.run()

    return open_page


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Give results, or exceptions, by function name; the engine then answers at once with them."""
    given: dict[str, Any] = {}

    def submit(function: str, *, lane: str = "quick", **values: Any) -> Job:
        job = Job(engine.key(function, **values), function, values)
        answer = given[function.partition(":")[2]]
        if answer is None:
            job.begin()
            job.hear(0.25, "Reading texts", 10.0)
        elif isinstance(answer, Exception):
            job.fail(answer)
        else:
            job.finish(answer)
        return job

    monkeypatch.setattr(engine, "submit", submit)
    return given


@pytest.fixture
def submitted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any], str]]:
    """What was submitted as a run: kind, config, module; no process is started."""
    asked: list[tuple[str, dict[str, Any], str]] = []

    def submit(kind: str, config: dict[str, Any], name: str, module: str) -> Any:
        asked.append((kind, dict(config), module))
        return store.create(kind, config, name)

    monkeypatch.setattr(queue, "submit", submit)
    return asked
