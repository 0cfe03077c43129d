"""The head grid and the map in a real browser: what mouse and keys do, and what the address keeps."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visit
from xfer_core import corpora
from xfer_core.corpora import synthetic

SLOW = 180_000


def click(canvas: Locator, x: float, y: float) -> None:
    box = canvas.bounding_box()
    assert box is not None
    canvas.click(position={"x": box["width"] * x, "y": box["height"] * y})


def painted(canvas: Locator) -> int:
    """How many different colours a canvas shows."""
    read = "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer"
    return int(canvas.evaluate(f"c => new Set(new Uint32Array(({read})(c))).size"))


def heads(page: Page) -> tuple[Locator, Locator, Locator]:
    grid, matrix, title = page.locator("canvas.grid"), page.locator("canvas.map"), page.locator(".title span")
    matrix.wait_for(timeout=SLOW)
    return grid, matrix, title


def test_a_head_opens_by_keys_and_the_address_restores_it(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open("/attention")
    grid, matrix, title = heads(page)
    expect(title).to_have_text("Layer 3, head 1")
    assert painted(grid) > 100 and painted(matrix) > 50
    grid.evaluate("node => node.marked = true")
    grid.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    expect(title).to_have_text("Layer 2, head 2")
    page.wait_for_url(re.compile(r"layer=2&head=2"))
    visitor.idle()
    assert grid.evaluate("node => node.marked"), "the component was mounted anew"
    page.reload()
    expect(page.locator(".title span")).to_have_text("Layer 2, head 2", timeout=SLOW)


def test_a_row_is_read_locked_and_unlocked(visit: Visit) -> None:
    page = visit().open("/attention?text=The film was good, but the film was long.")
    _, matrix, _ = heads(page)
    reading, unlock = page.locator(".reading"), page.get_by_role("button", name="Unlock")
    click(matrix, 0.6, 0.6)
    expect(reading).to_contain_text("× uniform")
    expect(unlock).to_be_visible()
    expect(page.locator("section.row")).to_contain_text("Locked row")
    matrix.press("Escape")
    expect(unlock).to_be_hidden()
    matrix.press("ArrowDown")
    matrix.press("Enter")
    expect(unlock).to_be_visible()
    unlock.click()
    expect(unlock).to_be_hidden()


def test_another_colour_range_and_theme_repaint_without_a_rerun(visit: Visit) -> None:
    page = visit().open("/attention?layer=2&head=3")
    _, matrix, title = heads(page)
    look = "c => c.toDataURL()"
    before = matrix.evaluate(look)
    page.get_by_role("radio", name="each row").check(force=True)
    page.wait_for_timeout(200)
    by_row = matrix.evaluate(look)
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(800)
    assert len({before, by_row, matrix.evaluate(look)}) == 3
    expect(title).to_have_text("Layer 2, head 3")


def test_markup_in_a_text_stays_text(visit: Visit) -> None:
    page = visit().open("/attention?text=<img src=x onerror=alert(1)> **bold**&pair=<b>second</b>")
    heads(page)
    assert page.locator(".heads img, .heads b").count() == 0


@pytest.fixture(scope="module")
def corpus(server_home: Path) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XFER_HOME", str(server_home))
        return corpora.save(corpora.sample(synthetic.corpus(), 120, 0))


def test_the_map_moves_through_layers_and_the_address_restores_it(visit: Visit, corpus: str) -> None:
    visitor = visit()
    page = visitor.open(f"/features?corpus={corpus}&layer=2&colour=label")
    plane = page.locator(".plane canvas")
    plane.wait_for(timeout=SLOW)
    page.get_by_text("How far to trust it").wait_for(timeout=SLOW)  # the map, after its sketch
    shown, slider = page.locator(".slider output").first, page.get_by_role("slider", name="Layer", exact=True)
    expect(shown).to_have_text("Layer 2")
    expect(page.get_by_label("Colour", exact=True).locator("option:checked")).to_have_text("Label")
    before = plane.evaluate("c => c.toDataURL()")
    slider.press("ArrowRight")
    expect(shown).to_have_text("Layer 3")
    page.wait_for_url(re.compile("layer=3"))
    page.wait_for_timeout(700)
    assert plane.evaluate("c => c.toDataURL()") != before
    first = page.locator(".names button").first
    first.click()
    expect(page.locator('.names button[aria-pressed="true"]')).to_have_count(1)
    first.click()
    expect(page.locator('.names button[aria-pressed="false"]')).to_have_count(0)
    _point_at_some_text(page, plane)
    visitor.screenshot("features-map")


def _point_at_some_text(page: Page, plane: Locator) -> None:
    for step in range(1, 10):
        plane.hover(position={"x": 60 * step, "y": 280})
        if page.locator(".tip").is_visible():
            expect(page.locator(".tip")).to_contain_text("Row")
            return
    raise AssertionError("no text was shown anywhere along the middle of the map")
