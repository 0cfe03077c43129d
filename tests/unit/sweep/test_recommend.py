"""The recommendation on sweeps of known quality; what it would take to be surer, by simulation."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from tests.unit.sweep.simulated import simulate
from xfer_core.sweep import words
from xfer_core.sweep.comparison import compare
from xfer_core.sweep.recommend import MARGIN, choose, errors_apart, margin, need, recommend, sure_level


def messages(parts):
    return {each["message"] for each in parts}


def test_the_cheapest_of_those_that_read_alike():
    sweep = simulate({"head": 0.6, "top-2": 0.8, "full": 0.8, "lora": 0.8})
    found = recommend(sweep)
    assert found.strategy == "top-2"
    assert {words.ON_TEST, words.SURELY} <= messages(found.reasons)
    assert found.reasons[0]["message"] in (words.CHEAPER, words.BEST)
    scores = {arm.id: arm.validation_macro_f1 for arm in sweep.arms if arm.strategy == "top-2" and arm.chosen}
    assert found.arm == max(scores, key=scores.get)


def test_the_best_where_it_is_clearly_better_however_dear():
    found = recommend(simulate({"head": 0.6, "top-2": 0.75, "full": 0.8}, test=2_000))
    assert (found.strategy, found.best, found.rival) == ("full", "full", "top-2")
    assert sum(each["message"] == words.SURELY for each in found.reasons) == 2
    assert messages(found.surer) == {words.ENOUGH}


def test_word_counts_where_nothing_beats_them_and_a_model_to_keep_all_the_same():
    sweep = simulate({"head": 0.5, "top-2": 0.7}, references={"tfidf": 0.72, "untuned_probe": 0.6})
    found = recommend(sweep)
    assert found.strategy == "tfidf" and found.arm.startswith("top-2")
    (first, *_) = found.reasons
    assert first["message"] == words.WORDS_BEST and first["values"]["best"] == "top-2"
    near = recommend(simulate({"head": 0.5, "top-2": 0.7}, references={"tfidf": 0.7}))
    assert near.strategy == "tfidf" and near.reasons[0]["message"] == words.WORDS


def test_with_few_texts_a_lead_that_may_be_luck_buys_no_dear_training():
    """A lead of a little more than the margin, of a strategy that costs several times as much."""
    told = 0
    for world in range(12):
        quality, lone = {"top-1": 0.7, "full": 0.715}, {"references": {}, "seeds": 1, "world": world}
        few = compare(simulate(quality, validation=79, **lone)).validation
        many = compare(simulate({"top-1": 0.7, "full": 0.76}, validation=3_000, **lone))
        lead = few.mean("full") - few.mean("top-1")
        if 0.01 < lead <= few.error("full", "top-1"):
            found = recommend(simulate(quality, validation=79, **lone))
            assert (found.strategy, found.best) == ("top-1", "full")
            assert "one standard error" in words.sentence(found.reasons[0])
            told += 1
        assert choose(many).strategy == "full"
    assert told >= 2


def test_the_margin_is_a_standard_error_where_texts_are_few_and_a_hundredth_where_they_are_many():
    quality = {"top-1": 0.7, "full": 0.72}
    few, many = (compare(simulate(quality, validation=n, seeds=1)).validation for n in (79, 20_000))
    assert margin(many, "full", "top-1") == MARGIN > many.error("full", "top-1")
    differences = [
        compare(simulate(quality, validation=79, seeds=1, world=world), draws=2).validation
        for world in range(1, 60)
    ]
    by_chance = np.std([seen.mean("full") - seen.mean("top-1") for seen in differences])
    assert margin(few, "full", "top-1") == pytest.approx(by_chance, rel=0.35)


def test_only_the_validation_texts_choose():
    sweep = simulate({"head": 0.6, "top-2": 0.75, "full": 0.8})
    shuffled = {key: np.roll(labels, 7) for key, labels in sweep.predicted.items()}
    assert choose(compare(replace(sweep, predicted=shuffled))) == choose(compare(sweep))


def test_doubts_are_raised_where_there_is_reason():
    few = simulate({"head": 0.79, "top-2": 0.8}, validation=60, test=100, seeds=2)
    found = recommend(few)
    assert {words.NOT_TOLD, words.FEW_SEEDS, words.FEW_TEXTS, words.SEVERAL} <= messages(found.doubts)
    many = recommend(simulate({"head": 0.6, "top-2": 0.8}, test=2_000))
    assert messages(many.doubts) == {words.SEVERAL, words.ONE_DIVISION}


def test_test_texts_that_contradict_are_reported_and_do_not_choose():
    sweep = simulate({"head": 0.8, "top-2": 0.7}, test=1_000)
    other = simulate({"head": 0.7, "top-2": 0.8}, test=1_000)
    found = recommend(replace(sweep, predicted=other.predicted))
    assert found.strategy == "head"
    said = next(each for each in found.doubts if each["message"] == words.CONTRADICTED)
    assert said["values"]["other"] == "top-2" and said["values"]["low"] > 0


def test_strategies_that_are_not_through_are_named():
    sweep = simulate({"head": 0.6, "top-2": 0.8, "full": 0.9})
    arms = tuple(replace(a, state="failed", chosen=False) if a.strategy == "full" else a for a in sweep.arms)
    found = recommend(replace(sweep, arms=arms))
    assert found.strategy == "top-2"
    assert {"message": words.MISSING, "values": {"names": ["full"]}} in found.doubts


def test_a_better_probe_of_the_untuned_model_is_a_doubt_until_its_layer_is_compared():
    strong = {"tfidf": 0.5, "untuned_probe": 0.85}
    assert words.PROBE_AHEAD in messages(recommend(simulate({"top-2": 0.8}, references=strong)).doubts)
    both = simulate({"top-2": 0.8, "features-4": 0.85}, references=strong)
    assert recommend(both).strategy == "features-4"
    assert words.PROBE_AHEAD not in messages(recommend(both).doubts)


def test_every_sentence_can_be_said_in_any_language_and_kept_as_json():
    found = recommend(simulate({"head": 0.6, "top-2": 0.79, "full": 0.8}, validation=80, test=90))
    kept = json.loads(json.dumps(found.as_dict()))
    assert kept["strategy"] == found.strategy and "macro-F1 0." in kept["sentence"]
    marked = words.said(found.reasons + found.doubts + found.surer, lambda text: "译" + text)
    assert marked.count("译") >= len(found.reasons + found.doubts + found.surer)
    assert "{" not in marked


@pytest.mark.parametrize("nothing", [simulate({}, references={}), simulate({})])
def test_no_recommendation_before_a_strategy_is_through(nothing):
    assert recommend(nothing) is None


def test_one_strategy_without_references_has_no_rival():
    found = recommend(simulate({"head": 0.7}, references={}))
    assert (found.strategy, found.rival, found.surer) == ("head", "", ())


def test_all_comparisons_together_err_in_five_per_cent():
    assert sure_level(2) == pytest.approx(0.95)
    assert sure_level(11) == pytest.approx(0.995)
    assert errors_apart(0.975) == pytest.approx(1.96 + 0.84, abs=0.005)


def test_where_two_cannot_be_told_apart_more_is_asked_for():
    for world in range(4):
        quality = {"top-1": 0.77, "top-2": 0.8, "full": 0.8}
        found = recommend(simulate(quality, validation=400, world=world))
        if words.NOT_TOLD in messages(found.doubts):
            assert words.ENOUGH not in messages(found.surer)


def test_with_what_it_asks_for_the_difference_is_that_many_standard_errors_from_zero():
    quality, chance = {"top-1": 0.77, "top-2": 0.8}, {"wobble": 0.006, "validation": 60, "lr_trials": 1}
    asked = need(compare(simulate(quality, test=4_000, seeds=5, **chance)), "top-2", "top-1", 0.975)
    assert asked.seeds == 5 and 100 < asked.texts < 2_000
    differences = []
    for world in range(1, 31):
        again = simulate(quality, test=asked.texts, seeds=asked.seeds, world=world, **chance)
        differences.append(compare(again, draws=2).better("top-2", "top-1").difference)
    assert asked.difference / np.std(differences) == pytest.approx(errors_apart(0.975), rel=0.35)


def test_it_takes_more_texts_for_smaller_differences_but_never_for_less_than_matters():
    near = compare(simulate({"top-2": 0.8, "full": 0.802}, test=1_000))
    far = compare(simulate({"top-2": 0.7, "full": 0.8}, test=1_000))
    close, clear = need(near, "full", "top-2"), need(far, "full", "top-2")
    assert close.difference >= 0.01 and close.texts > 1_000 > clear.texts
    assert str(close.texts).rstrip("0").__len__() <= 2


@pytest.mark.parametrize(("seeds", "trials"), [(1, 1), (3, 3)])
def test_counts_read_well_at_one(seeds, trials):
    sweep = simulate({"top-2": 0.8, "full": 0.8}, validation=80, test=90, seeds=seeds, lr_trials=trials)
    found = recommend(sweep)
    said = words.said((*found.reasons, *found.doubts, *found.surer, *words.rules(sweep.config)))
    assert "features-K and mix" in said
    assert not re.search(r"(?<![\d.,])1 (seeds|texts|learning rates|test texts|validation texts)", said)


def test_strategies_that_lost_trainings_are_named():
    whole = simulate({"features-4": 0.6, "head": 0.6, "top-2": 0.8}, seeds=3, lr_trials=3)
    assert words.UNEQUAL not in messages(recommend(whole).doubts)
    lost = {"top-2-r0": "failed", "head-s2": "stopped"}
    arms = tuple(replace(arm, state=lost.get(arm.id, arm.state)) for arm in whole.arms)
    told = recommend(replace(whole, arms=arms))
    (doubt,) = (each for each in told.doubts if each["message"] == words.UNEQUAL)
    said = words.sentence(doubt)
    assert "head (learning rates tried: 3 of 3; seeds: 2 of 3)" in said
    assert "top-2 (learning rates tried: 2 of 3; seeds: 3 of 3)" in said and "features-4" not in said
    table = compare(replace(whole, arms=arms)).table().set_index("strategy")
    assert table.loc[["head", "top-2"], "trials"].tolist() == [3, 2]
    # A strategy that is still at work has lost nothing.
    arms = tuple(replace(arm, state="waiting") if arm.id == "head-s2" else arm for arm in whole.arms)
    assert words.UNEQUAL not in messages(recommend(replace(whole, arms=arms)).doubts)


def test_copies_of_a_solver_are_no_seeds():
    found = recommend(simulate({"head": 0.6, "features-4": 0.8}, seeds=3))
    assert found.strategy == "features-4" and found.reasons[0]["values"]["seeds"] == 1


def test_no_advice_passes_over_a_probe_that_reads_better():
    """The gravest doubt comes first, since the page shows that one beside the advice."""
    before = {"tfidf": 0.75, "untuned_probe": 0.85}
    without = recommend(simulate({"head": 0.5, "top-2": 0.6}, references=before))
    assert without.strategy == "tfidf" and without.doubts[0]["message"] == words.PROBE_AHEAD
    assert "no use of the model" not in without.as_dict()["sentence"].lower()
    found = recommend(simulate({"features-4": 0.85, "head": 0.5, "top-2": 0.6}, references=before))
    assert found.strategy == "features-4" and words.PROBE_AHEAD not in messages(found.doubts)
    assert words.PROBE_ON_TEST not in messages(found.doubts)


def test_what_the_test_texts_say_of_the_probe_is_not_hidden():
    """The picture shows test scores: where the line of the probe is above the advice, the advice says so."""
    sweep = simulate({"features-4": 0.6, "top-2": 0.8}, references={"tfidf": 0.5, "untuned_probe": 0.6})
    other = simulate({"features-4": 0.9, "top-2": 0.8}, references={"tfidf": 0.5, "untuned_probe": 0.9})
    found = recommend(replace(sweep, predicted=other.predicted))
    assert found.strategy == "top-2"
    assert {words.CONTRADICTED, words.PROBE_ON_TEST} <= messages(found.doubts[:2])


def test_a_student_reads_plain_words_first():
    found = recommend(simulate({"head": 0.79, "top-1": 0.795, "top-2": 0.8}, validation=60, test=100))
    said = words.said((*found.reasons, *found.doubts, *found.surer))
    assert not any(
        jargon in said for jargon in ("resamples", "from which it cannot be told", "as clearly as")
    )
