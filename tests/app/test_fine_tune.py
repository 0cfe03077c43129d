"""Fine-tune: the form is the settings, its address fills it, and Start submits what it shows."""

import json
from dataclasses import asdict, replace

import pytest

from tests.app.corpora import small
from xfer_core import corpora, files
from xfer_core.errors import BadModel
from xfer_core.i18n import N_
from xfer_core.models import hub
from xfer_core.models.sources import resolve
from xfer_core.training import cost
from xfer_core.training.gradients import Profile
from xfer_core.training.settings import SETTINGS, WORKER, validate
from xfer_core.training.speed import Speed
from xfer_core.training.strategies import STRATEGIES, parse
from xfer_core.ui.literal import lit
from xfer_core.ui.strategy_form import drawer_of, usual_name


@pytest.fixture(autouse=True)
def measured(home):
    """A machine whose speed is known, so that no page measures it."""
    files.write_json(home / "cache" / "speed.json", asdict(Speed(measured=True)))


@pytest.fixture
def corpus(home):
    return corpora.save(small())


def chosen(page):
    """What the chooser shows: the drawer and the entry within it."""
    entries = [each.value for each in page.selectbox if each.key == "strategy_entry"]
    return (page.radio(key="drawer").value, *entries)


def usual(strategy):
    return f"{parse(strategy).rate:g} by strategy"


def command(page):
    return next(code.value for code in page.code if code.value.startswith("xfer train"))


def test_without_a_corpus_it_offers_one(open_page):
    page = open_page("fine_tune")
    assert not page.exception
    assert page.button(key="sample-tweets").label == "Use 2,000 sample tweets"
    assert "Bring a table or fetch a sample" in [link.proto.label for link in page.get("page_link")]
    assert not [each for each in page.radio if each.key == "drawer"]


def test_one_click_brings_the_sample_tweets(open_page, answers):
    answers["fetch"] = small("tweets", n=2400)
    page = open_page("fine_tune")
    page.button(key="sample-tweets").click().run()
    assert not page.exception
    [kept] = corpora.listing()
    assert (kept.rows, page.session_state["corpus"]) == (2000, kept.id)
    assert command(page) == f"xfer train corpus:{kept.id} --strategy top-2"


def test_every_setting_has_a_field_that_explains_itself(open_page, corpus):
    page = open_page("fine_tune", corpus=corpus)
    assert not page.exception
    kinds = (page.number_input, page.checkbox, page.text_input, page.selectbox)
    fields = {each.key for kind in kinds for each in kind} - {"corpus", "model", "strategy_entry"}
    assert fields == {setting.name for setting in SETTINGS} - {"model", "strategy"}
    said = {each.value for each in page.caption}
    assert all(setting.does in said for setting in SETTINGS if setting.name in fields)
    assert page.number_input(key="learning_rate").placeholder == usual("top-2")


def test_the_address_fills_the_form(open_page, corpus):
    page = open_page("fine_tune", corpus=corpus, strategy="freeze-2", seed="3", learning_rate="0.002")
    assert command(page) == f"xfer train corpus:{corpus} --strategy freeze-2 --learning-rate 0.002 --seed 3"
    assert chosen(page) == ("some", "freeze-K") and page.slider(key="number_freeze").value == 2


@pytest.mark.parametrize(
    "strategy, drawer, entry",
    [
        ("head", "nothing", None), ("top-2", "some", "top-N"), ("block-3", "some", "block-J"),
        ("layers-1,4", "some", "layers-…"), ("layers-e,5", "some", "layers-…"),
        ("full", "everything", "full"),
        ("reinit-1", "everything", "reinit-N"), ("lp-ft", "everything", "lp-ft"),
        ("lora", "additions", "lora"), ("features-4", "solved", "features-K"), ("mix", "solved", "mix"),
    ],
)  # fmt: skip
def test_every_strategy_has_a_link(open_page, corpus, strategy, drawer, entry):
    page = open_page("fine_tune", corpus=corpus, strategy=strategy)
    assert not page.exception and not page.error
    assert chosen(page) == ((drawer, entry) if entry else (drawer,))
    assert command(page).endswith(f"--strategy {strategy}")


def test_every_strategy_can_be_reached_by_hand(open_page, corpus):
    page, met = open_page("fine_tune", corpus=corpus), set()
    for drawer in page.radio(key="drawer").options:
        place = page.radio(key="drawer").options.index(drawer)
        page.radio(key="drawer").set_value(
            list(dict.fromkeys(map(drawer_of, STRATEGIES.values())))[place]
        ).run()
        assert not page.exception and not page.error
        entries = [
            name for name, each in STRATEGIES.items() if drawer_of(each) == page.radio(key="drawer").value
        ]
        for entry in entries:
            if len(entries) > 1:
                page.selectbox(key="strategy_entry").set_value(entry).run()
            assert not page.exception and not page.error
            assert command(page).endswith(f"--strategy {usual_name(entry, 6)}")
            met.add(entry)
    assert met == set(STRATEGIES)


