"""What a sweep is asked for: checked, kept, and written as the command that repeats it."""

from __future__ import annotations

import shlex

import pytest

from xfer_core.errors import BadSetting
from xfer_core.sweep.settings import command, request, validate
from xfer_core.training.settings import validate as training


def test_a_request_is_enough_to_repeat_it() -> None:
    config = validate({"strategies": "head, top-2,layers-e,1,5,full,head", "seeds": "2", "steps": 50})
    assert config.strategies == ("head", "top-2", "layers-e,1,5", "full")
    assert (config.seeds, config.lr_trials, config.steps) == (2, 3, 50)
    assert validate(request(config, "toy-12345678")) == config


def test_the_command_leaves_defaults_out() -> None:
    config = validate({"strategies": ["head", "full"], "seeds": 5, "second": "film-1", "class_weights": True})
    line = command(config, "corpus:tweets")
    assert shlex.split(line) == [
        "xfer", "sweep", "corpus:tweets", "--strategies", "head,full", "--seeds", "5", "--class-weights",
        "--second", "corpus:film-1",
    ]  # fmt: skip
    assert command(validate({"strategies": "full", "mode": "answer"}), "x.csv").startswith(
        "xfer report x.csv"
    )


def test_the_budget_is_three_passes_but_400_steps() -> None:
    config = validate({"strategies": "full"})
    assert config.planned_steps(100) == 400
    assert config.planned_steps(16_000) == 3_000
    assert validate({"strategies": "full", "steps": 7}).planned_steps(16_000) == 7


def test_an_arm_is_a_training_run_with_these_settings() -> None:
    config = validate({"strategies": "full", "dropout": 0.2, "max_length": 32, "steps": 9})
    arm = config.fit("top-1", seed=4, learning_rate=3e-5, texts=100)
    assert arm == training(
        {"strategy": "top-1", "seed": 4, "learning_rate": 3e-5, "steps": 9, "dropout": 0.2, "max_length": 32}
    )


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({}, "No strategy"),
        ({"strategies": " , "}, "No strategy"),
        ({"strategies": "head,nonsense"}, "no strategy “nonsense”"),
        ({"strategies": "head", "seeds": 0}, "seeds is 0"),
        ({"strategies": "head", "seeds": 2, "seed": 2**31 - 1}, "last of 2 seeds"),
        ({"strategies": "head", "lr_trials": 0}, "lr_trials is 0"),
        ({"strategies": "head", "steps": "many"}, "not a whole number"),
        ({"strategies": "head", "mode": "guess"}, "no mode “guess”"),
        ({"strategies": "head", "dropout": 2}, "dropout is 2"),
    ],
)
def test_bad_settings_are_a_sentence(values: dict, says: str) -> None:
    with pytest.raises(BadSetting, match=says):
        validate(values)
