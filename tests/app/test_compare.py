"""Compare: the question, the form, and a comparison in every state, showing what was measured."""

import json
import re
from dataclasses import asdict, replace

import pytest

from tests.app import runs
from tests.app.corpora import small
from tests.unit.sweep.made import made
from tests.unit.training.conftest import small_corpus
from xfer_core import corpora, i18n
from xfer_core.charts.views import VIEWS
from xfer_core.files import read_json, write_json
from xfer_core.models.sources import resolve
from xfer_core.runs import queue, store
from xfer_core.sweep import forecast, results, settings
from xfer_core.sweep.recommend import recommend
from xfer_core.training import cost, speed
from xfer_core.training.speed import Speed
from xfer_core.training.strategies import _NUMBERED, STRATEGIES, parse
from xfer_core.ui.language import duration
from xfer_core.ui.literal import lit


@pytest.fixture(autouse=True)
def no_queue(monkeypatch):
    """Nothing is judged dead or started: these runs have no process."""
    monkeypatch.setattr(queue, "tick", lambda: None)


@pytest.fixture(autouse=True)
def known_speed(home):
    """The machine was measured before, so that no helper process has to."""
    write_json(home / "cache" / "speed.json", asdict(Speed(measured=True)))


def advised(sweep, **more):
    """The same sweep with an advice as its worker leaves one."""
    path = store.folder(sweep.run) / results.SWEEP
    write_json(path, {**read_json(path), "recommendation": recommend(sweep).as_dict(), **more})
    return results.load(sweep.run)


def words(page):
    kinds = (page.title, page.subheader, page.markdown, page.caption, page.error)
    said = [each.value for kind in kinds for each in kind]
    return [*said, *(b.label for b in page.button if b.key not in ("lang", "corpus"))]


def told(page):
    return " ".join(words(page)).replace("\u2060", "").replace("\\", "")


def test_without_a_corpus_it_says_how_to_get_one(open_page):
    page = open_page("compare")
    assert not page.exception
    assert page.button(key="sample-tweets")
    assert [link.proto.label for link in page.get("page_link")] == ["Bring a table or fetch a sample"]


def test_the_question_is_one_click(open_page, submitted):
    corpus = corpora.save(small(n=120))
    page = open_page("compare", corpus=corpus)
    assert not page.exception and not submitted
    page.button(key="find-out").click().run()
    [(kind, config, module)] = submitted
    assert (kind, module) == (settings.KIND, settings.WORKER)
    assert config["mode"] == "answer" and config["corpus"] == corpus
    assert page.query_params["sweep"] == store.listing("sweep")[0].id


def test_a_comparison_of_ones_own_is_what_was_chosen(open_page, submitted):
    corpus = corpora.save(small(n=120))
    page = open_page("compare", corpus=corpus)
    page.multiselect(key="strategies").set_value(["head", "top-1", "layers-1,5"]).run()
    page.number_input(key="sweep_seeds").set_value(2).run()
    page.number_input(key="sweep_steps").set_value(50).run()
    assert not page.exception and not page.error
    command = next(code.value for code in page.code if code.value.startswith("xfer sweep"))
    assert "--seeds 2" in command and "--steps 50" in command
    table = next(each.value for each in page.dataframe if "Trainings" in each.value)
    assert sorted(table["Strategy"]) == ["features-K", "head", "layers-1,5", "top-1"]
    own = table[table["Strategy"] != "features-K"]
    assert set(own["Trainings"]) == {4}  # three rates, and the second seed of the one that won
    assert "trainings: up to 13" in told(page) and "comes by itself" in told(page)
    page.button(key="start").click().run()
    config = submitted[0][1]
    assert config["strategies"] == ("head", "top-1", "layers-1,5")
    assert (config["seeds"], config["steps"], config["mode"]) == (2, 50, "grid")


@pytest.mark.parametrize("name", ["nonsense", "top-99", "layers-0,77", "<b>x</b>"])
def test_a_strategy_that_is_not_there_is_a_sentence_and_starts_nothing(open_page, name):
    page = open_page("compare", corpus=corpora.save(small(n=120)))
    page.multiselect(key="strategies").set_value([name]).run()
    assert not page.exception
    assert len(page.error) == 1
    assert not [button for button in page.button if button.key == "start"]


def test_the_answer_is_forecast_by_the_ladder_it_climbs(open_page):
    """Not by the usual strategies, which it does not try."""
    corpus = corpora.save(small(n=120))
    page = open_page("compare", corpus=corpus)
    config = settings.validate({"mode": "answer"})
    known = corpora.load(corpus), resolve("bundled:minilm")
    least, most = forecast.of_answer(config, *known)
    [said] = [each.value for each in page.caption if each.value.startswith("At least")]
    assert duration(least.seconds) in said and duration(most.seconds) in said
    assert f"{most.arms} trainings, while it does nothing else" in said
    assert [row.strategy for row in least.rows] == ["features-6", "head", "top-1", "top-2"]
    assert least.seconds < most.seconds


