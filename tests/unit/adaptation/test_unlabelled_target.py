"""A target with few labels or none is adapted to with all of its texts; a source needs its labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from xfer_core.adaptation.ground import HELD, UNLABELLED, Ground, ground
from xfer_core.adaptation.settings import validate
from xfer_core.corpora import Corpus
from xfer_core.errors import BadTable

from .conftest import two_domains

CONFIG = validate({"source": "shop", "target": "tweets", "method": "dann"})


def bare(domain: int, keep: int = 0) -> Corpus:
    """Two domains; of *domain* only the first *keep* texts of each part have a label."""
    corpus = two_domains()
    place = corpus.frame.groupby(["domain", "split"]).cumcount()
    off = (corpus.frame["domain"] == domain) & (place >= keep)
    frame = corpus.frame.assign(
        label=corpus.frame["label"].where(~off, -1), split=corpus.frame["split"].where(~off, "unlabelled")
    )
    return replace(corpus, frame=frame)


def sizes(found: Ground) -> tuple[int, ...]:
    return (*(found.learnt.part(part).n for part in (UNLABELLED, HELD)), found.target.n)


def test_a_target_without_any_label_is_parted_for_the_methods_and_cannot_be_scored() -> None:
    corpus = bare(1)
    found, again = ground(corpus, CONFIG), ground(corpus, CONFIG)
    n = int((corpus.domains == 1).sum())
    assert sum(sizes(found)) == n and sizes(found)[0] == round(0.7 * n) and min(sizes(found)) > 0
    assert not found.scored and (found.target.labels == -1).all()
    assert found.learnt.part(UNLABELLED).texts == again.learnt.part(UNLABELLED).texts
    assert any("no labels" in note["message"] for note in found.notes)
    learnt = ground(two_domains(), CONFIG).learnt
    for part in ("train", "validation", "test"):  # the source is what it was
        assert found.learnt.part(part).texts == learnt.part(part).texts


def test_of_a_target_with_some_labels_only_those_test() -> None:
    corpus = bare(1, keep=3)
    found = ground(corpus, CONFIG)
    assert found.target.n == 3 and found.scored and (found.target.labels >= 0).all()
    assert sum(sizes(found)) == int((corpus.domains == 1).sum())
    assert sizes(found)[1] > 3, "some texts without a label measure masked loss"


def test_texts_of_the_source_without_labels_are_left_out_and_counted() -> None:
    corpus = bare(0, keep=8)
    found = ground(corpus, CONFIG)
    left_out = int(((corpus.domains == 0) & (corpus.labels < 0)).sum())
    assert found.notes[0]["values"] == {"source": "shop", "n": left_out}
    assert set(np.unique(found.learnt.part("train").labels)) == {0, 1}
    with pytest.raises(BadTable, match="fewer than two labels"):
        ground(bare(0), CONFIG)
