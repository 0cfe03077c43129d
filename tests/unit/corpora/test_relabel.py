"""Corrected labels: a new version that says what was changed, and the old one as it was."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from xfer_core.corpora import Corpus, corrections, load, relabel, save
from xfer_core.errors import BadTable, NotFound


def corpus(labels: str = "aabbccaabbcc", names: str = "abc") -> Corpus:
    n = len(labels)
    frame = pd.DataFrame(
        {
            "text": pd.Series([f"text {i}" for i in range(n)], dtype="str"),
            "label": np.array([names.find(label) for label in labels], np.int64),
            "domain": np.arange(n, dtype=np.int64) % 2,
            "split": pd.Series((["train", "validation", "test"] * n)[:n], dtype="str"),
            "row": np.arange(101, 101 + n),
        }
    )
    return Corpus("demo", frame, tuple(names), ("x", "y"), {"origin": "somewhere"})


def test_a_new_version_with_all_else_as_it_was(home) -> None:
    old = corpus()
    before = old.frame.copy(deep=True)
    save(old)
    new = relabel(old, {0: "b", 5: "a", 7: "a"})  # the last has it already
    assert new.id != old.id and new.id.startswith("demo-")
    pd.testing.assert_frame_equal(old.frame, before)
    pd.testing.assert_frame_equal(new.frame.drop(columns="label"), before.drop(columns="label"))
    assert new.frame["label"].dtype == np.int64 and new.label_names == ("a", "b", "c")
    assert np.flatnonzero(new.labels != old.labels).tolist() == [0, 5]
    assert [new.label_names[code] for code in new.labels[[0, 5]]] == ["b", "a"]
    kept = load(save(new))
    assert kept.source["parent"] == old.id and kept.source["origin"] == "somewhere"
    assert kept.source["relabelled"] == [
        {"position": 0, "row": 101, "from": "a", "to": "b"},
        {"position": 5, "row": 106, "from": "c", "to": "a"},
    ]
    assert kept.notes[-1]["values"] == {"n": 2, "test": 1, "parent": old.id}
    assert (load(old.id).labels == old.labels).all() and old.notes == []


def test_a_label_nobody_has_any_more_is_dropped_and_the_codes_follow() -> None:
    new = relabel(corpus("aabbcabbcaab"), {4: "b", 8: "a"})
    assert new.label_names == ("a", "b")
    assert "".join(new.label_names[code] for code in new.labels) == "aabbbabbaaab"


def test_texts_without_a_label_stay_without_and_may_get_one() -> None:
    old = corpus("aabb??aabb??")
    new = relabel(old, {4: "a"})
    assert new.labels.tolist() == [0, 0, 1, 1, 0, -1, 0, 0, 1, 1, -1, -1]
    assert new.source["relabelled"][0]["from"] is None


@pytest.mark.parametrize(
    "changes, hint",
    [
        ({12: "a"}, "position 12"),
        ({-1: "a"}, "position -1"),
        ({0: "d"}, "none of the labels"),
        ({}, "No label would change"),
        ({0: "a"}, "No label would change"),
        ({4: "a", 5: "a", 10: "a"}, "one row only"),
        (dict.fromkeys((2, 3, 4, 5, 8, 9, 10, 11), "a"), "same label"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[int, str], hint: str) -> None:
    with pytest.raises(BadTable, match=hint):
        relabel(corpus(), changes)


def test_corrections_wait_beside_the_corpus_until_they_are_saved_or_taken_back(home) -> None:
    known = save(corpus())
    assert corrections.pending(known) == {}
    corrections.correct(known, {3: "a", 11: "b"})
    corrections.correct(known, {3: None, 4: "a"})
    assert corrections.pending(known) == {4: "a", 11: "b"}
    assert (load(known).labels == corpus().labels).all()
    corrections.forget(known, {4: "a", 11: "a"})
    assert corrections.pending(known) == {11: "b"}  # became another one while a version was made
    corrections.forget(known, {11: "b"})
    assert corrections.pending(known) == {}
    for outside in ("../runs", "/etc", ""):
        with pytest.raises(NotFound):
            corrections.pending(outside)


def test_the_real_four_domains_keep_their_parts(home, sample: Callable[[str], Corpus]) -> None:
    old = sample("four-domains")
    rng = np.random.default_rng(0)
    at = rng.choice(old.n, 200, replace=False)
    new = relabel(old, {int(i): old.label_names[1 - old.labels[i]] for i in at})
    assert len(new.source["relabelled"]) == 200 == int((new.labels != old.labels).sum())
    for part in ("train", "validation", "test"):
        assert new.part(part).texts == old.part(part).texts
        assert new.part(part).frame["row"].tolist() == old.part(part).frame["row"].tolist()