def test_the_start_and_the_frozen_layers_are_charged_once(home):
    corpus, source = small(n=120), resolve("bundled:minilm")
    config = settings.validate({"strategies": ["top-1", "top-2"], "seeds": 2, "lr_trials": 2})
    alone = {
        name: cost.predict(config.fit(name, 0, None, corpus.part("train").n), corpus, source)
        for name in config.strategies
    }
    found = forecast.forecast(config, corpus, source)
    features = cost.predict(config.fit("features-6", 0, None, corpus.part("train").n), corpus, source)
    start, once = speed.known().start, max(each.prefix_seconds for each in (*alone.values(), features))
    added = features.seconds - features.prefix_seconds - start
    steps = sum(each.seconds - each.prefix_seconds - start for each in alone.values())
    assert found.arms == 7 and found.rows[-1].strategy == forecast.ADDED
    assert found.seconds == pytest.approx(start + once + 3 * steps + added)


def test_every_depth_is_a_click_beside_the_usual_choice(open_page):
    page = open_page("compare", corpus=corpora.save(small(n=120)))
    page.button(key="every-depth").click().run()
    assert not page.exception and not page.error
    chosen = page.multiselect(key="strategies").value
    plans = {parse(name).plan(6) for name in chosen}
    assert {parse(f"freeze-{layers}").plan(6) for layers in range(7)} <= plans
    assert {"head", "full", "lp-ft", "bitfit", "lora", "gradual"} <= set(chosen)
    assert page.button(key="every-depth").disabled
    page.button(key="usual-strategies").click().run()
    assert page.multiselect(key="strategies").value == list(settings.default_strategies(6))


def test_a_new_strategy_is_offered_without_a_line_in_a_form(open_page, monkeypatch):
    number = replace(STRATEGIES["top-N"].number, title="How many", low=2, usual=2)
    fresh = replace(STRATEGIES["top-N"], name="upper-N", title="Something new", number=number)
    monkeypatch.setitem(STRATEGIES, "upper-N", fresh)
    monkeypatch.setitem(_NUMBERED, "upper", fresh)
    corpus = corpora.save(small(n=120))
    page = open_page("compare", corpus=corpus, strategies="upper-4")
    assert {f"upper-{n}" for n in range(2, 7)} <= set(page.multiselect(key="strategies").options)
    assert not page.error
    page = open_page("fine_tune", corpus=corpus, strategy="upper-4")
    slider = page.slider(key="number_upper")
    assert (slider.label, slider.min, slider.max, slider.value) == ("How many", 2, 6, 4)


def test_class_weights_are_offered_above_three_to_one(open_page):
    plain = small(n=120)
    uneven = replace(plain, frame=plain.frame.assign(label=[int(i % 6 == 0) for i in range(plain.n)]))
    page = open_page("compare", corpus=corpora.save(uneven))
    page.button(key="use-class-weights").click().run()
    assert not page.exception
    assert any("--class-weights" in code.value for code in page.code)
    assert not [button for button in page.button if button.key == "use-class-weights"]


def test_a_link_fills_the_form(open_page):
    corpus = corpora.save(small(n=120))
    page = open_page("compare", corpus=corpus, strategies="lora", sweep_seeds="5")
    assert page.multiselect(key="strategies").value == ["lora"]
    assert page.number_input(key="sweep_seeds").value == 5


def test_earlier_comparisons_are_listed_here_and_among_the_runs(open_page):
    sweep = made()
    for key in ("compare", "runs"):
        page = open_page(key, corpus=sweep.corpus)
        page.button(key=f"open-{sweep.run}").click().run()
        assert not page.exception
        assert page.title[0].value == lit(sweep.run)


def test_a_run_that_is_no_comparison_opens_where_it_belongs_and_a_wrong_name_is_a_sentence(open_page):
    for name in ("nothing-here", "../../etc/passwd", "<b>x</b>"):
        page = open_page("compare", sweep=name)
        assert not page.exception and len(page.error) == 1
    run = runs.started(small())
    page = open_page("compare", sweep=run.id)
    assert not page.exception and page.title[0].value == lit(run.id)


@pytest.mark.parametrize("show", list(VIEWS))
def test_every_picture_opens_by_its_address(open_page, show):
    sweep = advised(made(small_corpus(120)))
    page = open_page("compare", sweep=sweep.run, show=show)
    assert not page.exception and not page.error
    assert page.radio(key="show").value == show


