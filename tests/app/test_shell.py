"""The frame: every page in both languages, the current corpus, and errors as sentences."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.corpora import small
from xfer_core.corpora import save
from xfer_core.ui.navigation import PAGES


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("key", [page.key for page in PAGES])
def test_every_page_opens_cold_and_empty(open_page, key, lang):
    page = open_page(key, lang=lang)
    assert not page.exception
    assert page.title, "a page without a title"


def test_addresses_are_those_we_promised():
    assert [page.path for page in PAGES] == [
        "home", "data", "labels", "features", "universality", "transfer", "adaptation", "attention",
        "fine-tune", "compare", "runs", "classify",
    ]  # fmt: skip


def test_the_corpus_of_the_address_is_the_current_one(open_page):
    first, second = save(small("first")), save(small("second"))
    assert open_page("data", corpus=first).selectbox(key="corpus").value == first
    assert open_page("data", corpus=second).selectbox(key="corpus").value == second


def test_an_unknown_corpus_is_none(open_page):
    save(small())
    page = open_page("data", corpus="../../etc/passwd")
    assert page.selectbox(key="corpus").value is None
    assert not page.exception


def test_two_readers_do_not_share_a_language(open_page):
    one, other = open_page("home", lang="en"), open_page("home", lang="zh")
    assert one.run().segmented_control(key="lang").value == "en"
    assert other.run().segmented_control(key="lang").value == "zh"


def test_a_typed_model_stands_in_the_address():
    """Hub ids are not among the options; the link must restore them all the same."""

    def script():
        import streamlit as st

        from xfer_core.ui import pick

        st.text(pick.model())

    page = AppTest.from_function(script, default_timeout=20)
    page.query_params["model"] = "org/name"
    assert page.run().text[0].value == "org/name"
    plain = AppTest.from_function(script, default_timeout=20).run()
    assert plain.text[0].value == "bundled:minilm"
