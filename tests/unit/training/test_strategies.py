"""Strategies as data: the plan of each, and the sentences for what a model does not have."""

from __future__ import annotations

from itertools import pairwise

import pytest

from xfer_core.errors import BadSetting
from xfer_core.training.optim import begins
from xfer_core.training.plans import DECAY
from xfer_core.training.strategies import STRATEGIES, parse

W, F = "weights", "frozen"
NAMES = (
    "head", "freeze-2", "top-1", "block-2", "layers-e,1,3", "full", "gradual", "discriminative", "lp-ft",
    "reinit-1", "bitfit", "lora", "ia3", "features-2", "mix",
)  # fmt: skip


def test_every_entry_says_what_it_is() -> None:
    assert {parse(name).title for name in NAMES} == {entry.title for entry in STRATEGIES.values()}
    for entry in STRATEGIES.values():
        assert all((entry.trains, entry.when, entry.when_not, entry.sketch))
        assert "arXiv" in entry.source
        same = [other for other in STRATEGIES.values() if other.group == entry.group]
        assert {other.rates for other in same} == {entry.rates}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("depth", [3, 6, 12])
def test_a_plan_fits_the_depth_and_its_phases_fill_the_run(name: str, depth: int) -> None:
    plan = parse(name).plan(depth)
    assert plan.depth == depth and len(plan.rates) == depth + 2
    assert sum(phase.share for phase in plan.phases) == pytest.approx(1)
    assert all(len(phase.parts) == depth + 1 for phase in plan.phases)
    assert plan.solver == (name in ("features-2", "mix")) == parse(name).solver
    for steps in (1, 3, 400):
        bounds = begins(plan, steps)
        assert bounds[0] == 0 and bounds[-1] == steps and bounds == sorted(bounds)
        assert bounds[-2] < steps  # the last phase, in which everything has thawed, is never left out


def test_what_learns() -> None:
    parts = {name: parse(name).plan(3).trained for name in NAMES}
    assert parts["head"] == parts["mix"] == (F, F, F, F)
    assert parts["freeze-2"] == parts["top-1"] == (F, F, F, W)
    assert parts["block-2"] == (F, F, W, F)
    assert parts["layers-e,1,3"] == (W, W, F, W)
    assert parts["full"] == parts["gradual"] == parts["lp-ft"] == parts["reinit-1"] == (W, W, W, W)
    assert parts["bitfit"] == (F, "biases", "biases", "biases")
    assert parts["lora"] == (F, "adapter", "adapter", "adapter")


def test_prefixes_are_what_can_be_computed_once() -> None:
    prefix = {name: parse(name).plan(3).prefix for name in NAMES}
    assert [prefix[name] for name in ("head", "freeze-2", "block-2", "bitfit", "mix")] == [3, 2, 1, 0, 3]
    assert prefix["full"] is prefix["layers-e,1,3"] is prefix["lp-ft"] is prefix["gradual"] is None
    assert [phase.prefix for phase in parse("gradual").plan(3).phases] == [3, 2, 1, 0, None]
    assert [phase.prefix for phase in parse("lp-ft").plan(3).phases] == [3, None]
    assert [parse(name).plan(3).reach for name in ("head", "top-2", "bitfit", "full")] == [0, 2, 3, 4]


def test_rates_fall_from_the_head_down() -> None:
    rates = parse("discriminative").plan(6).rates
    assert rates[-1] == 1 and rates[-2] == DECAY
    assert all(low == pytest.approx(DECAY * high) for low, high in pairwise(rates))


@pytest.mark.parametrize(
    "name",
    ["freeze-7", "top-7", "block-0", "block-7", "layers-0,5", "layers-1,7", "reinit-7", "reinit-0",
     "features-7"],
)  # fmt: skip
def test_layers_that_are_not_there(name: str) -> None:
    with pytest.raises(BadSetting) as caught:
        parse(name).plan(6)
    assert "{" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["", "freeze-K", "layers-…", "layers-", "layers-0,,1", "layers-x", "block--1", "mix-2", "top-1.5"]
)
def test_names_that_mean_nothing(name: str) -> None:
    with pytest.raises(BadSetting, match="There is no strategy"):
        parse(name)
