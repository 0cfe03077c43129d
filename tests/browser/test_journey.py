"""The whole main job in a real browser: from a table of real texts to a tuned and understood classifier."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server, Visit, Visitor
from tests.browser.test_pages import serious
from xfer_core.corpora import catalogue, sample

ROWS = 600
HOSTILE = '<img src=x onerror="alert(1)"> **bold** $x^2$ :red[hi] ![](https://evil.example/x.png) =1+1'
TEXT, MOOD = "what they wrote, word for word", "mood"


@pytest.fixture(scope="module")
def table(session_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real tweets as a person might have them: an odd column name, commas, emoji, a missing label."""
    chosen = sample(catalogue.fetch("tweets"), ROWS, seed=1)
    path = tmp_path_factory.mktemp("table") / "my tweets.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["id", TEXT, MOOD])
        rows.writerow([0, HOSTILE, chosen.label_names[0]])
        for number, (text, label) in enumerate(zip(chosen.texts, chosen.labels, strict=True), start=1):
            rows.writerow([number, text + (" 😀" if number == 5 else ""), chosen.label_names[label]])
        rows.writerow([ROWS + 1, "nobody said what this is", ""])
    return path


@pytest.fixture(scope="module")
def kept() -> dict[str, str]:
    """What one step of the journey leaves for the next: ids of corpus and run."""
    return {}


def step_drawn(page: Page) -> int:
    """The last step of the live curves, as their text alternative says it; -1 before the first."""
    label = page.locator("[class*=st-key-curves-] canvas[aria-label]").first.get_attribute("aria-label")
    found = re.search(r"Step ([\d,]+)", label or "")
    return int(found[1].replace(",", "")) if found else -1


def moved_beyond(page: Page, step: int) -> int:
    for _ in range(600):
        now = step_drawn(page)
        if now > step:
            return now
        page.wait_for_timeout(100)
    raise AssertionError(f"the curve stayed at step {step}")


def test_1_show_me_gives_a_real_picture(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open("/")
    page.get_by_role("button", name="Show me").click()
    expect(page.get_by_role("heading", name=re.compile(r"layer \d travels best"))).to_be_visible(
        timeout=180_000
    )
    expect(page.locator(".st-key-transfer .js-plotly-plot").first).to_be_visible()
    expect(page.get_by_text("synthetic")).to_have_count(0)
    visitor.screenshot("home-result")
    assert serious(page) == []
    dark = visit(scheme="dark", locale="zh-CN")
    dark.open("/?show=1")
    expect(dark.page.locator(".st-key-transfer .js-plotly-plot").first).to_be_visible()
    dark.screenshot("home-result-dark-zh")


def test_2_a_table_becomes_a_corpus(visit: Visit, table: Path, kept: dict[str, str]) -> None:
    visitor = visit()
    page = visitor.open("/data")
    page.locator("input[type=file]").set_input_files(table)
    expect(page.get_by_role("button", name="Keep this corpus")).to_be_visible()
    visitor.idle()
    expect(page.get_by_text(f"{ROWS + 2} rows, 3 columns")).to_be_visible()
    visitor.screenshot("data-upload")
    assert serious(page) == []
    page.get_by_role("button", name="Keep this corpus").click()
    expect(page.get_by_role("heading", name="Current corpus")).to_be_visible()
    page.wait_for_url(re.compile("corpus="))
    kept["corpus"] = re.findall(r"corpus=([a-z0-9-]+)", page.url)[0]
    visitor.screenshot("data-kept")


def test_3_bad_files_get_a_sentence_and_lose_nothing(
    visit: Visit, tmp_path: Path, kept: dict[str, str]
) -> None:
    visitor = visit()
    page = visitor.open(f"/data?corpus={kept['corpus']}")
    broken = tmp_path / "picture.csv"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20)
    page.locator("input[type=file]").set_input_files(broken)
    expect(page.get_by_role("alert").first).to_be_visible()
    visitor.idle()
    visitor.screenshot("data-bad-file")
    expect(page.get_by_role("combobox", name="Current corpus")).to_have_value(kept["corpus"])
    page.reload()
    expect(page.get_by_role("heading", name="Current corpus")).to_be_visible()


