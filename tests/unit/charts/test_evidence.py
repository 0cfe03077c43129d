"""The first picture of a comparison shows the scores that were measured, and works before all are there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.unit.sweep.made import made
from tests.unit.training.conftest import small_corpus
from xfer_core.charts.evidence import evidence


def test_probes_and_word_counts_are_drawn_and_the_chosen_layer_is_marked(home: Path) -> None:
    sweep = made(small_corpus(60), {"head": 0.6}, seeds=1, lr_trials=1)
    probes, words = evidence(sweep).data
    assert list(probes.y) == [probe["macro_f1"] for probe in sweep.probes]
    sizes = list(probes.marker.size)
    assert sizes.index(max(sizes)) == sweep.references["untuned_probe"]["layer"]
    assert set(words.y) == {sweep.references["tfidf"]["macro_f1"]}


def test_word_counts_alone_are_a_picture_too(home: Path) -> None:
    sweep = made(small_corpus(60), {"head": 0.6}, seeds=1, lr_trials=1)
    young = replace(sweep, probes=[], references={"tfidf": sweep.references["tfidf"]}, depth=0)
    figure = evidence(young)
    assert [len(trace.x) for trace in figure.data] == [0, 2]
