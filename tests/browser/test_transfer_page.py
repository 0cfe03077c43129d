"""The transfer page on real text: an answer in words, every matrix, files, and the form for strategies."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Server, Visit
from tests.browser.test_pages import serious
from xfer_core.corpora import Corpus, catalogue, sample, save


@pytest.fixture(scope="module")
def corpus(server: Server) -> Iterator[Corpus]:
    """A few hundred of its texts: what an answer looks like, not what it is, is looked at here."""
    drawn = sample(catalogue.first_corpus()[0], 480, seed=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XFER_HOME", str(server.home))
        save(drawn)
    yield drawn


def test_a_layer_is_named_and_every_matrix_can_be_seen_and_taken_away(visit: Visit, corpus: Corpus) -> None:
    visitor = visit()
    page = visitor.open(f"/transfer?corpus={corpus.id}&read=50&lang=en")
    expect(page.get_by_role("heading", name=re.compile("travels best"))).to_be_visible(timeout=180_000)
    for picture in ("by-layer", "drawn"):
        expect(page.locator(f".st-key-{picture} .js-plotly-plot").first).to_be_visible()
    page.get_by_text("best layer of every pair").click()
    expect(page.locator(".st-key-drawn-best .js-plotly-plot").first).to_be_visible()
    assert "matrix=best" in page.url
    expect(page.get_by_role("button", name="Tune in every domain")).to_be_enabled(timeout=60_000)
    # the speed of the machine, too: when it is known the page runs once more, and would cancel a download
    expect(page.get_by_text("if the machine does nothing else")).to_be_visible(timeout=120_000)
    visitor.idle()
    with page.expect_download() as download:
        page.get_by_role("button", name="Every cell (CSV)").click()
    lines = download.value.path().read_text().splitlines()
    assert "source" in lines[0] and any(line.count("film") for line in lines[1:])
    visitor.screenshot("transfer")
    assert serious(page) == []
    dark = visit(width=390, scheme="dark", locale="zh-CN")
    dark.open(page.url.removeprefix(visitor.url).replace("lang=en", "lang=zh"))
    expect(dark.page.locator(".st-key-drawn-best .js-plotly-plot").first).to_be_visible(timeout=60_000)
    dark.idle()
    dark.screenshot("transfer-dark-zh")
    assert serious(dark.page) == []
