"""The rules of a fair comparison: who tries what, and what follows from it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from xfer_core.errors import BadSetting
from xfer_core.sweep import schedule
from xfer_core.sweep.results import Arm
from xfer_core.sweep.settings import SweepConfig, default_strategies
from xfer_core.training.strategies import parse


def ended(arms: tuple[Arm, ...], scores: dict[str, float | None]) -> tuple[Arm, ...]:
    """The arms of *scores* done with that macro-F1, or failed where it is None."""
    return tuple(
        arm
        if arm.id not in scores
        else replace(arm, state="done", validation_macro_f1=scores[arm.id])
        if scores[arm.id] is not None
        else replace(arm, state="failed")
        for arm in arms
    )


def choose(arms: tuple[Arm, ...], strategy: str) -> tuple[Arm, ...]:
    best = schedule.choice([arm for arm in arms if arm.strategy == strategy])
    return tuple(replace(arm, chosen=True) if arm is best else arm for arm in arms)


def rates(arms: tuple[Arm, ...], strategy: str) -> list[float | None]:
    return [arm.learning_rate for arm in arms if arm.strategy == strategy]


def test_the_same_strategy_twice_is_left_out_and_said() -> None:
    kept, notes = schedule.distinct(["top-2", "freeze-4", "freeze-6", "head", "full"], 6)
    assert kept == ("head", "top-2", "full")
    assert {(note["values"]["dropped"], note["values"]["kept"]) for note in notes} == {
        ("freeze-4", "top-2"),
        ("freeze-6", "head"),
    }
    assert schedule.distinct(["top-2", "freeze-4"], 12)[1] == ()


def test_strategies_go_from_shallow_to_deep() -> None:
    kept, _ = schedule.distinct(["full", "lora", "freeze-0", "head", "features-4", "top-1", "gradual"], 6)
    assert kept == ("features-4", "head", "top-1", "freeze-0", "lora", "full", "gradual")
    assert len(schedule.distinct(default_strategies(6), 6)[0]) == len(default_strategies(6))
    assert schedule.distinct(default_strategies(2), 2)[1] == ()


def test_a_strategy_that_does_not_fit_the_model_is_refused() -> None:
    with pytest.raises(BadSetting, match="9 layers do not fit this model, which has 6"):
        schedule.distinct(["head", "top-9"], 6)


def test_every_strategy_has_the_same_number_of_trials() -> None:
    config = SweepConfig(("head", "top-1", "full", "bitfit"), seeds=3, lr_trials=3, seed=5)
    arms = schedule.arms(config.strategies, config)
    for name in config.strategies:
        own = [arm for arm in arms if arm.strategy == name]
        assert [arm.role for arm in own] == ["trial"] * 3 + ["final"] * 2
        assert [arm.seed for arm in own] == [5, 5, 5, 6, 7]
    assert len({arm.id for arm in arms}) == len(arms)


def test_deeper_arms_get_the_winner_and_its_neighbours() -> None:
    config = SweepConfig(("top-1", "top-2", "full"), seeds=2, lr_trials=3)
    arms = schedule.arms(config.strategies, config)
    assert rates(arms, "top-1") == [2e-5, 6.3e-5, 2e-4, None]  # over all of the range
    assert rates(arms, "full") == [None] * 4
    arms = choose(ended(arms, {"top-1-r1": 0.5, "top-1-r2": 0.7, "top-1-r3": 0.6}), "top-1")
    arms = schedule.with_rates(arms, config)
    assert rates(arms, "top-1")[-1] == 6.3e-5
    assert rates(arms, "top-2") == rates(arms, "full") == [3.6e-5, 6.3e-5, 1.1e-4, None]
    arms = choose(ended(arms, {"top-2-r1": 0.8, "top-2-r2": 0.1, "top-2-r3": 0.1}), "top-2")
    arms = schedule.with_rates(arms, config)
    assert rates(arms, "top-2")[-1] == 3.6e-5
    assert rates(arms, "full")[:3] == [3.6e-5, 6.3e-5, 1.1e-4], "set already, so they stay"


def test_neighbours_stay_within_the_range() -> None:
    body = parse("full")
    assert schedule.near(body, 3, 2e-5) == (2e-5, 3.6e-5, 6.3e-5)
    assert schedule.near(body, 3, 2e-4) == (6.3e-5, 1.1e-4, 2e-4)
    assert schedule.near(body, 2, 2e-4)[-1] == 2e-4
    assert schedule.wide(body, 1) == (body.rate,) and schedule.near(body, 1, 5e-5) == (5e-5,)


def test_groups_do_not_share_rates() -> None:
    config = SweepConfig(("head", "top-1", "lora"), seeds=1, lr_trials=2)
    arms = schedule.arms(config.strategies, config)
    assert all(None not in rates(arms, name) for name in config.strategies)
    assert rates(arms, "head") == list(parse("head").rates)


def test_if_the_first_of_a_group_fails_the_next_one_searches() -> None:
    config = SweepConfig(("top-1", "top-2", "full"), seeds=2, lr_trials=2)
    arms = ended(schedule.arms(config.strategies, config), {"top-1-r1": None, "top-1-r2": None})
    arms = schedule.with_rates(choose(arms, "top-1"), config)
    assert rates(arms, "top-1")[-1] is None
    assert rates(arms, "top-2")[:2] == list(parse("top-2").rates)
    assert rates(arms, "full") == [None] * 3


def test_solvers_have_one_arm_a_seed_and_no_rate() -> None:
    config = SweepConfig(("features-4", "mix"), seeds=3, lr_trials=3)
    arms = schedule.arms(config.strategies, config)
    assert [arm.id for arm in arms if arm.strategy == "mix"] == ["mix-s0", "mix-s1", "mix-s2"]
    assert all(arm.learning_rate is None and arm.role == "final" for arm in arms)


def test_a_stopped_or_failed_trial_is_never_chosen() -> None:
    config = SweepConfig(("full",), lr_trials=3)
    arms = schedule.arms(config.strategies, config)
    arms = ended(arms, {"full-r1": 0.4, "full-r2": None})
    assert schedule.choice(arms) is None, "one still waits"
    arms = tuple(
        replace(arm, state="stopped", validation_macro_f1=0.9) if arm.id == "full-r3" else arm for arm in arms
    )
    best = schedule.choice(arms)
    assert best is not None and best.id == "full-r1"


def test_names_that_look_alike_get_arms_of_their_own() -> None:
    config = SweepConfig(("layers-1,2", "layers-12"), seeds=2, lr_trials=1)
    assert len({arm.id for arm in schedule.arms(config.strategies, config)}) == 4


def test_time_left_is_the_prediction_scaled_by_what_was_measured() -> None:
    def arm(state: str, predicted: float | None, seconds: float | None = None) -> Arm:
        return Arm(state, "full", 0, 1e-4, "trial", state=state, predicted_seconds=predicted, seconds=seconds)  # type: ignore[arg-type]

    arms = [arm("done", 10, 20), arm("failed", 10, 1), arm("waiting", 5), arm("waiting", 6)]
    assert schedule.seconds_left(arms) == pytest.approx(22)
    assert schedule.seconds_left([arm("waiting", 5)]) == 5
    assert schedule.seconds_left([*arms, arm("waiting", None)]) is None
