"""The heads in a real browser: every choice is in the address and comes back, and files are what is seen."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import Visit
from tests.readings import reading
from xfer_core.charts.attention_html import page as file_of

SLOW = 120_000
HOSTILE = [
    "[CLS]", "<img src=x onerror=alert(1)>", "</script>", "😀", "שלום", "你好", "w" * 10_000,
    "\u202etxet", "[SEP]",
]  # fmt: skip


def address(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlparse(page.url).query).items()}


def pick(page: Page, name: str) -> None:
    page.locator(".heads").get_by_role("radio", name=name, exact=True).check(force=True)


def picked(page: Page, group: str) -> str:
    shown = page.locator(".heads fieldset").filter(has=page.locator("legend", has_text=group))
    return shown.locator("input:checked + span").inner_text()


def matrix(page: Page) -> Locator:
    found = page.locator("canvas.map:visible").first
    found.wait_for(timeout=SLOW)
    return found


def test_every_choice_goes_into_the_address_comes_back_and_leaves_it(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open("/attention?text=The film was good.")
    matrix(page)
    choices = [
        ("Colour range", "range", "each row", "row", "all heads"),
        ("Scale", "scale", "logarithm", "log", "square root"),
        ("Drawn as", "drawing", "lines", "lines", "matrix"),
    ]
    for group, name, words, code, _ in choices:
        pick(page, words)
        page.wait_for_url(re.compile(f"{name}={code}"))
        assert picked(page, group) == words
    slider = page.get_by_role("slider", name="Share of each row to keep")
    slider.fill("80")
    page.wait_for_url(re.compile("mass=80"))
    page.locator("canvas.map").click(position={"x": 20, "y": 60})  # the label of a row of the line view
    page.wait_for_url(re.compile("row="))
    kept = address(page)
    page.reload()
    matrix(page)
    for group, _, words, _, _ in choices:
        assert picked(page, group) == words
    expect(page.locator(".mass output")).to_contain_text("80%")
    expect(page.get_by_role("button", name="Unlock")).to_be_visible()
    assert address(page) == kept
    for *_, first in choices:
        pick(page, first)
    page.get_by_role("slider", name="Share of each row to keep").fill("100")
    page.get_by_role("button", name="Unlock").click()
    page.wait_for_function("!/range=|scale=|drawing=|mass=|row=|column=/.test(location.search)")
    page.reload()
    matrix(page)
    for group, _, _, _, first in choices:
        assert picked(page, group) == first
    expect(page.get_by_role("button", name="Unlock")).to_be_hidden()


def test_words_and_hidden_tokens_come_back_and_leave(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open("/attention?text=Unbelievably good, really.&by=word&hide=special,punctuation")
    matrix(page)
    expect(page.locator(".notes")).to_contain_text("punctuation")
    for words in ("word pieces", "nothing"):
        page.locator("[data-testid=stRadio] label", has_text=re.compile(f"^{words}$")).click()
        visitor.idle()
    page.wait_for_function("!/by=|hide=/.test(location.search)")
    expect(page.locator(".notes")).not_to_contain_text("punctuation")


@pytest.fixture
def offline(browser: Browser) -> Iterator[Page]:
    """A page without a network; whatever goes wrong on it fails the test."""
    context = browser.new_context(
        viewport={"width": 1440, "height": 900}, offline=True, accept_downloads=True
    )
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("dialog", lambda dialog: (wrong.append("a script ran"), dialog.dismiss()))
    yield page
    context.close()
    assert not wrong


def shown(page: Page, folder: Path, text: str) -> None:
    (folder / "heads.html").write_text(text, encoding="utf-8")
    page.goto((folder / "heads.html").as_uri())
    matrix(page)


@pytest.mark.parametrize(("renormalise", "held"), [(False, "50%"), (True, "100%")])
@pytest.mark.parametrize("scale", [1.0, 8.0])
def test_what_keys_hold_is_of_the_whole_row(
    offline: Page, tmp_path: Path, renormalise: bool, held: str, scale: float
) -> None:
    """Half of each row goes to hidden tokens, whether a row sums to 1 or, as lengths do, to anything."""
    tokens = ["[CLS]", "a", "b", "[SEP]"]
    weights = np.broadcast_to(scale * np.array([0.25, 0.4, 0.1, 0.25], np.float32), (1, 1, 4, 4)).copy()
    read = reading(tokens, shape=(1, 1), weights=weights, measure="weight" if scale == 1 else "norm")
    shown(offline, tmp_path, file_of(
        read, shaping={"hide": frozenset({"special"}), "renormalise": renormalise}, look={"row": 2},
    ))  # fmt: skip
    expect(offline.locator(".bars li").last).to_contain_text(f"Σ {held}")
    expect(offline.get_by_text(f"2 keys hold {held} of it")).to_be_visible()


def test_a_file_opens_offline_as_it_was_left_and_gives_what_is_seen(offline: Page, tmp_path: Path) -> None:
    look = {"layer": 2, "head": 1, "row": 6, "column": 2, "scale": "log", "mass": 75}
    shown(offline, tmp_path, file_of(reading(HOSTILE), look=look))
    expect(offline.locator(".title span")).to_have_text("Layer 2, head 1")
    assert picked(offline, "Scale") == "logarithm"
    expect(offline.locator(".rowTitle, section.row > p").first).to_contain_text("你好")
    with offline.expect_download() as svg:
        offline.get_by_role("button", name="SVG").click()
    text = Path(svg.value.path()).read_text(encoding="utf-8")
    tree = ET.fromstring(text)
    written = " ".join(each.text or "" for each in tree.iter("{http://www.w3.org/2000/svg}text"))
    assert "Layer 2, head 1" in written and "你好" in written and "</script>" in written
    assert "<script" not in text and "<img" not in text
    with offline.expect_download() as png:
        offline.get_by_role("button", name="PNG").click()
    assert Path(png.value.path()).read_bytes().startswith(b"\x89PNG")


def test_two_models_stand_side_by_side_blink_and_differ(offline: Page, tmp_path: Path) -> None:
    before = reading(HOSTILE)
    weights = np.random.default_rng(1).dirichlet(np.ones(9), size=(3, 2, 9)).astype(np.float32)
    after = reading(HOSTILE, weights=weights, model="tuned")
    shown(offline, tmp_path, file_of(after, before=before, look={"row": 1, "column": 1}))
    expect(offline.locator("canvas.map:visible")).to_have_count(2)
    one, other = (offline.locator("canvas.map").nth(at).bounding_box() for at in (0, 1))
    assert one["y"] == other["y"] and one["x"] < other["x"]
    offline.locator(".heads").get_by_role("radio", name="difference").check(force=True)
    expect(offline.locator("canvas.map:visible")).to_have_count(1)
    change = float(weights[1, 0, 0, 0] - before.weights[1, 0, 0, 0])
    told = float(offline.locator(".reading strong").inner_text().replace("−", "-"))
    assert told == pytest.approx(change, abs=0.02) and change != pytest.approx(0, abs=0.02)
    offline.locator(".heads").get_by_role("radio", name="blinking").check(force=True)
    name = offline.locator(".name:visible")
    expect(name).to_have_text("tuned")
    expect(name).to_have_text("bundled:minilm")
