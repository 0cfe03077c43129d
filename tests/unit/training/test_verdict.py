"""Verdicts on curves whose ending anyone can see."""

import math

import pytest

from xfer_core.training.verdict import solved, verdict


def curve(*series: list[float]) -> list[dict]:
    names = ("train_loss", "validation_loss", "train_accuracy", "validation_accuracy")
    return [
        {"step": 10 * i, **dict(zip(names, values, strict=True)), "validation_macro_f1": values[3]}
        for i, values in enumerate(zip(*series, strict=True))
    ]


FLAT = [0.5] * 11
RISING = [0.50, 0.55, 0.60, 0.65, 0.70, 0.75, 0.80, 0.85, 0.90, 0.95, 0.99]
PLATEAU = [0.50, 0.60, 0.70, 0.78, 0.80, 0.80, 0.80, 0.80, 0.80, 0.80, 0.80]
FALLING = [0.70, 0.64, 0.58, 0.52, 0.46, 0.40, 0.34, 0.28, 0.22, 0.16, 0.10]
LEVEL = [0.70, 0.60, 0.52, 0.47, 0.45, 0.44, 0.44, 0.44, 0.44, 0.44, 0.44]
TURNING = [0.70, 0.60, 0.52, 0.50, 0.50, 0.52, 0.55, 0.58, 0.62, 0.66, 0.70]


@pytest.mark.parametrize(
    ("kind", "points"),
    [
        ("good", curve(LEVEL, LEVEL, PLATEAU, PLATEAU)),
        ("overfit", curve(FALLING, TURNING, RISING, PLATEAU)),
        ("overfit", curve(LEVEL, LEVEL, RISING, [min(0.6, x) for x in PLATEAU])),
        ("underfit", curve([0.70] * 11, [0.70] * 11, FLAT, FLAT)),
        ("improving", curve(FALLING, FALLING, [x - 0.05 for x in RISING], [x - 0.1 for x in RISING])),
        ("short", curve(LEVEL, LEVEL, PLATEAU, PLATEAU)[:2]),
        ("diverged", curve([0.7, 5.0, 9.0, 8.0], [0.7, 5.0, 9.0, 8.0], FLAT[:4], FLAT[:4])),
    ],
)
def test_the_ending_is_named(kind: str, points: list) -> None:
    found = verdict(points, majority=0.5)
    assert found.kind == kind
    assert "{" not in found.as_dict()["sentence"]


def test_not_a_number_is_divergence_from_the_first_such_step() -> None:
    points = curve(LEVEL, LEVEL, PLATEAU, PLATEAU)
    points[4]["train_loss"] = math.nan
    points[5]["validation_loss"] = math.inf
    found = verdict(points, majority=0.5)
    assert (found.kind, found.values) == ("diverged", {"step": 40})


def solved_curve(train: float, validation: float) -> list[dict]:
    return curve(*([1.0, loss] for loss in (0.2, 0.5)), [0.5, train], [0.5, validation])


@pytest.mark.parametrize(
    ("train", "validation", "kind"),
    [(0.9, 0.85, "good"), (1.0, 0.8, "good"), (1.0, 0.55, "overfit"), (0.55, 0.5, "underfit")],
)
def test_a_solver_is_not_told_of_rates_or_freezing(train: float, validation: float, kind: str) -> None:
    """Knowing the training texts by heart is usual with hundreds of numbers a text, and no fault."""
    found = solved(solved_curve(train, validation), majority=0.5)
    said = found.as_dict()["sentence"].lower()
    assert found.kind == kind and "{" not in said
    assert not any(word in said for word in ("learning rate", "frozen", "freez", "epoch", "step", "dropout"))
