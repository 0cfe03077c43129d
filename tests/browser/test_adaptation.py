"""Adaptation in a real browser, on the real four-domain corpus: a verdict in words, pictures, all pairs."""

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
    """A few hundred of its texts: what a verdict looks like, not what it is, is looked at here."""
    drawn = sample(catalogue.first_corpus()[0], 640, seed=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XFER_HOME", str(server.home))
        save(drawn)
    yield drawn


def test_a_pair_is_judged_and_every_pair_can_be(visit: Visit, corpus: Corpus) -> None:
    visitor = visit()
    source, target = corpus.domain_names[:2]
    page = visitor.open(f"/adaptation?corpus={corpus.id}&source={source}&target={target}&method=coral")
    expect(page.get_by_role("heading", name=re.compile("^CORAL: "))).to_be_visible(timeout=180_000)
    for picture in ("before-after", "places", "gains"):
        expect(page.locator(f".st-key-{picture} .js-plotly-plot").first).to_be_visible()
    visitor.idle()
    visitor.screenshot("adaptation")
    assert serious(page) == []
    page.get_by_text("Try every pair").click()
    expect(page.get_by_text(re.compile("hurts least on layer"))).to_be_visible(timeout=180_000)
    assert "pairs=" in page.url
    dark = visit(width=390, scheme="dark", locale="zh-CN")
    dark.open(page.url.removeprefix(visitor.url))
    expect(dark.page.locator(".st-key-pairs-picture .js-plotly-plot").first).to_be_visible(timeout=60_000)
    dark.idle()
    dark.screenshot("adaptation-dark-zh")
    assert serious(dark.page) == []
