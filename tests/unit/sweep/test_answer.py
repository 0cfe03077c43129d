"""The climb ends at the recommendation of the full grid, in worlds whose qualities are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.sweep.simulated import GRID, seconds, simulate
from xfer_core.sweep.answer import ladder, name_of, next_strategies
from xfer_core.sweep.comparison import compare
from xfer_core.sweep.recommend import choose

FEATURES, WORDS = 0.66, 0.6
WORLDS = {  # share read right by head, top-1 … top-6, full
    "one layer is enough": (0.55, 0.80, 0.80, 0.80, 0.80, 0.80, 0.80, 0.80),
    "four layers": (0.50, 0.66, 0.72, 0.76, 0.80, 0.801, 0.801, 0.801),
    "everything": (0.50, 0.60, 0.66, 0.70, 0.73, 0.75, 0.77, 0.80),
    "nothing learns until half of it does": (0.40, 0.41, 0.42, 0.45, 0.60, 0.70, 0.75, 0.80),
    "more harms": (0.50, 0.70, 0.74, 0.77, 0.80, 0.78, 0.76, 0.74),
    "the untuned features": (0.50, 0.55, 0.58, 0.60, 0.61, 0.62, 0.62, 0.62),
}


def swept(quality: dict[str, float], world: int = 0, validation: int = 1_000):
    references = {"tfidf": WORDS, "untuned_probe": FEATURES - 0.002}
    return simulate(quality, validation=validation, test=20, world=world, references=references, wobble=0.002)


def answered(quality: dict[str, float], world: int = 0) -> tuple[str, dict[str, float]]:
    """What is recommended at the end, and what was tried until then."""
    tried: dict[str, float] = {}
    while True:
        sweep = swept(tried, world)
        names = next_strategies(sweep)
        if not names:
            return choose(compare(sweep)).strategy, tried
        assert not set(names) & set(tried)
        tried |= {name: quality[name] for name in names}


@pytest.mark.parametrize("name", WORLDS)
def test_it_recommends_what_the_full_grid_recommends(name):
    quality = {"features-4": FEATURES, **dict(zip(GRID, WORLDS[name], strict=True))}
    found, tried = answered(quality)
    assert found == choose(compare(swept(quality))).strategy
    assert quality[found] >= max(quality.values()) - 0.012
    assert list(tried)[:4] == ["features-4", "head", "top-1", "top-2"]
    if name == "one layer is enough":
        assert sum(map(seconds, tried)) < 0.45 * sum(map(seconds, quality))


def test_word_counts_are_answered_where_nothing_beats_them():
    sweep = simulate(
        {"features-4": 0.5, **dict.fromkeys(GRID, 0.55)}, references={"tfidf": 0.7}, test=20,
        validation=600,
    )  # fmt: skip
    assert choose(compare(sweep)).strategy == "tfidf"
    assert next_strategies(sweep) == ()


def test_the_test_texts_play_no_part():
    sweep = swept({"features-4": 0.66, "head": 0.5, "top-1": 0.6, "top-2": 0.7})
    turned = {key: (labels + 1) % 3 for key, labels in sweep.predicted.items()}
    assert next_strategies(replace(sweep, predicted=turned)) == next_strategies(sweep) == ("top-4",)


def test_before_anything_the_cheap_ones_and_after_a_failure_the_next():
    nothing = swept({})
    assert next_strategies(nothing) == ("features-4", "head", "top-1", "top-2")
    sweep = swept({"features-4": 0.66, "head": 0.5, "top-1": 0.6, "top-2": 0.7, "top-4": 0.8})
    failed = tuple(
        replace(arm, state="failed", chosen=False) if arm.strategy == "top-4" else arm for arm in sweep.arms
    )
    assert next_strategies(replace(sweep, arms=failed)) == ("top-6",)
    none = tuple(replace(arm, state="stopped", chosen=False) for arm in sweep.arms)
    assert next_strategies(replace(sweep, arms=none)) == ()


@pytest.mark.parametrize("depth", [1, 2, 3, 6, 12, 24])
def test_the_ladder_of_any_depth_begins_at_the_head_and_ends_with_everything(depth):
    rungs = ladder(depth)
    assert rungs[0] == 0 and rungs[-2:] == (depth, depth + 1)
    assert list(rungs) == sorted(set(rungs))
    assert (np.diff(rungs) <= np.maximum(rungs[:-1], 1)).all()
    assert [name_of(rung, depth) for rung in (0, 1, depth + 1)] == ["head", "top-1", "full"]


def test_a_model_of_unknown_depth_has_no_ladder_yet():
    assert next_strategies(replace(swept({}), depth=0)) == ()
