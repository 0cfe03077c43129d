"""The diagram of a strategy says of every part what the plan does to it, in every phase."""

from __future__ import annotations

import pytest

from xfer_core.charts.gradients import gradients
from xfer_core.charts.layers import MOST_ROWS, layers
from xfer_core.training.gradients import Profile
from xfer_core.training.strategies import parse


def cells(figure):
    """(row name, phase) → what becomes of it."""
    names = figure.layout.yaxis.ticktext
    return {
        (names[int(y)], int(base)): trace.name
        for trace in figure.data
        if trace.type == "bar"
        for y, base in zip(trace.y, trace.base, strict=True)
    }


def column(strategy, phase=0, depth=3):
    found = cells(layers(parse(strategy).plan(depth)))
    return [
        said for (_, each), said in sorted(found.items(), key=lambda i: _height(i[0][0])) if each == phase
    ]


def _height(name):
    return -1 if name.startswith("Embeddings") else 99 if name == "Classifier" else int(name.split()[1][0])


ONCE, RUN, LEARNS = "frozen, computed once", "frozen, run in every step", "learns"


@pytest.mark.parametrize(
    "strategy, expected",
    [
        ("head", [ONCE] * 4 + [LEARNS]),
        ("top-1", [ONCE] * 3 + [LEARNS] * 2),
        ("block-2", [ONCE, ONCE, LEARNS, RUN, LEARNS]),
        ("layers-e,3", [LEARNS, RUN, RUN, LEARNS, LEARNS]),
        ("full", [LEARNS] * 5),
        ("reinit-1", [LEARNS] * 3 + ["starts anew, learns", LEARNS]),
        ("bitfit", [ONCE] + ["biases learn"] * 3 + [LEARNS]),
        ("lora", [ONCE] + ["adapter learns"] * 3 + [LEARNS]),
        ("features-1", [ONCE] * 2 + ["not used"] * 2 + ["solved for"]),
        ("mix", [ONCE] * 4 + ["solved for"]),
    ],
)
def test_every_part_is_drawn_as_the_plan_has_it(strategy, expected):
    assert column(strategy) == expected


@pytest.mark.parametrize("layer", [1, 2, 3])
def test_a_layer_has_one_number_in_names_and_diagram(layer):
    """features-K reads what the layer gives that block-K trains and freeze-K freezes last."""
    for name in (f"block-{layer}", f"layers-{layer}"):
        found = cells(layers(parse(name).plan(3)))
        assert [row for (row, _), said in found.items() if said == LEARNS] == [f"Layer {layer}", "Classifier"]
    for name, still in ((f"features-{layer}", "not used"), (f"freeze-{layer}", LEARNS)):
        found = cells(layers(parse(name).plan(3)))
        below = [row for (row, _), said in found.items() if said == ONCE]
        assert sorted(below) == ["Embeddings", *(f"Layer {each}" for each in range(1, layer + 1))]
        above = [found[f"Layer {each}", 0] for each in range(layer + 1, 4)]
        assert set(above) <= {still}


def test_phases_are_columns():
    found = [column("gradual", phase) for phase in range(5)]
    assert [each.count(LEARNS) for each in found] == [1, 2, 3, 4, 5]
    figure = layers(parse("lp-ft").plan(3))
    assert list(figure.layout.xaxis.ticktext) == ["30%<br>× 5", "70%"]


def test_rates_stand_beside_the_names():
    names = layers(parse("discriminative").plan(3)).layout.yaxis.ticktext
    assert names == ("Embeddings, rate × 0.52", "Layer 1, rate × 0.61", "Layer 2, rate × 0.72",
                     "Layer 3, rate × 0.85", "Classifier")  # fmt: skip


def test_of_a_deep_model_layers_alike_share_a_row():
    names = layers(parse("block-21").plan(24)).layout.yaxis.ticktext
    assert names == ("Embeddings", "Layers 1–20", "Layer 21", "Layers 22–24", "Classifier")
    assert len(layers(parse("top-2").plan(12)).layout.yaxis.ticktext) == MOST_ROWS


def test_the_suggested_layer_stands_out_among_the_gradients():
    chosen, others = gradients(Profile(("embeddings", "1", "2"), (0.1, 0.2, 0.3), 2, 50)).data
    assert (list(chosen.y), list(chosen.x)) == ([2], [0.3])
    assert list(others.x) == [0.1, 0.2] and others.marker.color and not chosen.marker.color