def test_choosing_a_strategy_changes_command_default_and_cost(open_page, corpus):
    page = open_page("fine_tune", corpus=corpus)
    [learnt, *_] = [metric.value for metric in page.metric]
    page.radio(key="drawer").set_value("everything").run()
    assert command(page).endswith("--strategy full")
    assert page.number_input(key="learning_rate").placeholder == usual("full")
    assert page.metric[0].value != learnt
    page.radio(key="drawer").set_value("some").run()
    page.slider(key="number_top").set_value(6).run()
    assert command(page).endswith("--strategy top-6")
    page.selectbox(key="strategy_entry").set_value("layers-…").run()
    page.multiselect(key="named_layers").set_value(["4", "e", "1"]).run()
    assert command(page).endswith("--strategy layers-e,1,4")
    page.multiselect(key="named_layers").set_value([]).run()
    assert not page.exception and not page.error and page.info
    assert not [button for button in page.button if button.key == "start"]
    page.multiselect(key="named_layers").set_value(["1"]).run()
    assert command(page).endswith("--strategy layers-1")


def test_the_cost_shown_is_the_one_predicted(open_page, corpus):
    page = open_page("fine_tune", corpus=corpus, strategy="bitfit")
    said = cost.predict(validate({"strategy": "bitfit"}), corpora.load(corpus), resolve("bundled:minilm"))
    shown = {metric.label: metric.value for metric in page.metric}
    assert shown["Parameters that learn"] == f"{said.trainable:,}"
    notes = [each.value for each in page.caption]
    assert said.note in notes and any("full fine-tuning: about" in each for each in notes)
    assert any("does nothing else" in each for each in notes)


def test_an_unknown_machine_is_measured_once_by_the_engine(open_page, corpus, answers, home):
    (home / "cache" / "speed.json").unlink()
    answers["calibrate"] = None
    page = open_page("fine_tune", corpus=corpus)
    assert not page.exception and page.progress and not page.metric
    assert page.button(key="start")  # nobody has to wait for it
    answers["calibrate"] = Speed()
    page = open_page("fine_tune", corpus=corpus)
    assert not page.exception and page.metric


@pytest.mark.parametrize("bf16, said", [(0.5, True), (1.0, False), (2.0, False)])
def test_where_bf16_does_not_pay_its_field_says_so(open_page, corpus, home, bf16, said):
    files.write_json(home / "cache" / "speed.json", asdict(Speed(bf16=bf16, measured=True)))
    page = open_page("fine_tune", corpus=corpus)
    told = [each.value for each in page.caption if "bf16 does not pay" in each.value]
    assert bool(told) == said and (not said or "2.0 times" in told[0])


def test_a_solver_has_no_settings_of_steps(open_page, corpus):
    page = open_page("fine_tune", corpus=corpus, strategy="features-3")
    assert not page.exception
    fields = {each.key for each in page.number_input}
    assert "max_length" in fields and not fields & {
        "learning_rate",
        "epochs",
        "steps",
        "batch_size",
        "patience",
    }
    assert not any("steps at most" in each.value for each in page.caption)


def test_the_diagram_shows_what_learns(open_page, corpus):
    page = open_page("fine_tune", corpus=corpus, strategy="block-3")
    [drawn] = [json.loads(each.proto.spec) for each in page.get("plotly_chart")]
    cells = {each["name"]: len(each["y"]) for each in drawn["data"] if each["type"] == "bar" and each["y"]}
    assert cells == {"learns": 2, "frozen, computed once": 3, "frozen, run in every step": 3}


def test_the_gradients_suggest_a_layer_on_a_button(open_page, corpus, answers):
    answers["profile"] = Profile(("embeddings", *"123456"), (0.1, 0.2, 0.3, 0.9, 0.4, 0.5, 0.6), 3, 12)
    page = open_page("fine_tune", corpus=corpus, strategy="block-5")
    assert len(page.get("plotly_chart")) == 1
    page.button(key="suggest-layer").click().run()
    assert not page.exception and len(page.get("plotly_chart")) == 2
    page.button(key="take-layer").click().run()
    assert command(page).endswith("--strategy block-3") and page.slider(key="number_block").value == 3


@pytest.mark.parametrize("sizes, suggested", [((9, 3), False), ((10, 3), True), ((3, 12), True)])
def test_class_weights_are_suggested_above_three_to_one(open_page, sizes, suggested):
    plain = small(n=4 * sum(sizes))
    train = (plain.frame["split"] == "train").to_numpy()
    labels = plain.labels.copy()
    labels[train] = [0] * (2 * sizes[0]) + [1] * (2 * sizes[1])
    uneven = replace(plain, frame=plain.frame.assign(label=labels))
    page = open_page("fine_tune", corpus=corpora.save(uneven))
    offered = [button for button in page.button if button.key == "use-class-weights"]
    assert not page.exception and bool(offered) == suggested
    if suggested:
        offered[0].click().run()
        assert "--class-weights" in command(page)
        assert not [button for button in page.button if button.key == "use-class-weights"]


@pytest.mark.parametrize(
    "strategy",
    ["nonsense", "freeze-99", "freeze-K", "**x**", "top-99", "layers-9", "block-7", "block-0", "layers-0",
     "layers-…"],
)  # fmt: skip
def test_a_broken_address_still_opens_and_says_what_is_wrong(open_page, corpus, strategy):
    page = open_page("fine_tune", corpus=corpus, strategy=strategy)
    assert not page.exception
    number = strategy.rpartition("-")[2]
    assert lit(strategy) in page.error[0].value or number in page.error[0].value
    assert command(page).endswith("--strategy top-2") and page.button(key="start")
    page.radio(key="drawer").set_value("everything").run()
    assert page.query_params["strategy"] in ("full", ["full"]) and not page.run().error


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
