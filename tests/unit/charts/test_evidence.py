"""The first picture of a comparison shows the scores that were measured, and works before all are there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.unit.sweep.made import made
from tests.unit.training.conftest import small_corpus
from xfer_core.charts.evidence import evidence


def test_probes_and_word_counts_are_drawn_and_the_chosen_layer_is_marked(home: Path) -> None:
    sweep = made(small_corpus(60), {"head": 0.6}, seeds=1, lr_trials=1)
    uneven = [{**probe, "macro_f1": 0.9 - probe["macro_f1"]} for probe in sweep.probes]
    probes, chosen, validated, tested = evidence(replace(sweep, probes=uneven)).data
    assert list(probes.y) == [probe["validation_macro_f1"] for probe in uneven], "which chose the layer"
    sizes, layer = list(probes.marker.size), sweep.references["untuned_probe"]["layer"]
    assert sizes.index(max(sizes)) == layer
    assert (list(chosen.x), list(chosen.y)) == ([layer], [uneven[layer]["macro_f1"]]), "test: of it only"
    tfidf = sweep.references["tfidf"]
    assert set(validated.y) == {tfidf["validation_macro_f1"]} and set(tested.y) == {tfidf["macro_f1"]}


def test_word_counts_alone_are_a_picture_too(home: Path) -> None:
    sweep = made(small_corpus(60), {"head": 0.6}, seeds=1, lr_trials=1)
    young = replace(sweep, probes=[], references={"tfidf": sweep.references["tfidf"]}, depth=0)
    figure = evidence(young)
    assert [len(trace.x) for trace in figure.data] == [0, 2, 2]
