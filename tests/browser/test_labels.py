"""Label problems in a real browser: a click is kept, a reload finds it, and saving makes a new version."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Server, Visit
from tests.browser.test_pages import serious
from xfer_core.corpora import Corpus, catalogue, relabel, sample, save

WRONG = 15


@pytest.fixture(scope="module")
def corpus(server: Server) -> Iterator[Corpus]:
    """Three hundred real texts, of which fifteen have been given the other label."""
    clean = sample(catalogue.first_corpus()[0], 300, seed=0)
    names = clean.label_names
    noisy = relabel(clean, {i * 20: names[1 - clean.labels[i * 20]] for i in range(WRONG)})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XFER_HOME", str(server.home))
        save(noisy)
    yield noisy


def test_a_correction_survives_a_reload_and_becomes_a_version(visit: Visit, corpus: Corpus) -> None:
    visitor = visit()
    page = visitor.open(f"/labels?corpus={corpus.id}")
    first = page.locator(f"[class*='st-key-label-{corpus.id}-']").first
    expect(first).to_be_visible(timeout=180_000)
    visitor.idle()
    visitor.screenshot("labels")
    assert serious(page) == []
    has = first.locator("label:has(input:checked)").inner_text()
    first.locator("label:has(input:not(:checked))").first.click()
    expect(page.get_by_role("button", name="Save as a new version")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Save as a new version")).to_be_visible()
    expect(first).to_be_visible()
    visitor.idle()
    assert first.locator("label:has(input:checked)").inner_text() != has
    visitor.screenshot("labels-changed")
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.get_by_text(f"Made from {corpus.id}")).to_be_visible()
    visitor.idle()
    now = re.findall(r"corpus=([a-z0-9-]+)", page.url)[0]
    assert now != corpus.id
    dark = visit(scheme="dark", locale="zh-CN")
    dark.open(f"/labels?corpus={now}")
    expect(dark.page.locator(f"[class*='st-key-label-{now}-']").first).to_be_visible(timeout=60_000)
    dark.idle()
    dark.screenshot("labels-dark-zh")
    assert serious(dark.page) == []
