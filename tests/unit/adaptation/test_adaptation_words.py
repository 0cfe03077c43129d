"""What is said of an adaptation: harm as plainly as gain, doubt as doubt."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from xfer_core.adaptation import results, words
from xfer_core.adaptation.results import Outcome
from xfer_core.charts import adaptation as charts
from xfer_core.errors import NotFound
from xfer_core.i18n import fill
from xfer_core.runs import store

from .made import BEFORE, made, outcome

pytestmark = pytest.mark.usefixtures("home")


def said(found: results.Adaptation, of: str = "") -> str:
    each = words.details(found, found.outcome(of)) if of else words.headline(found)
    return " ".join(fill(one["message"], one["values"]) for one in each)


def test_a_sure_gain_a_sure_loss_and_a_doubt() -> None:
    found = made(outcome("dann", -0.4), outcome("mmd", 0.1), outcome("pretrain", 0.01))
    assert "Matched features (MMD) helped on “tweets”: macro-F1 rose by 0.100" in said(found)
    for told in (said(found), said(found, "dann")):
        assert "Adversarial (DANN) hurt on “tweets”: macro-F1 fell by 0.400" in told
    assert "Continued pretraining" not in said(found)
    assert "Whether Continued pretraining helps on “tweets” cannot be told" in said(found, "pretrain")
    assert "0.70 (source only: 0.90; chance: 0.50)" in said(found, "mmd")


def test_nothing_helped_and_everything_hurt() -> None:
    assert "No method clearly helped" in said(made(outcome("dann", -0.4), outcome("mmd", 0.01)))
    assert "Every method hurt on “tweets”" in said(made(outcome("dann", -0.4), outcome("mmd", -0.1)))


def test_whose_model_is_kept_and_whom_the_target_would_have_chosen() -> None:
    found = made(outcome("mmd", 0.1))
    assert "The model kept is that of Source only" in said(found)
    assert "is read better by Matched features (MMD), by 0.100" in said(found)
    asked = replace(found, config=replace(found.config, keep="mmd"), chosen="mmd")
    assert "as you asked" in said(asked)


def test_of_methods_that_read_the_source_equally_well_the_cheapest_is_said_to_be_kept() -> None:
    found = made(replace(outcome("mmd", 0.1), validation=BEFORE.validation), outcome("dann", 0.0))
    assert "just as well by Matched features (MMD): Source only is kept since none" in said(found)
    assert "just as well" not in said(made(replace(outcome("mmd", 0.1), validation=0.1)))


def test_what_masked_words_and_rounds_tell() -> None:
    losses = [
        {"stage": "start", "loss": 10.0, "seconds": 0.0},
        {"stage": "head", "loss": 6.0, "seconds": 50.0},
        {"stage": "after", "loss": 4.0, "seconds": 90.0},
    ]
    first = {"round": 1, "believed": 80, "of": 100, "labels": {"bad": 30, "good": 50}, "changed": None}
    rounds = [first, {**first, "round": 2, "believed": 85, "changed": 4}]
    found = made(
        outcome("pretrain", 0.0, about={"masked_loss": losses, "texts": 4000}),
        outcome("self-training", 0.0, about={"rounds": rounds}),
    )
    assert "10.00 nats at first, 4.00 at the end (a factor of 403" in said(found, "pretrain")
    assert "head for words alone took 50 s and brought it to 6.00" in said(found, "pretrain")
    assert "Round 1: 80 of 100 target texts were believed, as 30 × bad, 50 × good." in said(
        found, "self-training"
    )
    assert "4 of them had another label" in said(found, "self-training")


def test_without_target_labels_nothing_is_claimed() -> None:
    blind = outcome("mmd", 0.0, target=None, target_gain=None)
    found = made(blind)
    found = replace(found, outcomes=(replace(BEFORE, target=None), blind))
    assert "helped" not in said(found) and "hurt" not in said(found)
    assert found.scores("mmd")["after"]["target"] is None
    assert found.best.method == "source-only"
    assert np.isnan(charts.table(found)[1]["target_gain"])
    assert len(charts.before_after(found).data[1].x) == 0


def test_what_is_written_is_read_again() -> None:
    found = made(outcome("mmd", 0.1))
    text = (store.folder(found.run) / results.RESULTS).read_text()
    json.loads(text, parse_constant=lambda name: pytest.fail(name))
    assert found.outcome("mmd") == outcome("mmd", 0.1)
    assert found.scores("mmd")["before"]["target"] == {"macro_f1": 0.72, "low": 0.69, "high": 0.75, "n": 686}


def test_a_killed_method_does_not_run_for_ever() -> None:
    found = made(Outcome("mmd", "running"), Outcome("self-training"), state="failed")
    assert found.outcome("mmd").state == "stopped" and found.outcome("self-training").state == "skipped"
    assert made(Outcome("mmd", "running"), state="running").outcome("mmd").state == "running"


def test_a_run_of_another_kind_is_none() -> None:
    with pytest.raises(NotFound):
        results.load(store.create("train", {}, "x").id)


def test_pictures_hold_the_numbers_and_no_markup() -> None:
    found = made(outcome("dann", -0.4), outcome("mmd", 0.1))
    figure = charts.before_after(found)
    target = figure.data[1]
    assert list(target.x) == pytest.approx([0.82, 0.32, 0.72])  # in the order of METHODS, from below
    assert list(target.error_x.array) == pytest.approx([0.03] * 3)
    labels = ("<b>bad</b>", "good")
    points = [results.points(found.run, method) for method in ("source-only", "mmd")]
    assert points[0] is not None and points[1] is not None
    drawn = charts.features(found, points[0], points[1], "mmd", labels)
    assert sum(len(trace.x) for trace in drawn.data if trace.type == "scattergl") == 80
    assert [trace.name for trace in drawn.data if trace.x[0] is None][2] == "&lt;b&gt;bad&lt;/b&gt;"
    assert "<b>" not in " ".join(drawn.data[0].customdata)
    again = [{"step": step, "validation_macro_f1": 0.5} for step in (0, 10, 0, 10)]
    assert list(charts.curves({"self-training": again}).data[0].x) == [0, 10, None, 0, 10]
