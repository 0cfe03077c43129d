"""What is predicted: parameters as the real model has them, time in the order it must have, and learning."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch

from tests.tiny import DEPTH, FAMILIES, tiny_folder, trainable
from tests.unit.training.conftest import small_corpus
from xfer_core.models.freezing import select
from xfer_core.models.load import load
from xfer_core.models.sources import BUNDLED, resolve
from xfer_core.settings import LIMITS, home
from xfer_core.training import cost, fit, material, pooled_fit, speed
from xfer_core.training.adapters import adapt
from xfer_core.training.settings import validate
from xfer_core.training.strategies import STRATEGIES as STRATEGY
from xfer_core.training.strategies import parse

STRATEGIES = (
    "head", "freeze-0", "freeze-2", "top-1", "block-1", "block-2", "layers-e,3", "layers-1,3", "full",
    "gradual", "discriminative", "lp-ft", "reinit-1", "bitfit", "lora", "ia3",
)  # fmt: skip
CLASSES = 3
pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return {family: tiny_folder(family, tmp_path_factory.mktemp(family) / "model") for family in FAMILIES}


def predicted(strategy, source=BUNDLED, corpus=None, **chosen):
    config = validate({"strategy": strategy, **chosen})
    return cost.predict(config, small_corpus() if corpus is None else corpus, resolve(str(source)))


@pytest.mark.parametrize("family", FAMILIES)
def test_parameters_are_those_of_the_real_model(folders, family):
    source = resolve(str(folders[family]))
    for strategy in STRATEGIES:
        plan = parse(strategy).plan(DEPTH)
        model, _ = load(source, "classifier", label_names=["a", "b", "c"])
        whole = sum(p.numel() for p in model.parameters())
        if plan.adapter:
            adapt(model, plan.adapter)
        select(model, plan.trained)
        said = predicted(strategy, folders[family])
        assert said.trainable == trainable(model), strategy
        assert said.parameters == whole, strategy

    encoder, _ = load(source, "encoder")
    plain = sum(p.numel() for p in encoder.parameters())
    for strategy, states in (("features-2", 1), ("mix", DEPTH + 1)):
        said = predicted(strategy, folders[family])
        assert said.trainable == CLASSES * (states * encoder.config.hidden_size + 1)
        assert said.parameters == plain + said.trainable


def test_parameters_of_the_bundled_model_are_exact():
    model, _ = load(resolve(BUNDLED), "classifier", label_names=["a", "b", "c"])
    whole = sum(p.numel() for p in model.parameters())
    assert predicted("full").trainable == predicted("full").parameters == whole
    select(model, parse("bitfit").plan(6).trained)
    assert predicted("bitfit").trainable == trainable(model)


def test_what_is_said_of_biases_and_the_classifier_is_so():
    whole, head = predicted("full").parameters, predicted("head").trainable
    biases = predicted("bitfit").trainable - head
    assert round(biases / whole, 3) == 0.001 and 3 < head / biases < 10
    assert "about 0.1 % of the model" in STRATEGY["bitfit"].trains


def test_the_head_of_another_task_in_the_folder_is_not_counted(folders, tmp_path):
    source = tiny_folder("bert", tmp_path / "seven", labels=7)
    assert predicted("full", source) == predicted("full", folders["bert"])


def test_deeper_training_never_costs_less():
    depths = [predicted(f"freeze-{k}", steps=300) for k in range(7)]
    for shallow, deep in zip(depths[1:], depths, strict=False):
        assert shallow.seconds < deep.seconds and shallow.trainable < deep.trainable
        assert shallow.memory_mb <= deep.memory_mb
    assert depths[0].seconds <= predicted("full", steps=300).seconds
    assert depths[6].trainable == predicted("head").trainable


def test_what_touches_the_lowest_layer_reuses_nothing_and_takes_as_long():
    whole = predicted("full", steps=300)
    for strategy in ("bitfit", "lora", "ia3", "block-1", "freeze-0"):
        said = predicted(strategy, steps=300)
        assert said.prefix_seconds == 0 and said.seconds > 0.5 * whole.seconds, strategy
        assert said.trainable < whole.trainable
    assert not whole.cached and not predicted("layers-e,6").cached
    assert predicted("block-6").prefix_seconds > predicted("block-3").prefix_seconds > 0


def test_phases_are_priced_from_where_each_of_them_begins():
    whole = predicted("full", steps=300)
    for strategy in ("lp-ft", "gradual"):
        said = predicted(strategy, steps=300)
        assert said.cached and 0 < said.prefix_seconds < said.seconds < whole.seconds, strategy
    assert predicted("lp-ft", steps=300).seconds > 0.6 * whole.seconds  # 70 % of the steps are the same


def test_what_has_room_is_cached_from_the_top(monkeypatch):
    usual = predicted("gradual", steps=300)
    work = cost._Work.of(validate({"strategy": "gradual"}), small_corpus(), resolve(BUNDLED), speed.known())
    for states, memory, fits in ((1.5, 0, 1), (1.5, 2.5, 3), (0, 2.5, 2), (99, 99, 7)):
        limits = replace(
            LIMITS, states_cache_mb=states * work._layer_mb, cached_states_mb=memory * work._layer_mb
        )
        monkeypatch.setattr(cost, "LIMITS", limits)
        vars(work).pop("stored", None)
        assert sorted(work.stored) == list(range(7 - fits, 7))
        said = predicted("gradual", steps=300)
        assert said.cached and (said.seconds > usual.seconds) == (fits < 7) == ("too large" in said.note)


def test_a_pass_that_a_run_does_not_pay_teaches_nothing():
    corpus, config, source = small_corpus(), validate({"strategy": "head", "steps": 10}), resolve(BUNDLED)
    before = cost.predict(config, corpus, source)
    cost.learn(config, corpus, source, before.seconds - before.prefix_seconds, steps=10)
    assert cost.predict(config, corpus, source).seconds == pytest.approx(before.seconds)


def test_whether_half_precision_pays_is_only_said_where_it_was_measured():
    assert speed.Speed().bf16_pays is None
    assert speed.Speed(bf16=0.6, measured=True).bf16_pays is False
    assert speed.Speed(bf16=1.8, measured=True).bf16_pays is True


def test_more_texts_more_steps_and_longer_texts_cost_more():
    small, large = small_corpus(60), small_corpus(240)
    usual = predicted("top-2", corpus=small)
    assert predicted("top-2", corpus=large).seconds > usual.seconds
    assert predicted("top-2", corpus=small, steps=2_000).seconds > predicted("top-2", steps=200).seconds
    assert predicted("top-2", corpus=small, max_length=8).seconds < usual.seconds
    assert predicted("full", batch_size=64).memory_mb > predicted("full", batch_size=8).memory_mb


def test_a_solver_takes_less_than_any_training():
    solved = [predicted(f"features-{k}") for k in range(7)]
    assert max(each.seconds for each in solved) < predicted("top-1").seconds
    assert predicted("mix").seconds >= solved[3].seconds  # one pass gives the states of all layers
    assert solved[3].trainable == CLASSES * (384 + 1)


def test_states_too_large_to_keep_are_not_promised(monkeypatch):
    monkeypatch.setattr(cost, "LIMITS", type("Small", (), {
        "cached_states_mb": 0, "states_cache_mb": 0, "validation_sample": 2_000, "train_sample": 500,
    }))  # fmt: skip
    said, kept = predicted("top-1"), speed.known()
    monkeypatch.undo()
    assert not said.cached and "too large" in said.note and not kept.measured
    assert said.seconds > predicted("top-1").seconds


@pytest.mark.parametrize("off", [0.25, 4.0])
def test_a_finished_run_moves_the_next_prediction_towards_it(off):
    corpus, config = small_corpus(), validate({"strategy": "top-2"})
    source = resolve(BUNDLED)
    before = cost.predict(config, corpus, source)

    def stepping():
        said = cost.predict(config, corpus, source)
        return said.seconds - said.prefix_seconds

    took = off * stepping()
    errors = [abs(took - stepping())]
    for _ in range(6):
        cost.learn(config, corpus, source, took, memory_mb=before.memory_mb + 100)
        errors.append(abs(took - stepping()))
    assert errors == sorted(errors, reverse=True) and errors[-1] < 0.3 * errors[0]
    after = cost.predict(config, corpus, source)
    assert before.memory_mb < after.memory_mb <= before.memory_mb + 100
    assert after.trainable == before.trainable


def test_a_run_that_stopped_early_is_judged_by_the_steps_it_took():
    corpus, config = small_corpus(), validate({"strategy": "top-2", "steps": 1_000})
    source, half = resolve(BUNDLED), validate({"strategy": "top-2", "steps": 500})
    before = cost.predict(config, corpus, source)
    took = cost.predict(half, corpus, source)
    cost.learn(config, corpus, source, took.seconds - took.prefix_seconds, steps=500)
    assert cost.predict(config, corpus, source).seconds == pytest.approx(before.seconds, rel=0.01)


@pytest.mark.parametrize("content", ["", "[]", '{"train": "fast"}', '{"unknown": 1}'])
def test_a_broken_record_of_the_speed_does_not_stop_a_page(content):
    path = home() / "cache" / "speed.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    assert predicted("top-2").seconds > 0


def test_measuring_the_machine_gives_speeds_and_forgets_old_corrections(folders):
    speed.correct("layers", 3.0)
    found = speed.calibrate(str(folders["bert"]))
    assert found == speed.known() and found.measured
    assert 0 < found.train < 1e15 and found.read > 0 and found.factors == {}
    assert json.loads((home() / "cache" / "speed.json").read_text())["measured"] is True
    assert torch.is_grad_enabled()


def test_what_it_mirrors_of_modules_that_need_torch_is_theirs():
    assert cost.check_every is fit.check_every and cost.looked_at is material.looked_at
    assert cost.EVAL_BATCH is fit.EVAL_BATCH and cost.STRENGTHS is pooled_fit.STRENGTHS


def test_more_checks_cost_more(monkeypatch):
    usual = predicted("full", steps=60).seconds
    monkeypatch.setattr(cost, "check_every", lambda *_: 1)  # sixty checks
    assert predicted("full", steps=60).seconds > usual


def test_a_solver_is_charged_for_every_strength_it_tries(monkeypatch):
    six, twelve = (0.1,) * 6, (0.1,) * 12
    seconds = []
    for strengths in ((), six, twelve):
        monkeypatch.setattr(cost, "STRENGTHS", strengths)
        seconds.append(predicted("mix").seconds)
    assert seconds[2] - seconds[1] == pytest.approx(seconds[1] - seconds[0]) and seconds[1] > seconds[0]