def test_the_advice_stands_on_top_with_its_reason_and_its_doubt(open_page):
    run = store.create("train", {"corpus": "x", "model": "bundled:minilm"}, "kept")
    sweep = advised(made(), recommended_run=run.id)
    page = open_page("compare", sweep=sweep.run)
    said = told(page)
    assert sweep.recommendation["strategy"] in said
    for part in ("reasons", "doubts", "surer"):
        first = sweep.recommendation[part][0]
        assert first["message"].format(**first["values"]) in said
    links = {link.proto.label: link.proto.query_string for link in page.get("page_link")}
    assert f"model={run.id}" in links["Classify with it"] and f"run={run.id}" in links["Open its run"]


@pytest.mark.parametrize(("state", "badge"), [("finished", "green-badge[Advice]"), ("stopped", "So far]")])
def test_a_stopped_comparison_does_not_look_like_a_finished_one(open_page, state, badge):
    sweep = advised(made(small_corpus(120), running=state != "finished"))
    if state != "finished":
        store.update(sweep.run, state=state)
    page = open_page("compare", sweep=sweep.run)
    (found,) = [each.value for each in page.markdown if "-badge[" in each.value and
                ("Advice" in each.value or "So far" in each.value)]  # fmt: skip
    assert badge in found and ("green" in found) == (state == "finished")


def test_a_deleted_model_is_said(open_page):
    sweep = advised(made(small_corpus(120)), recommended_run="gone-1234")
    page = open_page("compare", sweep=sweep.run)
    assert not page.exception
    assert "deleted since" in told(page)


def test_the_table_holds_the_means_of_the_arms(open_page):
    sweep = advised(made())
    page = open_page("compare", sweep=sweep.run)
    table = next(each.value for each in page.dataframe if "Macro-F1" in each.value)
    for strategy in ("head", "full"):
        scores = [arm.macro_f1 for arm in sweep.chosen if arm.strategy == strategy]
        [row] = table[table["Strategy"] == strategy].to_dict("records")
        assert row["Macro-F1"] == pytest.approx(sum(scores) / len(scores))
    assert "TF-IDF" in set(table["Strategy"])
    assert list(table.columns)[:2] == ["Strategy", "Macro-F1"], "what matters can be seen on a phone"


def test_texts_that_one_reads_right_and_another_wrong(open_page):
    sweep = advised(made())
    page = open_page("compare", sweep=sweep.run, show="texts", right="full", wrong="head")
    assert page.selectbox(key="right").value == "full" and page.selectbox(key="wrong").value == "head"
    table = next(each.value for each in page.dataframe if "text" in each.value)
    assert len(table) and (table["true"] != table["head"]).all()
    page.selectbox(key="wrong").set_value("tfidf").run()
    assert not page.exception
    assert page.query_params["wrong"] == "tfidf"


def test_the_texts_open_on_a_pair_that_differs(open_page):
    """Here the best and the last, a reference as good, read the same texts right."""
    sweep = advised(made(quality={"top-1": 1.2, "head": 0.7}, words=1.2, probe=1.2))
    page = open_page("compare", sweep=sweep.run, show="texts")
    assert (page.selectbox(key="right").value, page.selectbox(key="wrong").value) == ("top-1", "head")
    assert len(next(each.value for each in page.dataframe if "text" in each.value))


def test_trainings_that_are_over_are_folded_and_copies_not_counted(open_page):
    sweep = made(small_corpus(120), {"features-2": 0.6, "head": 0.7, "full": 0.8}, seeds=3, running=True)
    page = open_page("compare", sweep=sweep.run)
    [folded] = [each for each in page.expander if each.label == "Trainings that are over"]
    inside = " ".join(each.value for each in folded.markdown)
    assert "head" in inside and "full" not in inside and not folded.button
    first = [arm for arm in sweep.arms if arm.strategy != "features-2" or arm.seed == 0]
    own = sum(arm.state == "done" for arm in first)
    said = [each.proto.text for each in page.get("progress")]
    assert any(f"{own} of {len(first)} trainings over" in each for each in said), said


def test_when_all_trainings_are_over_the_comparison_comes_first(open_page):
    """What moved is still being measured then, which may take a while."""
    sweep = made(small_corpus(120), running=True)
    for arm in sweep.arms:
        if arm.state == "waiting":
            results.write_arm(store.folder(sweep.run), replace(arm, state="stopped"))
    page = open_page("compare", sweep=sweep.run)
    assert not page.exception
    [folded] = [each for each in page.expander if each.label == "Every training, as it learnt"]
    assert "Every training, as it learns" in [each.value for each in folded.subheader]
    assert "The comparison so far" in [each.value for each in page.subheader]


