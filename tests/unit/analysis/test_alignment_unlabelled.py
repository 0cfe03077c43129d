"""Bridging to a domain that came without labels: its texts are fitted on, none is scored, and it is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from xfer_core.analysis.alignment import words
from xfer_core.analysis.alignment.corpus import align_of, all_pairs_of
from xfer_core.analysis.alignment.fit import Half, align, halves
from xfer_core.corpora import Corpus, save, synthetic
from xfer_core.errors import BadTable
from xfer_core.i18n import fill
from xfer_core.models.sources import BUNDLED

METHODS = ("subspace", "standardise")


def test_without_labels_of_the_target_everything_but_its_scores_is_as_with_them():
    rng, made = np.random.default_rng(0), []
    for role in (0, 1):
        labels = rng.integers(0, 2, 120)
        states = rng.normal(size=(2, 120, 8)).astype(np.float32)
        states[:, :, 0] += 2.5 * labels
        states[:, :, 1] += 3 * role
        made.append(Half(states, labels, *halves(labels, 0, labelled=role == 0)))
    source, target = made
    bare = replace(target, labels=np.full(120, -1), test=np.empty(0, np.int64))
    names = ("shop", "web"), ("bad", "good")
    first, second = (align(source, each, *names, methods=METHODS) for each in (target, bare))
    for name in ("label_free", "places", "source_macro_f1"):
        assert np.array_equal(getattr(first, name), getattr(second, name)), name
    assert first.chosen == second.chosen and first.scored and not second.scored
    for name in ("macro_f1", "gain", "gain_low", "ceiling"):
        assert np.isnan(getattr(second, name)).all(), name
    assert second.scores("subspace", 0)["after"]["target"] is None and not second.notes
    said = [fill(each["message"], each["values"]) for each in words.said(second, "subspace", 0)]
    assert len(said) == 2 and "nothing can be scored" in said[0] and "nan" not in " ".join(said)


def bare(keep: int) -> Corpus:
    """Three synthetic domains, of the second only the first *keep* texts with a label, and the name of a
    fourth."""
    whole = synthetic.corpus()
    corpus = whole.take(np.concatenate([np.flatnonzero(whole.domains == d)[:80] for d in range(3)]))
    place = corpus.frame.groupby("domain").cumcount()
    off = (corpus.domains == 1) & (place >= keep)
    frame = corpus.frame.assign(
        label=corpus.frame["label"].where(~off, -1), split=corpus.frame["split"].where(~off, "unlabelled")
    )
    return replace(corpus, frame=frame)


def test_a_kept_corpus_whose_target_has_no_labels(home):
    corpus = bare(0)
    names = corpus.domain_names
    given = {"methods": METHODS, "layers": (1, 3), "max_length": 32}
    found = align_of(BUNDLED, save(corpus), names[0], names[1], **given)
    assert not found.scored and found.fitted == 80 and found.chosen[1] in (1, 3)
    assert found.source_tested == 24 and np.isfinite(found.source_macro_f1).all()
    with pytest.raises(BadTable, match="equal class shares"):
        align_of(BUNDLED, corpus.id, names[0], names[1], shares="equal", **given)
    with pytest.raises(BadTable, match=names[1]):
        align_of(BUNDLED, corpus.id, names[1], names[0], **given)
    pairs = all_pairs_of(BUNDLED, corpus.id, **given)
    assert set(pairs.pairs) == {(names[0], names[2]), (names[2], names[0])}
    assert [note["values"]["domain"] for note in pairs.notes] == [names[1], names[3]]


def test_a_few_labels_of_the_target_score_and_the_rest_is_fitted_on(home):
    corpus = bare(20)
    found = align_of(
        BUNDLED, save(corpus), *corpus.domain_names[:2], methods=METHODS, layers=(2,), max_length=32
    )
    assert found.tested == 6 and found.fitted == 74
