"""A comparison in a real browser with a real worker: from the form to an advice and the model it advises."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server, Visit
from tests.browser.test_pages import serious
from xfer_core import corpora
from xfer_core.corpora import sample, synthetic

ASKED = "strategies=head&strategies=features-4&strategies=top-1&sweep_seeds=2&sweep_lr_trials=2"
"""The form as a link fills it; 200 steps and not the 400 of a real comparison."""
LEFT_OUT = "top-1-s1"
"""The arm that is stopped: the last one in the queue, so that there is time to press its button."""


@pytest.fixture(scope="module")
def corpus(server: Server) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XFER_HOME", str(server.home))
        yield corpora.save(sample(synthetic.corpus(), 150, seed=0))


@pytest.fixture(scope="module")
def kept() -> dict[str, str]:
    """What one step leaves for the next: the address of the comparison."""
    return {}


def _stop(page: Page) -> None:
    """Press Stop until it is heard: rows change places as trainings end, and may do so under the pointer."""
    for _ in range(4):
        page.locator(f".st-key-stop-{LEFT_OUT} button").first.click()
        try:
            expect(page.locator(f".st-key-arm-{LEFT_OUT}")).to_contain_text("stopped", timeout=6_000)
        except AssertionError:
            continue
        return


def test_1_arms_appear_one_is_stopped_and_an_advice_comes(
    visit: Visit, server: Server, corpus: str, kept: dict[str, str]
) -> None:
    visitor = visit()
    page = visitor.open(f"/compare?corpus={corpus}&{ASKED}&sweep_steps=200")
    expect(page.get_by_role("button", name="Find out")).to_be_visible()
    visitor.screenshot("compare-form")
    assert serious(page) == []
    page.get_by_role("button", name="Start the comparison").click()
    page.wait_for_url(re.compile(r"/compare\?.*sweep="))
    kept["sweep"] = re.findall(r"sweep=([a-z0-9-]+)", page.url)[0]
    expect(page.locator(f".st-key-arm-{LEFT_OUT}")).to_be_visible(timeout=90_000)
    expect(page.locator(".st-key-live-evidence .js-plotly-plot").first).to_be_visible()

    # One tab stops an arm, and another one shows it; both are closed, and the server goes and comes.
    _stop(page)
    other = visit().open(f"/compare?sweep={kept['sweep']}")
    for tab in (other, page):
        expect(tab.locator(f".st-key-arm-{LEFT_OUT}")).to_contain_text("stopped")
    visitor.screenshot("compare-live")
    assert serious(page) == []
    other.close()
    page.close()
    server.stop()
    server.start()
    visitor = visit()
    page = visitor.open(f"/compare?sweep={kept['sweep']}")

    expect(page.get_by_role("heading", name="The comparison", exact=True)).to_be_visible(timeout=240_000)
    expect(page.locator(".st-key-advice")).to_contain_text("Advice")
    visitor.idle()
    visitor.screenshot("compare-result")
    assert serious(page) == []


def test_2_every_picture_has_an_address_and_back_leads_back(visit: Visit, kept: dict[str, str]) -> None:
    visitor = visit(width=390, scheme="dark")
    page = visitor.open(f"/compare?sweep={kept['sweep']}")
    expect(page.locator(".st-key-depth .js-plotly-plot").first).to_be_visible()
    page.get_by_text("Texts they differ on", exact=True).click()
    expect(page.get_by_text("Read right by")).to_be_visible()
    assert "show=texts" in page.url and f"sweep={kept['sweep']}" in page.url
    page.get_by_text("Quality against cost", exact=True).click()
    expect(page.locator(".st-key-pareto .js-plotly-plot").first).to_be_visible()
    page.go_back()
    expect(page.get_by_text("Read right by")).to_be_visible()
    for show in ("cost", "curves", "classes", "shift"):
        visitor.open(f"/compare?sweep={kept['sweep']}&show={show}")
        expect(page.locator(".js-plotly-plot").first).to_be_visible()
        visitor.screenshot(f"compare-{show}-dark")
    assert serious(page) == []


def test_3_the_comparison_is_taken_away_and_its_model_is_used(
    visit: Visit, kept: dict[str, str], tmp_path: Path
) -> None:
    visitor = visit()
    page = visitor.open(f"/compare?sweep={kept['sweep']}")
    files = {}
    for name in ("Every number (CSV)", "Report with the pictures (HTML)"):
        with page.expect_download(timeout=60_000) as waiting:
            page.get_by_role("button", name=name).click()
        files[name] = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(files[name])
    arms = pd.read_csv(files["Every number (CSV)"])
    asked, always = {"head", "features-4", "top-1"}, {"tfidf", "untuned_probe"}
    # and the layer whose probe reads the validation texts best, whichever that is here
    assert set(arms["strategy"]) - {"features-0"} == asked | always
    assert arms.set_index("id")["state"][LEFT_OUT] == "stopped"
    report = files["Report with the pictures (HTML)"]
    assert report.stat().st_size < 6 * 2**20 and "<html" in report.read_text(encoding="utf-8")[:500]
    page.get_by_role("link", name="Open its run").click()
    expect(page.get_by_role("heading", name="On the test texts")).to_be_visible()
    page.go_back()
    page.get_by_role("link", name="Classify with it").click()
    expect(page.get_by_role("heading", name="Classify")).to_be_visible()
    visitor.open("/runs")
    page.locator(f".st-key-open-{kept['sweep']} button").click()
    page.wait_for_url(re.compile(rf"/compare\?.*sweep={kept['sweep']}"))
