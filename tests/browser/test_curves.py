"""The live curves in a real browser: they move by themselves, keep what the reader did, and end the wait."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server, Visit
from tests.browser.test_pages import serious
from xfer_core import corpora
from xfer_core.runs import events, store, worker
from xfer_core.training import settings


@dataclass
class Scripted:
    """A run of this process that writes a point for every ``tell`` and ends at ``end``."""

    id: str
    told: int = 0
    over: bool = False

    def tell(self, loss: float = 0.5) -> None:
        self.told += 10
        point = {
            "step": self.told, "train_loss": loss, "validation_loss": loss + 0.1, "train_accuracy": 0.9,
            "validation_accuracy": 0.8, "validation_macro_f1": 0.5 + self.told / 1000,
        }  # fmt: skip
        folder = store.folder(self.id)
        events.append(folder, {"kind": "metric", **point})
        events.append(folder, {"kind": "progress", "step": self.told, "steps": 100, "seconds_left": 42.0})

    def body(self, job: worker.Job) -> None:
        job.phase("Training")
        while not (self.over or job.stop_requested()):
            time.sleep(0.05)


@pytest.fixture
def run(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    monkeypatch.setenv("XFER_HOME", str(server.home))
    frame = pd.DataFrame({"text": list("abcdefgh"), "label": [0, 1] * 4, "domain": 0, "row": range(8)})
    frame["split"] = ["train", "train", "train", "train", "validation", "validation", "test", "test"]
    corpus = corpora.save(corpora.Corpus("scripted", frame, ("no", "yes")))
    scripted = Scripted(store.create("train", settings.request(settings.validate({}), corpus), "scripted").id)
    thread = threading.Thread(target=worker.run_here, args=(scripted.id, scripted.body))
    thread.start()
    while store.get(scripted.id).state == "queued":
        time.sleep(0.02)
    yield scripted
    scripted.over = True
    thread.join()
    store.delete(scripted.id)


def loss(page: Page) -> str:
    return page.locator(".panels canvas").first.get_attribute("aria-label") or ""


def test_moves_by_itself_keeps_the_zoom_and_ends_in_results(run: Scripted, visit: Visit) -> None:
    visitor = visit()
    run.tell(0.9)
    page = visitor.open(f"/runs?run={run.id}")
    picture = page.locator(".panels canvas").first
    expect(picture).to_have_attribute(
        "aria-label", "Loss. Step 10, training 0.9000, validation 1.0000, best at step 10"
    )
    expect(page.locator(".status")).to_contain_text("step 10 of 100")
    for value in (0.7, 0.6, 0.5):
        run.tell(value)
    expect(page.get_by_text("step 40 of 100")).to_be_visible()
    # Zoom by a drag over steps 10 to 30 or so; it outlives the points that come after it.
    reset = page.get_by_role("button", name="Show all steps")
    expect(reset).to_be_hidden()
    box = picture.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.15, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.35, box["y"] + 100, steps=4)
    page.mouse.up()
    expect(reset).to_be_visible()
    run.tell(0.4)
    expect(page.get_by_text("step 50 of 100")).to_be_visible()
    expect(reset).to_be_visible()
    picture.dblclick()
    expect(reset).to_be_hidden()
    # The page itself has not run again, and does so once when the run has ended.
    expect(page.get_by_role("button", name="Stop and keep")).to_be_visible()
    run.over = True
    expect(page.get_by_role("button", name="Stop and keep")).to_be_hidden()
    expect(page.get_by_text("finished", exact=True)).to_be_visible()
    visitor.idle()  # what is being replaced is drawn pale
    assert serious(page) == []


def test_a_loss_that_is_no_number_is_shown_as_such(run: Scripted, visit: Visit) -> None:
    for value in (0.9, math.nan, math.inf):
        run.tell(value)
    page = visit(width=390, scheme="dark").open(f"/runs?run={run.id}")
    expect(page.locator(".panels canvas").first).to_have_attribute(
        "aria-label", "Loss. Step 30, training ∞, validation ∞, best at step 10"
    )
    page.get_by_text("The numbers as a table").click()
    cells = page.locator("details tr").nth(2).locator("td")
    expect(cells.nth(1)).to_have_text("NaN")
    expect(page.locator("details tr").nth(1).locator("td").nth(1)).to_have_text("0.9000")


def test_the_keyboard_reads_every_point(run: Scripted, visit: Visit) -> None:
    for value in (0.9, 0.8, 0.7):
        run.tell(value)
    page = visit().open(f"/runs?run={run.id}")
    picture = page.locator(".panels canvas").first
    expect(picture).to_have_attribute(
        "aria-label", "Loss. Step 30, training 0.7000, validation 0.8000, best at step 30"
    )
    picture.focus()
    picture.press("ArrowLeft")
    assert "Step 30" in loss(page)
    picture.press("ArrowLeft")
    assert "Step 20, training 0.8000" in loss(page)


def test_goes_on_after_the_server_was_restarted(run: Scripted, server: Server, visit: Visit) -> None:
    visitor = visit()
    run.tell(0.9)
    page = visitor.open(f"/runs?run={run.id}")
    expect(page.locator(".status")).to_contain_text("step 10 of 100")
    server.stop()
    run.tell(0.8)
    server.start()
    expect(page.locator(".status")).to_contain_text("step 20 of 100")
    assert "training 0.8000" in loss(page)
    visitor.wrong.clear()  # the browser logs every request that the stopped server did not answer
    page.get_by_role("button", name="Stop and keep").click()
    expect(page.get_by_text("stopped", exact=True)).to_be_visible()
    visitor.wrong.clear()
