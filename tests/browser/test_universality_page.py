"""The universality page on real text: an answer in words, its picture, and both files."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import Server, Visit
from xfer_core import corpora
from xfer_core.corpora import catalogue


def test_a_layer_is_named_on_real_text_and_all_can_be_taken_away(
    visit: Visit, server: Server, monkeypatch
) -> None:
    monkeypatch.setenv("XFER_HOME", str(server.home))
    corpus = corpora.save(catalogue.first_corpus()[0])
    visitor = visit()
    page = visitor.open(f"/universality?corpus={corpus}&read=50&lang=en")
    expect(page.get_by_role("heading", name=re.compile("travels? best"))).to_be_visible(timeout=120_000)
    visitor.idle()
    expect(page.get_by_text("travels best: layer")).to_be_visible()
    page.get_by_text("What each measure is").click()
    expect(page.locator(".katex").first).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="All numbers (CSV)").click()
    assert download.value.path().read_text().startswith("layer,task_macro_f1")
    with page.expect_download() as download:
        page.get_by_role("button", name="Words and pictures (HTML)").click()
    assert b"travels best" in download.value.path().read_bytes()
    visitor.screenshot("universality")
