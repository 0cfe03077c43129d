"""Fine-tune: the form is the settings, its address fills it, and Start submits what it shows."""

import pytest

from tests.app.corpora import small
from xfer_core import corpora
from xfer_core.errors import BadModel
from xfer_core.i18n import N_
from xfer_core.models import hub
from xfer_core.models.sources import resolve
from xfer_core.training.settings import SETTINGS, WORKER, validate
from xfer_core.training.strategies import parse
from xfer_core.ui.literal import lit


@pytest.fixture
def corpus(home):
    return corpora.save(small())


def usual(strategy):
    return f"{parse(strategy).rate:g} by strategy"


def command(page):
    return next(code.value for code in page.code if code.value.startswith("xfer train"))


def test_without_a_corpus_it_offers_one(open_page):
    page = open_page("fine_tune")
    assert not page.exception
    assert page.button(key="sample-tweets").label == "Use 2,000 sample tweets"
    assert "Bring a table or fetch a sample" in [link.proto.label for link in page.get("page_link")]
    assert not page.radio


def test_one_click_brings_the_sample_tweets(open_page, answers):
    answers["fetch"] = small("tweets", n=2400)
    page = open_page("fine_tune")
    page.button(key="sample-tweets").click().run()
    assert not page.exception
    [kept] = corpora.listing()
    assert (kept.rows, page.session_state["corpus"]) == (2000, kept.id)
    assert command(page) == f"xfer train corpus:{kept.id} --strategy freeze-4"


def test_every_setting_has_a_field_that_explains_itself(open_page, corpus):
    page = open_page("fine_tune", corpus=corpus)
    assert not page.exception
    fields = {each.key for kind in (page.number_input, page.checkbox, page.text_input) for each in kind}
    assert fields == {setting.name for setting in SETTINGS} - {"model", "strategy"}
    said = {each.value for each in page.caption}
    assert all(setting.does in said for setting in SETTINGS if setting.name in fields)
    assert page.number_input(key="learning_rate").placeholder == usual("freeze-4")


def test_the_address_fills_the_form(open_page, corpus):
    page = open_page("fine_tune", corpus=corpus, strategy="freeze-2", seed="3", learning_rate="0.002")
    assert command(page) == f"xfer train corpus:{corpus} --strategy freeze-2 --learning-rate 0.002 --seed 3"
    assert page.slider(key="frozen_layers").value == 2


def test_choosing_a_strategy_changes_command_and_default(open_page, corpus):
    page = open_page("fine_tune", corpus=corpus)
    page.radio(key="strategy_kind").set_value("full").run()
    assert command(page).endswith("--strategy full")
    assert page.number_input(key="learning_rate").placeholder == usual("full")
    page.radio(key="strategy_kind").set_value("freeze-K").run()
    page.slider(key="frozen_layers").set_value(6).run()
    assert command(page).endswith("--strategy freeze-6")


@pytest.mark.parametrize("strategy", ["nonsense", "freeze-99", "freeze-K", "**x**", "top-99"])
def test_a_broken_address_still_opens_and_says_what_is_wrong(open_page, corpus, strategy):
    page = open_page("fine_tune", corpus=corpus, strategy=strategy)
    assert not page.exception
    assert lit(strategy) in page.error[0].value
    assert command(page).endswith("--strategy freeze-4") and page.button(key="start")
    page.radio(key="strategy_kind").set_value("full").run()
    assert page.query_params["strategy"] == "full" and not page.run().error


@pytest.mark.parametrize("top, frozen", [("top-2", 4), ("top-6", 0), ("top-0", 6)])
def test_layers_counted_from_the_top_freeze_those_below(open_page, corpus, top, frozen):
    page = open_page("fine_tune", corpus=corpus, strategy=top)  # of the six of the bundled model
    assert not page.exception and not page.error
    assert page.slider(key="frozen_layers").value == frozen
    assert command(page).endswith(f"--strategy freeze-{frozen}")


def test_a_hub_id_is_fetched_by_the_engine_never_by_the_page(open_page, corpus, answers, monkeypatch):
    known = resolve("bundled:minilm")
    monkeypatch.setattr(hub, "folder", lambda name: pytest.fail("the page would wait"))

    def opened(answer):
        answers["resolve"] = answer
        return open_page("fine_tune", corpus=corpus, model="someone/something")

    page = opened(None)
    assert not page.exception and page.progress and not page.error
    page = opened(BadModel(N_("The hub has no model named “{name}”."), name="someone/something"))
    assert not page.exception and len(page.error) == 1
    assert [each for each in page.button if each.key.startswith("again-")]
    page = opened(known)
    assert not page.exception and not page.error
    assert "--model someone/something" in command(page)


def test_folders_that_are_no_models_are_named_with_the_reason(open_page, corpus, home):
    page = open_page("fine_tune", corpus=corpus)
    assert not any("cannot be used" in each.label for each in page.expander)
    (home / "models" / "**half**").mkdir(parents=True)
    page = open_page("fine_tune", corpus=corpus)
    [shown] = [each for each in page.expander if "cannot be used: 1" in each.label]
    [said] = shown.text
    assert said.value.startswith("**half**: ") and "no config.json" in said.value


def test_start_submits_what_the_command_says_and_goes_to_the_run(open_page, corpus, submitted):
    page = open_page("fine_tune", corpus=corpus, strategy="freeze-3")
    page.number_input(key="batch_size").set_value(8).run()
    shown = command(page)
    page.button(key="start").click().run()
    assert not page.exception
    [(kind, config, module)] = submitted
    assert (kind, module, config["corpus"]) == ("train", WORKER, corpus)
    assert (config["strategy"], config["batch_size"]) == ("freeze-3", 8)
    assert validate(config).batch_size == 8 and "--batch-size 8" in shown


def test_a_model_that_is_not_there_is_a_sentence_and_nothing_is_started(open_page, corpus, monkeypatch):
    page = open_page("fine_tune", corpus=corpus, model="no-such-model")
    assert not page.exception
    assert len(page.error) == 1
    assert not [button for button in page.button if button.key == "start"]


def test_settings_that_exclude_each_other_are_refused(open_page, corpus):
    page = open_page("fine_tune", corpus=corpus, epochs="2", steps="10")
    assert [each.value for each in page.error] != []
    assert not [button for button in page.button if button.key == "start"]