@pytest.mark.parametrize("show", ["evidence", "curves"])
def test_a_picture_may_stand_in_the_moving_part_and_below(open_page, show):
    page = open_page("compare", sweep=made(small_corpus(120), running=True).run, show=show)
    assert not page.exception


def test_what_is_missing_is_said_of_all_that_is_planned_by_now(open_page):
    """In the one-click answer arms are added while those compared stay the same."""
    sweep = made(running=True)
    path = store.folder(sweep.run) / results.SWEEP
    written = read_json(path)
    later = [arm.id for arm in sweep.arms if arm.strategy == "full"]
    write_json(path, {**written, "arms": [arm for arm in written["arms"] if arm not in later]})
    page = open_page("compare", sweep=sweep.run)
    assert "Not compared" not in told(page)
    write_json(path, written)
    page.run()
    assert "Not compared, since they failed, were stopped or are not through: full." in told(page)


def test_a_strategy_has_its_picture_before_its_first_point(open_page):
    """Else the picture would grow, and the buttons below it move, when a training begins."""
    sweep = made(small_corpus(120), running=True)
    page = open_page("compare", sweep=sweep.run)
    titles = [
        each["text"]
        for chart in page.get("plotly_chart")
        for each in json.loads(chart.proto.spec)["layout"].get("annotations", [])
    ]
    assert titles[:4] == ["head", "top-1", "top-2", "full"]


def test_while_it_runs_every_arm_can_be_stopped_alone(open_page):
    sweep = made(running=True)
    page = open_page("compare", sweep=sweep.run)
    assert not page.exception
    stops = [button.key for button in page.button if button.key.startswith("stop-")]
    waiting = [arm.id for arm in sweep.arms if arm.state == "waiting"]
    assert set(stops) == {f"stop-{arm}" for arm in waiting}
    page.button(key=f"stop-{waiting[1]}").click().run()
    assert not page.exception
    states = {arm.id: arm.state for arm in results.load(sweep.run).arms}
    assert states[waiting[1]] == "stopped" and states[waiting[0]] == "waiting"
    assert store.get(sweep.run).want == ""


@pytest.mark.parametrize("key", ["stop", "cancel"])
def test_all_of_it_can_be_ended_once(open_page, monkeypatch, key):
    monkeypatch.setattr(queue.EXECUTOR, "stop", lambda *_: None)
    sweep = made(small_corpus(120), running=True)
    page = open_page("compare", sweep=sweep.run)
    page.button(key=key).click().run()
    assert store.get(sweep.run).want == key
    assert page.button(key=key).disabled


def test_before_anything_is_known_it_says_what_is_coming(open_page):
    config = settings.validate({"strategies": ["head", "full"]})
    corpus = corpora.save(small(n=24))
    run = store.create(settings.KIND, settings.request(config, corpus), "young")
    for state in ("queued", "running"):
        if state == "running":
            store.update(run.id, state=state)
        page = open_page("compare", sweep=run.id)
        assert not page.exception
        assert "seconds" in told(page)
    for state in ("failed", "stopped", "interrupted"):
        fresh = store.create(settings.KIND, settings.request(config, corpus), "young")
        store.update(fresh.id, state=state)
        page = open_page("compare", sweep=fresh.id)
        assert not page.exception
        assert "Nothing was compared" in told(page)


def test_another_comparison_starts_from_these_settings(open_page):
    sweep = made(small_corpus(120))
    page = open_page("compare", sweep=sweep.run)
    page.button(key="again").click().run()
    assert not page.exception
    assert page.multiselect(key="strategies").value == list(sweep.config.strategies)
    command = next(code.value for code in page.code if code.value.startswith("xfer sweep"))
    assert command == settings.command(sweep.config, f"corpus:{sweep.corpus}")


@pytest.mark.parametrize("running", [True, False])
def test_every_word_goes_through_the_catalogue(open_page, monkeypatch, running):
    real = i18n.translation

    class Marked:
        def gettext(self, message):
            return f"⟦{message}⟧"

    monkeypatch.setattr(
        i18n, "translation", lambda language: Marked() if language == "zh" else real(language)
    )
    sweep = made(small_corpus(120), running=running)
    if not running:
        sweep = advised(sweep)
    page = open_page("compare", lang="zh", sweep=sweep.run)
    assert not page.exception
    ours = re.compile(r"(\*\*)?(head|top-1|top-2|full)(\*\*)?$|" + sweep.run)
    assert [w for w in words(page) if w and "⟦" not in w and not ours.match(w.replace("\u2060", ""))] == []
