"""The first page: the question, and the answer with its numbers in words."""

import base64
import json

import numpy as np
import pytest

from tests.app.corpora import small
from tests.profiles import ranking_of
from xfer_core.analysis.transfer import TFIDF, Mean, Transfer
from xfer_core.errors import Refused
from xfer_core.i18n import N_

DOMAINS = ("shop", "**film**")


def result():
    """Layer 1 of 0 … 2 travels best; TF-IDF is last."""
    scores = np.array(
        [[[0.6, 0.7, 0.65, 0.5], [0.5, 0.8, 0.6, 0.4]], [[0.5, 0.7, 0.6, 0.55], [0.7, 0.8, 0.7, 0.6]]]
    )
    return Transfer(
        DOMAINS, ("bad", "good"), (0, 1, 2), scores, scores - 0.05, scores + 0.05, scores,
        trained=np.array([70, 70]), tested=np.array([30, 30]), per_class=50, seed=0, seconds=12.0,
        model="bundled:minilm", corpus="demo-00000000", ranking=ranking_of(np.array([0.5, 0.75, 0.6])),
        means=(Mean(TFIDF, 0.475, 0.45, 0.5, *[0.0] * 6),),
    )  # fmt: skip


@pytest.fixture
def shown(answers):
    answers["first_corpus"] = (small(), False)
    answers["transfer_of"] = result()
    return answers


def test_at_first_there_is_one_button_and_nothing_is_computed(open_page, answers):
    page = open_page()
    assert [button.key for button in page.button if button.key == "show-me"] == ["show-me"]
    assert not page.get("plotly_chart") and not answers


def test_show_me_shows_the_picture_and_the_address_restores_it(open_page, shown):
    page = open_page()
    page.button(key="show-me").click().run()
    assert not page.exception
    assert page.query_params["show"] == "1"
    again = open_page(show="1")
    assert len(again.get("plotly_chart")) == len(page.get("plotly_chart")) == 2


def test_the_words_hold_the_numbers(open_page, shown):
    words = " ".join(each.value for each in open_page(show="1").markdown)
    # Means over the two pairs of different domains, by hand: (.8 + .7) / 2, (.6 + .6) / 2, (.4 + .55) / 2.
    words = words.replace("\u2060", "").replace("\\", "")
    assert "Layer 1 travels best" in words and "0.75" in words and "loses 0.150" in words
    assert "0.47" in words or "0.48" in words
    assert "2 of 2" in words


def test_a_source_domain_can_be_chosen_and_stands_in_the_address(open_page, shown):
    page = open_page(show="1")
    page.radio(key="source").set_value("**film**").run()
    assert page.query_params["source"] == "**film**"
    assert open_page(show="1", source="**film**").radio(key="source").value == "**film**"
    assert open_page(show="1", source="nowhere").radio(key="source").value == ""


def test_every_pair_is_shown_at_the_layer_of_the_address(open_page, shown):
    def cells(page):
        sent = json.loads(page.get("plotly_chart")[1].proto.spec)["data"][0]["z"]
        return np.frombuffer(base64.b64decode(sent["bdata"]), sent["dtype"]).reshape(2, 2)

    page = open_page(show="1")
    assert not page.exception
    assert page.radio(key="layer").value == 1  # the one that travels best
    page.radio(key="layer").set_value(0).run()
    assert page.query_params["layer"] == "0"
    again = open_page(show="1", layer="0")
    assert np.allclose(cells(page), result().macro_f1[:, :, 0])
    assert np.allclose(cells(again), cells(page))
    assert open_page(show="1", layer="99").radio(key="layer").value == 1


def test_synthetic_text_is_said(open_page, shown):
    assert not open_page(show="1").warning
    shown["first_corpus"] = (small(), True)
    assert "synthetic" in open_page(show="1").warning[0].value


def test_progress_has_words_and_the_time_left(open_page, shown):
    shown["transfer_of"] = None
    page = open_page(show="1")
    assert page.progress[0].value == 25
    assert "Reading texts" in page.progress[0].text.replace("\u2060", "")
    assert "30 s left" in page.progress[0].text.replace("\u2060", "")
    assert not page.get("plotly_chart")


def test_a_failure_is_a_sentence_and_is_tried_again_only_on_request(open_page, shown):
    shown["transfer_of"] = Refused(N_("The disk is full."), N_("Free some space."))
    page = open_page(show="1")
    assert "The disk is full" in page.error[0].value.replace("\u2060", "")
    shown["transfer_of"] = result()
    assert page.run().error
    again = next(button for button in page.button if button.key and button.key.startswith("again-"))
    again.click().run()
    assert not page.error and page.get("plotly_chart")


def test_the_page_shows_its_command(open_page, shown):
    lines = [code.value for code in open_page(show="1").code]
    assert lines == [f"xfer transfer corpus:{small().id} --seed 0"]
