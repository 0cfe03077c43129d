"""Numbers of a comparison against scikit-learn and by hand; the bootstrap against its definition."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from tests.unit.sweep.simulated import DEPTH, seconds, simulate, trainable
from xfer_core.errors import BadSetting
from xfer_core.sweep import comparison
from xfer_core.sweep.comparison import compare, disagreements, pareto, per_class, predictions
from xfer_core.sweep.resampling import resample

QUALITY = {"full": 0.8, "head": 0.6, "features-4": 0.7, "top-2": 0.79, "lora": 0.76, "bitfit": 0.75}


@pytest.fixture(scope="module")
def sweep():
    return simulate(QUALITY, test=500, validation=300)


def test_the_interval_is_that_of_a_plain_bootstrap_over_texts():
    rng = np.random.default_rng(1)
    truth = rng.integers(3, size=300)
    a, b = (np.where(rng.random(300) < share, truth, rng.integers(3, size=300)) for share in (0.7, 0.6))
    found = resample(truth, {"a": a[None], "b": b[None]}).better("a", "b")
    gaps = []
    for _ in range(250):
        drawn = rng.integers(300, size=300)
        scores = [f1_score(truth[drawn], given[drawn], average="macro") for given in (a, b)]
        gaps.append(scores[0] - scores[1])
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(gaps, [0.025, 0.975])), abs=0.015)
    assert found.probability == pytest.approx(np.mean(np.array(gaps) > 0), abs=0.04)
    assert found.difference == pytest.approx(
        f1_score(truth, a, average="macro") - f1_score(truth, b, average="macro")
    )


def test_seeds_widen_the_interval_by_the_error_of_their_mean():
    rng = np.random.default_rng(2)
    truth = rng.integers(2, size=4_000)
    given = np.stack([np.where(rng.random(4_000) < share, truth, 1 - truth) for share in (0.7, 0.8, 0.9)])
    found = resample(truth, {"a": given})
    seeds = found.exact["a"].var(ddof=1) / 3
    assert found.draws["a"].var() == pytest.approx(seeds + found.by_seed["a"].mean(axis=0).var(), rel=0.1)


def test_what_seeds_differ_by_without_the_chance_of_few_texts():
    rng = np.random.default_rng(3)
    truth = rng.integers(2, size=300)

    def seeds(spread: float) -> float:
        shares = 0.75 + spread * rng.normal(size=12)
        given = np.stack([np.where(rng.random(300) < share, truth, 1 - truth) for share in shares])
        return resample(truth, {"a": given}, draws=500).of_seed("a") ** 0.5

    assert np.mean([seeds(0.0) for _ in range(8)]) < 0.012  # each seed alone has a standard error of 0.025
    assert np.mean([seeds(0.05) for _ in range(8)]) == pytest.approx(0.05, abs=0.012)


def test_rows_are_means_over_seeds_in_order_of_depth(sweep):
    compared = compare(sweep, draws=200)
    assert [row.strategy for row in compared.rows] == [
        "features-4", "head", "top-2", "bitfit", "lora", "full",
    ]  # fmt: skip
    assert [row.layers for row in compared.rows] == [0, 0, 2, DEPTH, DEPTH, DEPTH + 1]
    row = compared.row("top-2")
    given = [sweep.predicted[arm] for arm in row.arms]
    assert len(given) == row.seeds == 3
    scores = [f1_score(sweep.truth, labels, average="macro") for labels in given]
    assert row.macro_f1 == pytest.approx(np.mean(scores), abs=1e-6)
    assert row.spread == pytest.approx(np.std(scores, ddof=1), abs=1e-6)
    assert row.accuracy == pytest.approx(np.mean([accuracy_score(sweep.truth, labels) for labels in given]))
    assert row.low < row.macro_f1 < row.high
    assert row.seconds == pytest.approx(seconds("top-2") * 1.02)
    assert row.trainable_parameters == trainable("top-2")
    assert compared.row("features-4").spread == 0
    assert set(compared.references) == {"tfidf", "untuned_probe"}
    assert len(compared.table()) == 8


def test_better_is_the_same_whichever_is_named_first(sweep):
    compared = compare(sweep)
    pair, turned = compared.better("full", "head"), compared.better("head", "full")
    assert pair.probability > 0.999
    assert turned.difference == -pair.difference and turned.probability < 0.001
    same = compared.better("full", "full")
    assert (same.difference, same.low, same.high, same.probability) == (0, 0, 0, 0.5)


def test_while_nothing_is_through_there_is_nothing_to_compare():
    empty = simulate({}, references={})
    compared = compare(empty)
    assert compared.rows == () and compared.references == {} and pareto(compared) == ()
    with pytest.raises(BadSetting):
        compared.better("full", "head")
    with pytest.raises(BadSetting):
        disagreements(empty, "full", "head")
    assert per_class(empty).empty


def test_nobody_on_the_front_is_beaten_and_everybody_off_it_is(sweep):
    compared = compare(sweep, draws=100)
    for cost in ("trainable_parameters", "seconds", "memory_mb"):
        front = pareto(compared, cost)
        for row in compared.rows:
            beaten = any(
                getattr(other, cost) <= getattr(row, cost)
                and other.macro_f1 >= row.macro_f1
                and (getattr(other, cost), other.macro_f1) != (getattr(row, cost), row.macro_f1)
                for other in compared.rows
            )
            assert (row.strategy in front) is not beaten


def test_classes_are_scored_as_scikit_learn_does(sweep):
    table = per_class(sweep)
    rows = table[table["strategy"] == "lora"]
    peer = np.mean([f1_score(sweep.truth, p, average=None) for p in predictions(sweep)["lora"]], axis=0)
    assert rows["f1"].to_numpy() == pytest.approx(peer)
    assert rows["n"].tolist() == np.bincount(sweep.truth).tolist()


def test_disagreements_are_right_by_most_seeds_and_wrong_by_most_of_the_other(sweep):
    found = disagreements(sweep, "full", "head")
    given = predictions(sweep)
    rows = found["row"].to_numpy() - 1
    right = (given["full"] == sweep.truth).sum(axis=0)
    wrong = (given["head"] == sweep.truth).sum(axis=0)
    clear = np.flatnonzero((right >= 2) & (wrong == 0))
    assert set(clear) <= set(rows) <= set(np.flatnonzero((right >= 2) & (wrong <= 1)))
    margins = (right - wrong)[rows]
    assert (np.diff(margins) <= 0).all()
    assert list(found.columns[:5]) == ["row", "text", "true", "full", "head"]
    assert (found["full"] == found["true"]).all() and (found["head"] != found["true"]).all()
    assert found["text"].tolist() == [sweep.texts[row] for row in rows]


def test_the_vote_of_seeds():
    given = np.array([[0, 1, 2], [0, 1, 1], [2, 0, 0]])
    assert comparison.votes(given, 3).tolist() == [0, 1, 0]


def test_trained_layers():
    names = {"head": 0, "mix": 0, "top-2": 2, "freeze-0": 6, "block-1": 1, "layers-e,1": 2, "gradual": 7}
    assert {name: comparison.trained_layers(name, 6) for name in names} == names
