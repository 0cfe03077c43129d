"""The report stands alone, holds every number, and shows hostile text as text."""

from __future__ import annotations

import base64
import gzip
import json
import re
from dataclasses import replace
from functools import partial
from html.parser import HTMLParser

import pytest

from tests.unit.charts.test_sweep_figures import QUALITY, made_curves
from tests.unit.sweep.simulated import simulate
from xfer_core.charts.report import report
from xfer_core.charts.views import VIEWS
from xfer_core.i18n import translate
from xfer_core.sweep import words
from xfer_core.sweep.comparison import compare
from xfer_core.sweep.recommend import recommend

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)> {title} <!-- \u202e"
VOID = {"meta", "img", "br", "link", "input", "hr"}


@pytest.fixture(scope="module")
def sweep():
    return simulate(
        QUALITY, test=150, validation=100, label_names=(HOSTILE, "neutral", "good"),
        texts=[f"{i} {HOSTILE}" for i in range(150)],
        shift={"full": [1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4]},
        forgetting={"full": {"corpus": HOSTILE, "layer": 4, "before": 0.7, "after": 0.6, "n": 80}},
    )  # fmt: skip


@pytest.fixture(scope="module")
def page(sweep):
    return report(replace(sweep, corpus=HOSTILE), made_curves(sweep))


class Elements(HTMLParser):
    """Start tags with their attributes, text outside scripts, and whether every element is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.text, self.open = "", []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("script", "style"):
            self.text += data


def test_only_our_own_elements_are_in_it(page):
    seen = Elements(page)
    assert seen.open == []
    assert [tag for tag, _ in seen.tags].count("script") == 4
    assert not {"img", "link", "iframe", "object"} & {tag for tag, _ in seen.tags}
    for _, attributes in seen.tags:
        assert not {name for name in attributes if name.startswith("on")} | {"src", "href"} & set(attributes)
    assert HOSTILE in seen.text  # shown, as text


def test_it_asks_for_nothing_and_is_small(page):
    outside = re.sub(r'<script type="text/plain" id="plotly">[^<]*</script>', "", page)
    assert not re.search(r"https?://|url\(|@import|fetch\(|XMLHttpRequest", outside)
    assert "default-src 'none'" in page
    assert len(page.encode()) < 6 * 2**20


def test_the_script_inside_is_plotly_whole(page):
    packed = re.search(r'id="plotly">([^<]*)<', page)[1]
    assert "plotly.js v" in gzip.decompress(base64.b64decode(packed)).decode()[:300]


def test_every_picture_has_its_place_and_its_data(page):
    pictures = json.loads(re.search(r'id="pictures">(.*?)</script>', page, re.S)[1])
    places = [a["id"] for tag, a in Elements(page).tags if a.get("class") == "picture"]
    assert list(pictures) == places and len(places) == 10
    assert all(picture["data"] and "template" not in picture["layout"] for picture in pictures.values())
    templates = json.loads(re.search(r'id="templates">(.*?)</script>', page, re.S)[1])
    light, dark = (templates[scheme]["layout"] for scheme in ("light", "dark"))
    assert light["paper_bgcolor"] != dark["paper_bgcolor"] and light["colorway"] != dark["colorway"]


def test_the_recommendation_rules_numbers_and_command_are_in_words(page, sweep):
    text = Elements(page).text
    found, compared = recommend(sweep), compare(sweep)
    for part in (*found.reasons, *found.doubts, *found.surer, *words.rules(sweep.config)):
        assert words.sentence(part) in text
    for row in compared.rows:
        assert f"{row.macro_f1:.3f}" in text and row.strategy in text
    assert "xfer sweep" in text


def test_it_shows_what_the_page_shows_under_the_same_names(page):
    headings = re.findall(r"<h2>([^<]*)</h2>", page)
    assert headings[: len(VIEWS)] == [view.title for view in VIEWS.values()]
    shown = Elements(page).text
    assert all(view.says.partition("{")[0] in shown for view in VIEWS.values())


def test_it_speaks_the_readers_language(sweep):
    page = report(sweep, t=lambda message: "译" + message, language="zh")
    assert '<html lang="zh">' in page
    assert "译Rules of fairness" in page and "译Recommended:" in page
    assert "译Curves" not in page  # no curves were given


def test_labels_stay_as_they_are_in_every_language():
    names = ("yes", "test", "best")
    chinese = partial(translate, language="zh")
    sweep = simulate(QUALITY, test=60, validation=60, label_names=names)
    cells = re.findall(r"<td[^>]*>(?:<bdi>)?([^<]*)", report(sweep, t=chinese, language="zh"))
    assert set(names) <= set(cells) and "测试" not in cells


def test_a_sweep_that_has_only_begun_says_so():
    page = report(simulate({}, references={}))
    assert "nothing to recommend" in page and "Rules of fairness" in page
