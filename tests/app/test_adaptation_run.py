"""One adaptation by training on its page: every state, and harm said as plainly as gain."""

from __future__ import annotations

import pytest

from tests.unit.adaptation.conftest import two_domains
from tests.unit.adaptation.made import made, outcome
from xfer_core import corpora
from xfer_core.adaptation import settings
from xfer_core.adaptation.results import Outcome
from xfer_core.errors import BadTable
from xfer_core.runs import queue, store
from xfer_core.ui import adaptation_view


@pytest.fixture(autouse=True)
def no_queue(monkeypatch):
    """Nothing is judged dead or started: these runs have no process."""
    monkeypatch.setattr(queue, "tick", lambda: None)


def told(page):
    kinds = (page.title, page.subheader, page.markdown, page.caption, page.error)
    said = " ".join(each.value for kind in kinds for each in kind)
    return said.replace("\u2060", "").replace("\\", "")


def test_an_ended_adaptation_says_who_helped_and_who_hurt(open_page):
    found = made(outcome("dann", -0.4), outcome("mmd", 0.1))
    page = open_page("adaptation", run=found.run)
    assert not page.exception
    said = told(page)
    assert "Matched features (MMD) helped on “tweets”: macro-F1 rose by 0.100" in said
    assert "Adversarial (DANN) hurt on “tweets”: macro-F1 fell by 0.400" in said
    assert "The model kept is that of Source only" in said
    table = page.dataframe[0].value
    assert table["Target gain"].tolist()[1:] == [-0.4, 0.1]
    assert page.code[-1].value == settings.command(found.config, f"corpus:{found.corpus}")
    html = adaptation_view._page(found)()
    assert "DANN" in html and "<script" in html
    page.radio(key="after").set_value("mmd").run()
    assert not page.exception
    assert page.query_params["after"] == "mmd"


def test_a_running_one_shows_what_is_through_and_can_be_stopped(open_page):
    found = made(outcome("dann", 0.1), Outcome("mmd", "running", predicted_seconds=50), state="running")
    page = open_page("adaptation", run=found.run)
    assert not page.exception
    assert "gain +0.100" in told(page)
    assert "about 50 s predicted" in told(page)
    page.button(key="stop").click().run()
    assert store.get(found.run).want == "stop"


def test_a_method_that_failed_says_why(open_page):
    message = store.to_message(BadTable("Too many {things}.", things="birds"))
    page = open_page("adaptation", run=made(Outcome("mmd", "failed", message=message)).run)
    assert not page.exception
    assert "Too many birds." in told(page)


def test_the_list_of_runs_leads_there(open_page):
    found = made(outcome("mmd", 0.1))
    page = open_page("runs")
    assert "adaptation by training · shop → tweets" in told(page)
    assert "Matched features" in told(open_page("runs", run=found.run))  # an old link leads on


def test_the_form_starts_what_was_chosen(open_page, answers, submitted):
    answers.update(align_of=None, calibrate=None)
    page = open_page("adaptation", corpus=corpora.save(two_domains()), source="shop", target="tweets")
    assert not page.exception
    page.multiselect(key="adapt_methods").set_value(["mmd"]).run()
    assert "Trainings: 2, each of 300 steps at most" in told(page)
    assert page.number_input(key="adapt_steps").placeholder == "300"  # by the source's texts alone
    assert page.number_input(key="adapt_learning_rate").placeholder == "0.0001 by strategy"
    page.number_input(key="adapt_steps").set_value(40).run()
    assert "xfer adapt corpus:" in page.code[-1].value
    assert page.code[-1].value.endswith("--source shop --target tweets --method mmd --steps 40")
    page.button(key="start-adapting").click().run()
    ((kind, config, module),) = submitted
    assert (kind, module) == (settings.KIND, settings.WORKER)
    assert settings.validate(config).methods == ("source-only", "mmd")


def test_a_strategy_without_steps_is_refused_in_a_sentence(open_page, answers):
    answers.update(align_of=None, calibrate=None)
    identifier = corpora.save(two_domains())
    page = open_page("adaptation", corpus=identifier, adapt_strategy="features-3")
    assert not page.exception
    assert "solves a regression" in told(page)
