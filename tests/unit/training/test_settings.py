"""Settings as data: checks, defaults, and the command line that repeats a run."""

from dataclasses import fields

import pytest

from xfer_core.errors import BadSetting
from xfer_core.training.settings import SETTINGS, FitConfig, command, request, validate
from xfer_core.training.strategies import STRATEGIES, parse


def test_every_setting_is_a_field_with_the_same_default() -> None:
    named = {field.name: field.default for field in fields(FitConfig)}
    assert named.pop("task") == "classification"
    assert {setting.name: setting.default for setting in SETTINGS} == named
    assert all(s.title and s.does and s.raising and s.reason for s in SETTINGS)


def test_numbers_may_come_as_text_and_empty_means_default() -> None:
    config = validate({"learning_rate": "2e-5", "batch_size": "8", "epochs": "", "class_weights": "true"})
    assert (config.rate, config.batch_size, config.epochs, config.class_weights) == (2e-5, 8, None, True)


@pytest.mark.parametrize(
    "values",
    [
        {"learning_rate": 0},
        {"learning_rate": "nan"},
        {"batch_size": 2.5},
        {"batch_size": "many"},
        {"dropout": 1.0},
        {"strategy": "magic"},
        {"strategy": "freeze-K"},
        {"epochs": 1, "steps": 10},
        {"max_length": 100_000},
        {"seed": -1},
    ],
)
def test_a_bad_value_is_named(values: dict) -> None:
    with pytest.raises(BadSetting) as caught:
        validate(values)
    assert str(caught.value).format() == str(caught.value)  # no placeholder left open
    assert "{" not in str(caught.value)


def test_the_command_repeats_what_differs_from_the_defaults() -> None:
    config = validate({"strategy": "freeze-3", "seed": 4, "class_weights": True, "learning_rate": 5e-5})
    line = command(config, "corpus:mine")
    assert line == "xfer train corpus:mine --strategy freeze-3 --learning-rate 5e-05 --class-weights --seed 4"
    assert command(validate({}), "corpus:tweets") == "xfer train corpus:tweets --strategy top-2"


def test_a_runs_config_gives_the_same_settings_back() -> None:
    config = validate({"strategy": "full", "steps": 12})
    assert validate(request(config, "tweets-12345678")) == config


def test_strategies_count_layers_from_either_end() -> None:
    assert parse("head").plan(6).prefix == 6
    assert parse("full").plan(6).prefix is None
    assert parse("freeze-0").plan(6).prefix == 0
    assert parse("top-2").plan(6).prefix == parse("freeze-4").plan(6).prefix == 4
    for name in ("freeze-7", "top-7"):
        with pytest.raises(BadSetting):
            parse(name).plan(6)


def test_few_texts_get_steps_and_many_get_passes() -> None:
    for strategy in STRATEGIES.values():
        assert strategy.rates[0] <= strategy.rate <= strategy.rates[1]
        assert strategy.budget(100_000, 16) == strategy.epochs * 6250
        assert strategy.budget(800, 16) >= strategy.steps
        assert strategy.budget(10, 16) == strategy.most_epochs
        assert (strategy.budget(10, 16) == 0) == strategy.solver
    assert validate({"epochs": 1.5}).planned_steps(100) == 11
    assert validate({"steps": 7}).planned_steps(100) == 7


def test_bounds_are_spelt_as_people_write_them() -> None:
    with pytest.raises(BadSetting, match="from 1 to 1,000,000"):
        validate({"steps": -3})
