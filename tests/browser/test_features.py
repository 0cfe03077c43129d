"""The map on real text in a real browser: what mouse, keys, address and files do."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visit, Visitor
from xfer_core import corpora
from xfer_core.corpora import Corpus, catalogue
from xfer_core.progress import silent

SLOW = 180_000
HOSTILE = "<img src=x onerror=alert(1)> **bold**"


@pytest.fixture(scope="module")
def corpus(server_home: Path) -> str:
    """The four domains, small, with a label and a text that want to be markup."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XFER_HOME", str(server_home))
        some = corpora.sample(catalogue.fetch("four-domains", silent), 240, 0)
        frame = some.frame.copy()
        frame.loc[0, "text"] = HOSTILE
        names = (HOSTILE, *some.label_names[1:])
        return corpora.save(Corpus("four", frame, names, some.domain_names, some.source))


def mapped(visitor: Visitor, address: str) -> tuple[Page, Locator]:
    """The page at *address* once its map, not only the sketch, is there."""
    page = visitor.open(address)
    page.locator(".plane canvas").first.wait_for(timeout=SLOW)
    page.get_by_text("How far to trust it").wait_for(timeout=SLOW)
    visitor.idle()
    return page, page.locator(".plane canvas")


def look(canvas: Locator) -> str:
    return str(canvas.first.evaluate("c => c.toDataURL()"))


def test_a_line_round_texts_lists_them_and_makes_a_corpus(visit: Visit, corpus: str) -> None:
    visitor = visit()
    page, plane = mapped(visitor, f"/features?corpus={corpus}&texts=250")
    page.get_by_role("button", name="Lasso").click()
    box = plane.first.bounding_box()
    assert box is not None
    corners = [(0.02, 0.02), (0.98, 0.02), (0.98, 0.98), (0.02, 0.98)]
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=4)
    page.mouse.up()
    expect(page.get_by_role("heading", name=re.compile("Chosen texts"))).to_be_visible()
    page.locator(".st-key-make-corpus button").click()
    expect(page.get_by_text("Saved as")).to_be_visible()
    before = look(plane)
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.get_by_role("heading", name=re.compile("Chosen texts"))).to_have_count(0)
    assert look(plane) != before or "Chosen" not in page.locator(".tools").inner_text()


def test_the_legend_chooses_by_keys_alone(visit: Visit, corpus: str) -> None:
    visitor = visit()
    page, _ = mapped(visitor, f"/features?corpus={corpus}&texts=250&colour=domain")
    name = page.locator(".names button").first
    name.focus()
    page.keyboard.press("Enter")
    expect(page.locator('.names button[aria-pressed="true"]')).to_have_count(1)
    choose = page.get_by_role("button", name=re.compile("Choose these .* texts"))
    choose.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=re.compile("Chosen texts"))).to_be_visible()
    visitor.idle()


def test_two_layers_beside_each_other_come_back_from_the_address(visit: Visit, corpus: str) -> None:
    visitor = visit()
    query = "texts=250&layer=1&right=6&show=two&movement=1&colour=length&shape=label&find=e"
    page, plane = mapped(visitor, f"/features?corpus={corpus}&{query}")
    expect(plane).to_have_count(2)
    expect(page.locator(".plane-title").nth(0)).to_have_text("Layer 1")
    expect(page.locator(".plane-title").nth(1)).to_have_text("Layer 6")
    expect(page.locator(".range .ends")).to_contain_text("≥")
    expect(page.get_by_role("button", name="Movement")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text("Moved further than a restart")).to_be_visible()
    expect(page.get_by_role("heading", name="What moved")).to_be_visible()
    box = plane.nth(0).bounding_box()
    assert box is not None
    still = plane.nth(1).evaluate("c => c.toDataURL()")
    for step in range(4, 37):  # until a text is under the mouse: it is ringed on the other map too
        plane.nth(0).hover(position={"x": box["width"] * step / 40, "y": box["height"] / 2})
        if page.locator(".tip:visible").count():
            break
    expect(page.locator(".tip:visible")).to_contain_text("Row")
    page.wait_for_timeout(200)
    assert plane.nth(1).evaluate("c => c.toDataURL()") != still
    page.get_by_role("slider", name="Layer", exact=True).press("ArrowRight")
    page.wait_for_url(re.compile("layer=2"))
    assert "right=6" in page.url and "find=e" in page.url
    visitor.idle()
    visitor.screenshot("features-side-by-side")


def test_names_and_texts_that_want_to_be_markup_stay_text(visit: Visit, corpus: str) -> None:
    visitor = visit(scheme="dark")
    page, _ = mapped(visitor, f"/features?corpus={corpus}&texts=250&colour=label&near=0&find=onerror")
    expect(page.locator(".names")).to_contain_text("<img")
    expect(page.locator(".js-plotly-plot").first).to_be_visible(timeout=SLOW)
    assert page.locator(".view img, .js-plotly-plot img, .view b").count() == 0
    page.locator(".st-key-placing summary").click()
    page.locator(".st-key-place textarea").fill(f"{HOSTILE}\nA film to love")
    page.locator(".st-key-place textarea").press("Control+Enter")
    expect(page.locator(".placed li")).to_have_count(2, timeout=SLOW)
    expect(page.locator(".placed")).to_contain_text(HOSTILE)
    visitor.screenshot("features-dark")


def test_files_hold_what_is_seen(visit: Visit, corpus: str, tmp_path: Path) -> None:
    visitor = visit()
    page, plane = mapped(visitor, f"/features?corpus={corpus}&texts=250&colour=label")
    width = plane.first.evaluate("c => c.clientWidth")

    def saved(press: Locator) -> Path:
        with page.expect_download(timeout=60_000) as wait:
            press.click()
        path = tmp_path / wait.value.suggested_filename
        wait.value.save_as(path)
        return path

    png = saved(page.get_by_role("button", name="Save what is seen as PNG")).read_bytes()
    assert png[:4] == b"\x89PNG" and int.from_bytes(png[16:20], "big") == width + 32
    drawn = ElementTree.parse(saved(page.get_by_role("button", name="Save what is seen as SVG"))).getroot()
    assert len(drawn.findall(".//{http://www.w3.org/2000/svg}use")) >= 200
    assert HOSTILE in " ".join(drawn.itertext())
    table = saved(page.locator('[class*="st-key-download-points"] button'))
    rows = list(csv.DictReader(table.open(encoding="utf-8-sig", newline="")))
    assert len(rows) == 240 and {"text", "label", "x_0", "y_6"} <= rows[0].keys()
    alone = saved(page.locator('[class*="st-key-download-map"] button'))
    other = visitor.context.new_page()
    wrong: list[str] = []
    other.on("pageerror", lambda error: wrong.append(str(error)))
    other.on("request", lambda asked: wrong.append(asked.url) if asked.url.startswith("http") else None)
    other.goto(alone.as_uri())
    expect(other.locator(".names button")).to_have_count(2)
    pixels = "c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer"
    expect(other.locator(".plane canvas")).to_be_visible()
    other.wait_for_timeout(500)
    assert other.locator(".plane canvas").evaluate(f"c => new Set(new Uint32Array({pixels})).size") > 5
    assert wrong == [] and other.locator("img").count() == 0
    assert json.loads(other.locator("#header").inner_text())["colour"] == "label"
