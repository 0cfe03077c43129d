"""Switching heads off: what is asked of the core, what is shown of it, and what the address keeps."""

from dataclasses import replace

import numpy as np
import pytest

from tests.app import runs
from tests.app.corpora import small
from tests.app.test_attention_views import HOSTILE, grid, words
from xfer_core import engine
from xfer_core.attention.ablation import Ablations
from xfer_core.attention.flow import Flow
from xfer_core.attention.gradients import Gradients
from xfer_core.attention.switching import Switched

LABELS = (HOSTILE, "good")


def ablations(**changed):
    change = np.zeros((3, 2, 2))
    change[1, 0] = [0.25, -0.5]
    values = {
        "labels": LABELS, "predicted": "good", "change": change, "probability": change / 10,
        "gradient": np.abs(change[..., 1]), "rank_correlation": 0.75, "control": np.linspace(0, 0.2, 11),
        "how": "zero", "donor": "", "seconds": 1.5,
    }  # fmt: skip
    return Ablations(**values | changed)


@pytest.fixture
def answered(answers):
    answers["ablations_of"] = ablations()
    answers["switched"] = Switched(
        before={HOSTILE: 0.25, "good": 0.75}, after={HOSTILE: 0.6, "good": 0.4},
        before_logits={HOSTILE: 0.0, "good": 1.0}, after_logits={HOSTILE: 0.5, "good": 0.25},
        distance=0.1, off=((1, 0),), how="zero", donor="", control=np.full(24, 0.125),
    )  # fmt: skip
    values = np.array([0.0, 1.0, 3.0])
    shown = ["[CLS]", HOSTILE, "[SEP]"]
    agreement = {"rollout.removed": 0.5, "gradients.removed": float("nan")}
    special = [True, False, True]
    gradients = Gradients(shown, special, np.array([0.0, 1.0, -3.0]), "good", "padding", 0.002, 50)
    answers["flow_of"] = Flow(shown, special, values, values, values, agreement, gradients)
    return answers


def test_every_head_off_in_turn_as_a_grid(open_page, answered):
    page = open_page("attention", view="matter")
    assert not page.exception
    header = grid(page, "gradient")
    assert [each["key"] for each in header["measures"]] == ["logit-2", "probability", "logit-1", "gradient"]
    assert header["measures"][0]["values"][2] == -0.5 and header["measures"][0]["range"] == [-0.5, 0.5]
    assert header["off"] == []
    said = words(page)
    assert "0.100" in said and "0.180" in said and "0.75" in said and "Click heads to switch them off" in said


def test_heads_of_the_address_are_off(open_page, answered, monkeypatch):
    asked = []
    submit = engine.submit
    monkeypatch.setattr(
        engine, "submit", lambda name, **values: asked.append((name, values)) or submit(name, **values)
    )
    page = open_page("attention", view="matter", off="2.1,9.9", how="mean", text="It's good")
    assert not page.exception
    [values] = [values for name, values in asked if name.endswith(":switched")]
    assert values["off"] == ((1, 0),) and values["how"] == "mean" and values["donor"] == ""
    assert grid(page, "gradient")["off"] == ["2.1"]
    table = page.dataframe[0].value
    assert table.to_numpy().tolist() == [[HOSTILE, 0.25, 0.6, 0.5], ["good", 0.75, 0.4, -0.75]]
    assert "now says something else" in words(page) and "random choices" not in words(page)
    assert page.code[-1].value.endswith("--text 'It'\"'\"'s good' --off 2.1 --how mean")


def test_several_heads_are_held_against_as_many_at_random(open_page, answered):
    answered["switched"] = replace(answered["switched"], off=((0, 0), (1, 0)))
    said = words(open_page("attention", view="matter", off="1.1,2.1"))
    assert "The logit of “good” moves by 0.750; 24 random" in said


def test_tuned_heads_can_be_put_back(open_page, answered, monkeypatch):
    run = runs.finished(small(n=24))
    asked = []
    submit = engine.submit
    monkeypatch.setattr(
        engine, "submit", lambda name, **values: asked.append((name, values)) or submit(name, **values)
    )
    page = open_page("attention", view="matter", off="3.2", how="before", model=run.id)
    assert not page.exception
    [values] = [values for name, values in asked if name.endswith(":switched")]
    assert values["donor"] == run.config["model"] and values["off"] == ((2, 1),)
    assert page.code[-1].value.endswith(f"--off 3.2 --donor {run.config['model']}")
    assert "before" not in open_page("attention", view="matter", how="before").radio(key="how").options


def test_tokens_by_four_ways(open_page, answered):
    page = open_page("attention", view="matter")
    table = page.dataframe[-1].value
    assert table.iloc[:, 0].tolist() == ["[CLS]", HOSTILE, "[SEP]"]
    assert table.iloc[:, 1].tolist() == [0, 0.25, 0.75] and table.iloc[:, 2].tolist() == [0, 0.25, -0.75]
    said = words(page)
    assert "Rollout and Masked: 0.50" in said and "Integrated gradients and Masked: unknown" in said
    assert "0.0020" in said and "the score, the logit of “good”" in said


def test_a_model_without_classes_turns_the_vector(open_page, answered):
    answered["ablations_of"] = ablations(
        labels=(), predicted="", change=np.full((3, 2, 1), 0.01), probability=None,
        gradient=np.full((3, 2), np.nan), rank_correlation=np.nan,
    )  # fmt: skip
    flow = answered["flow_of"]
    answered["flow_of"] = replace(flow, gradients=replace(flow.gradients, label=""))
    page = open_page("attention", view="matter", off="1.1")
    assert not page.exception
    assert [each["key"] for each in grid(page, "state")["measures"]] == ["state"]
    said = words(page)
    assert "turns by 0.1000" in said and "vector (1 − cosine) moves by 0.100" in said
    assert "the score, the cosine of the text's vector" in said and "logit" not in said
