"""The universality page: words first, pictures, definitions, and what it says when little is known."""

import json

import numpy as np
import pytest

from tests.app.corpora import small
from tests.profiles import lead, made
from xfer_core import corpora, engine
from xfer_core.analysis.layer_probes import Material
from xfer_core.analysis.profiling import profile
from xfer_core.analysis.ranking import Band
from xfer_core.errors import BadModel
from xfer_core.i18n import as_message
from xfer_core.ui import profile_view


@pytest.fixture
def corpus():
    kept = small()
    corpora.save(kept)
    return kept


def words(page):
    shown = [each.value for kind in (page.subheader, page.markdown, page.caption) for each in kind]
    return " ".join(shown).replace("\u2060", "").replace("\\", "")


def test_without_a_corpus_one_click_brings_the_sample(open_page, answers, corpus):
    page = open_page("universality")
    assert not page.exception and not page.get("plotly_chart")
    answers |= {"first_corpus": (corpus, True), "profile_of": made()}
    page.button(key="sample").click().run()
    assert not page.exception and page.session_state["corpus"] == corpus.id
    assert "synthetic" in page.warning[0].value
    assert page.get("plotly_chart")


def test_words_come_first_and_hold_the_numbers(open_page, answers, corpus):
    answers["profile_of"] = made()
    page = open_page("universality", corpus=corpus.id)
    assert not page.exception
    said = words(page)
    assert "Here, layer 1 travels best" in said and "macro-F1 0.75" in said
    assert "loses 0.040" in said and "between 0.010 and 0.070" in said and "96%" in said
    assert "every other layer is clearly behind" in said and "0.88 (layer 2)" in said
    spec = json.loads(page.get("plotly_chart")[0].proto.spec)
    assert spec["layout"]["annotations"][0]["text"] == "travels best: layer 1"
    assert len(page.get("plotly_chart")) == 1 + 8 + 1  # headline, small ones, CKA; nothing was tuned
    assert "--per-class 400" in page.code[0].value and corpus.id in page.code[0].value


def test_rivals_and_what_would_settle_it_are_said(open_page, answers, corpus):
    behind = Band(np.array([0.1, 0, 0.02]), np.array([0.08, 0, -0.01]), np.array([0.12, 0, 0.05]))
    first, ahead = np.array([0, 0.4, 0.6]), np.array([1, np.nan, 0.93])
    answers["profile_of"] = made(ranking=lead(behind=behind, first=first, ahead=ahead))
    said = words(open_page("universality", corpus=corpus.id))
    assert "seems to travel best" in said and "cannot be told from: layer 2" in said
    assert "about 130 for layer 2" in said and "likely, not sure" in said


def test_definitions_formulas_and_sources_are_one_click_away(open_page, answers, corpus):
    answers["profile_of"] = made()
    page = open_page("universality", corpus=corpus.id)
    assert page.expander[0].label.startswith("What each measure is")
    assert len(page.latex) == 12
    assert "Hewitt & Liang 2019" in words(page) and "Gretton et al. 2012" in words(page)


def test_the_address_restores_the_choices(open_page, answers, corpus, monkeypatch):
    asked = {}
    answers["profile_of"] = made()
    stand_in = engine.submit
    monkeypatch.setattr(
        engine, "submit", lambda name, **values: asked.update(values) or stand_in(name, **values)
    )
    page = open_page("universality", corpus=corpus.id, pool="cls", read="50", seed="7")
    assert not page.exception
    assert (asked["pool"], asked["per_class"], asked["seed"]) == ("cls", 50, 7)


def test_names_of_users_are_literal_and_little_is_said_of_little(open_page, answers, corpus):
    unknown = Band(*[np.full(3, np.nan)] * 3)
    note = as_message("“{domain}” has no text to be measured.", domain="**bold** [x](https://example.org)")
    answers["profile_of"] = made(
        transfer=unknown,
        domain=unknown,
        task=unknown,
        ranking=lead(score=unknown),
        notes=(note,),
        mmd=np.full(3, np.nan),
    )
    page = open_page("universality", corpus=corpus.id)
    assert not page.exception and not any("travels best" in each.value for each in page.subheader)
    assert "**bold**" not in " ".join(each.value for each in page.caption) and "bold" in words(page)


def test_a_failure_is_a_sentence_and_waiting_has_progress(open_page, answers, corpus):
    answers["profile_of"] = BadModel(
        "What this model makes of the texts are no finite numbers.", "Choose another."
    )
    page = open_page("universality", corpus=corpus.id)
    assert not page.exception and "no finite numbers" in page.error[0].value.replace("\u2060", "")
    answers["profile_of"] = None
    waiting = open_page("universality", corpus=corpus.id, seed="1")
    assert waiting.get("progress") and not waiting.get("plotly_chart")


def test_a_real_result_of_layers_is_shown_and_taken_away(open_page, answers, corpus, monkeypatch):
    """Four domains, labels in the middle layer: measured here, shown, as CSV and as one HTML file."""
    rng = np.random.default_rng(0)
    labels, domains = np.tile([0, 1], 80), np.repeat([0, 1, 2, 3], 40)
    states = rng.normal(size=(3, 160, 12)).astype(np.float32)
    states[1, :, 0] += 4 * labels
    names = ("tweets", "film", "<b>shop</b>", "news")
    found = profile(
        Material(states, [f"t{i}" for i in range(160)], labels, domains, names, ("bad", "good"), (0, 1, 2), 0)
    )
    answers["profile_of"] = found
    page = open_page("universality", corpus=corpus.id)
    assert not page.exception and "Here, layer 1 travels best" in words(page)
    monkeypatch.setattr(profile_view, "language", lambda: "en")
    table = profile_view.table(found)().splitlines()
    assert table[0].startswith("layer,task_macro_f1,") and len(table) == 4
    html = profile_view.page(found)()
    assert "Layer 1 travels best" in html and "http" not in html.split("<body>")[1].split('id="plotly"')[
        0
    ].replace("https://plotly.com", "")