def test_4_head_only_is_tuned_and_the_curve_moves(visit: Visit, kept: dict[str, str]) -> None:
    visitor = visit()
    page = visitor.open(f"/fine-tune?corpus={kept['corpus']}&strategy=head&steps=1500&patience=0")
    visitor.screenshot("fine-tune")
    assert serious(page) == []
    page.get_by_role("button", name="Start the run").click()
    page.wait_for_url(re.compile(r"/runs\?.*run="))
    kept["run"] = re.findall(r"run=([a-z0-9-]+)", page.url)[0]
    first = moved_beyond(page, -1)
    assert moved_beyond(page, first) > first
    visitor.screenshot("run-live")
    expect(page.get_by_role("heading", name="On the test texts")).to_be_visible(timeout=240_000)
    visitor.idle()
    visitor.screenshot("run-result")
    assert serious(page) == []
    for heading in ("Every class", "What was taken for what", "Misread texts", "Use this model"):
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
    dark = visit(scheme="dark", locale="zh-CN")
    dark.open(f"/runs?run={kept['run']}")
    dark.screenshot("run-result-dark-zh")
    # The form above remembers another model under the same name; the link's must win.
    page.get_by_role("link", name="Classify with it").click()
    expect(page.get_by_role("combobox", name="Model")).to_have_value(kept["run"])
    visitor.idle()
    assert f"model={kept['run']}" in page.url


def test_5_a_run_outlives_its_tab_and_the_server(visit: Visit, server: Server, kept: dict[str, str]) -> None:
    visitor = visit()
    page = visitor.open(f"/fine-tune?corpus={kept['corpus']}&strategy=freeze-4&steps=150")
    page.get_by_role("button", name="Start the run").click()
    page.wait_for_url(re.compile(r"/runs\?.*run="))
    run = re.findall(r"run=([a-z0-9-]+)", page.url)[0]
    seen = moved_beyond(page, -1)
    page.close()
    server.stop()
    server.start()
    again = visit()
    page = again.open(f"/runs?run={run}")
    assert moved_beyond(page, seen) > seen, "it went on while nobody looked, and its curve is there"
    page.reload()
    expect(page.get_by_role("heading", name="On the test texts")).to_be_visible(timeout=240_000)
    assert moved_beyond(page, seen) > seen


def test_6_attention_of_the_tuned_model(visit: Visit, kept: dict[str, str]) -> None:
    visitor = visit()
    page = visitor.open(f"/attention?model={kept['run']}&corpus={kept['corpus']}")
    grid = page.locator(".st-key-heads canvas").first
    expect(grid).to_be_visible(timeout=60_000)
    expect(page.get_by_role("heading", name="What the model says of this text")).to_be_visible()
    visitor.idle()
    visitor.screenshot("attention")
    assert serious(page) == []
    dark = visit(scheme="dark", locale="zh-CN")
    dark.open("/attention?text=" + HOSTILE.replace("#", "").replace("&", ""))
    expect(dark.page.locator(".st-key-heads canvas").first).to_be_visible(timeout=60_000)
    dark.screenshot("attention-dark-zh")
    # The hostile text is on this page, as tokens and in its box, and nothing of it has become markup.
    assert dark.page.locator("img[onerror], [src*='evil.example']").count() == 0


def test_6b_which_head_moved_why_and_does_it_matter(visit: Visit, kept: dict[str, str]) -> None:
    """Three clicks from the run: the head, how its number came about, what switching it off does."""
    visitor = visit()
    page = visitor.open(f"/runs?run={kept['run']}&corpus={kept['corpus']}")
    page.get_by_role("link", name="See which heads moved").click()
    moved = page.locator(".st-key-moved")
    moved.locator("li button").first.click(timeout=180_000)
    page.wait_for_url(re.compile(r"layer=\d+&head=\d+"))
    expect(page.get_by_role("heading", name="Before and after, on the text above")).to_be_visible()
    expect(page.locator(".st-key-heads canvas").first).to_be_visible(timeout=60_000)
    visitor.idle()
    visitor.screenshot("attention-changes")
    page.get_by_text("How a number came about", exact=True).click()
    expect(page.get_by_text("That is", exact=False).first).to_be_visible(timeout=60_000)
    page.get_by_text("Does it matter", exact=True).click()
    cells = page.locator(".st-key-ablations td")
    cells.first.click(timeout=120_000)
    expect(page.get_by_role("heading", name=re.compile("With 1 of 72 heads off"))).to_be_visible(
        timeout=60_000
    )
    expect(page.get_by_text("How far they agree")).to_be_visible(timeout=120_000)
    cells.first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.get_by_role("heading", name=re.compile("With 2 of 72 heads off"))).to_be_visible(
        timeout=60_000
    )
    page.wait_for_url(re.compile(r"off=1\.1(,|%2C)1\.2"))
    visitor.idle()
    visitor.screenshot("attention-matter")
    assert serious(page) == []
    page.get_by_text("What heads do", exact=True).click()
    expect(page.locator(".st-key-habits td")).to_have_count(72, timeout=180_000)


def test_7_features_as_maps(visit: Visit, kept: dict[str, str]) -> None:
    visitor = visit()
    page = visitor.open(f"/features?model={kept['run']}&corpus={kept['corpus']}&texts=250")
    canvas = page.locator(".st-key-scatter canvas").first
    expect(canvas).to_be_visible(timeout=180_000)
    visitor.idle()
    visitor.screenshot("features")
    assert serious(page) == []
    dark = visit(scheme="dark", locale="zh-CN")
    dark.open(f"/features?model={kept['run']}&corpus={kept['corpus']}&texts=250&colour=correct")
    expect(dark.page.locator(".st-key-scatter canvas").first).to_be_visible(timeout=60_000)
    dark.screenshot("features-dark-zh")


def test_8_classify_one_text_and_a_table(
    visit: Visit, kept: dict[str, str], table: Path, tmp_path: Path
) -> None:
    visitor = visit()
    page = visitor.open(f"/classify?model={kept['run']}&text=What+a+lovely+day")
    expect(page.locator(".st-key-probabilities .js-plotly-plot").first).to_be_visible(timeout=60_000)
    visitor.screenshot("classify-text")
    assert serious(page) == []
    page.get_by_text("A whole table", exact=True).click()
    page.locator("input[type=file]").set_input_files(table)
    page.get_by_role("button", name="Classify the table").click()
    download = page.get_by_role("button", name="Download the result")
    expect(download).to_be_visible(timeout=180_000)
    visitor.screenshot("classify-table")
    with page.expect_download() as waiting:
        download.click()
    out = tmp_path / "out.csv"
    waiting.value.save_as(out)
    _check_labelled(pd.read_csv(out, dtype=str, keep_default_na=False), table)


def _check_labelled(found: pd.DataFrame, table: Path) -> None:
    given = pd.read_csv(table, dtype=str, keep_default_na=False)
    classes = sorted(set(given[MOOD]) - {""})
    assert list(found.columns) == [*given.columns, "predicted_label", *(f"p_{name}" for name in classes)]
    assert list(found["id"]) == list(given["id"]), "rows in the order of the upload"
    for shown, text in zip(found[TEXT], given[TEXT], strict=True):
        assert shown in (text, f"'{text}"), "only an apostrophe before what a spreadsheet would run"
    shares = found[[f"p_{name}" for name in classes]].astype(float)
    assert (shares.sum(axis=1) - 1).abs().max() < 1e-3
    assert (shares.idxmax(axis=1).str.removeprefix("p_") == found["predicted_label"]).all()


def test_9_the_run_is_listed_and_deleted_only_after_a_second_thought(
    visit: Visit, kept: dict[str, str]
) -> None:
    visitor: Visitor = visit(width=390, scheme="dark")
    page = visitor.open("/runs")
    expect(page.locator(f".st-key-open-{kept['run']}")).to_be_visible()
    visitor.screenshot("runs-list")
    assert serious(page) == []
    page = visitor.open(f"/runs?run={kept['run']}")
    # Pictures that are drawn later would push the button, and what it opens, out of the window.
    charts = "[...document.querySelectorAll('[data-testid=stPlotlyChart]')]"
    page.wait_for_function(f"{charts}.every((chart) => chart.querySelector('svg'))")
    visitor.idle()
    page.get_by_role("button", name="Delete this run").click()
    page.get_by_role("button", name="Delete for good").click()
    page.wait_for_url(re.compile(r"/runs(\?(?!.*run=).*)?$"))
    expect(page.locator(f".st-key-open-{kept['run']}")).to_have_count(0)
