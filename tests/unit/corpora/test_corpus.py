"""Corpora: what is built from tables, how it is split, kept, stacked, sampled and described."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from xfer_core import corpora
from xfer_core.corpora import Columns, Corpus, Table, build, guess, health
from xfer_core.corpora.corpus import drawn
from xfer_core.corpora.reading import Reading
from xfer_core.corpora.split import largest_remainder, stratified


def table(name: str = "t", **columns: list[str]) -> Table:
    return Table(pd.DataFrame(columns, dtype="str"), Reading("csv"), [], 0, [], name)


def many(name: str = "t", n: int = 200, labels: str = "ab") -> Table:
    return table(
        name,
        text=[f"{name} text number {i}" for i in range(n)],
        label=[labels[i % len(labels)] for i in range(n)],
        place=[("north", "south", "east")[i % 3] for i in range(n)],
    )


COLUMNS = Columns("text", "label")


def test_frame_and_names() -> None:
    corpus = build(many(labels="ba"), Columns("text", "label", "place"), name="My corpus: 1")
    assert list(corpus.frame.columns) == ["text", "label", "domain", "split", "row"]
    assert [str(corpus.frame[name].dtype) for name in ("label", "domain", "row")] == ["int64"] * 3
    assert corpus.label_names == ("a", "b") and corpus.domain_names == ("east", "north", "south")
    assert corpus.labels[:2].tolist() == [1, 0] and corpus.domains[:3].tolist() == [1, 2, 0]
    assert corpus.frame["row"].tolist() == list(range(1, 201)) and corpus.n == 200
    assert corpus.id.startswith("my-corpus-1-") and len(corpus.id) == len("my-corpus-1-") + 8


def test_numbers_are_labels_in_their_order_without_points() -> None:
    labels = ["10.0", "2.0", "1.0", "2.0"] * 10
    corpus = build(table(text=[f"text {i}" for i in range(40)], label=labels), COLUMNS, name="n")
    assert corpus.label_names == ("1", "2", "10")


def test_rows_without_text_or_domain_are_left_out_and_counted_those_without_label_are_kept() -> None:
    source = many()
    frame = source.frame.copy()
    frame.loc[3, "text"] = " \u200b\n"
    frame.loc[[5, 6], "label"] = ["", " "]
    frame.loc[9, "place"] = ""
    corpus = build(
        replace(source, frame=frame, rejected_count=4), Columns("text", "label", "place"), name="c"
    )
    assert corpus.n == 198 and not {4, 10} & set(corpus.frame["row"])
    assert corpus.part("unlabelled").frame["row"].tolist() == [6, 7] and corpus.unlabelled == 2
    assert corpus.source["dropped"] == {"unreadable": 4, "text": 1, "domain": 1}
    assert [note["values"]["n"] for note in corpus.notes] == [4, 1, 1, 2]
    assert health.empties(corpus) == 1


def test_several_tables_become_domains() -> None:
    corpus = build([many("shop"), many("film", 100), many("film", 50)], COLUMNS, name="c")
    assert corpus.domain_names == ("film", "film (3)", "shop")
    assert Counter(corpus.domains.tolist()) == {0: 100, 1: 50, 2: 200}
    named = build({"x": many("shop"), "y": many("film", 100)}, Columns("text", "label", "place"), name="c")
    assert named.domain_names == ("x", "y")


def test_unlabelled_texts_are_a_corpus() -> None:
    corpus = build(many(), Columns("text"), name="c")
    assert (
        set(corpus.labels) == {-1}
        and corpus.label_names == ()
        and set(corpus.frame["split"]) == {"train", "validation", "test"}
    )


def test_own_split_is_kept_and_what_it_lacks_is_drawn_from_train() -> None:
    own = ["Train"] * 140 + ["dev"] * 20 + ["TEST"] * 40
    frame = many().frame
    corpus = build(
        replace(many(), frame=frame.assign(part=own)), Columns("text", "label", split="part"), name="c"
    )
    assert corpus.frame["split"].tolist() == ["train"] * 140 + ["validation"] * 20 + ["test"] * 40
    assert corpus.notes == []
    two = frame.assign(part=["train"] * 160 + ["test"] * 40)
    carved = build(replace(many(), frame=two), Columns("text", "label", split="part"), name="c")
    assert (carved.frame["split"][160:] == "test").all()
    assert Counter(carved.frame["split"]) == {"train": 140, "validation": 20, "test": 40}
    assert carved.notes[0]["values"] == {"n": 20, "seed": 0}
    other = frame.assign(part=["train", "?"] * 100)
    odd = build(
        replace(many(labels="aabb"), frame=other.assign(label=list("aabb") * 50)),
        Columns("text", "label", split="part"),
        name="c",
    )
    assert odd.n == 100 and odd.source["dropped"] == {"split": 100}


def test_duplicates_can_be_dropped() -> None:
    source = table(text=["same", "same", *(f"text {i}" for i in range(18))], label=["a", "b"] * 10)
    assert build(source, COLUMNS, name="c").n == 20
    corpus = build(source, COLUMNS, name="c", drop_duplicates=True)
    assert corpus.n == 19 and corpus.frame["row"].tolist()[:2] == [1, 3]
    assert corpus.source["dropped"] == {"repeated": 1}


@pytest.mark.parametrize("seed", range(5))
def test_split_properties(seed: int) -> None:
    draw = np.random.default_rng(seed)
    n, classes, domains = int(draw.integers(30, 3_000)), int(draw.integers(2, 9)), int(draw.integers(1, 6))
    labels = np.concatenate([np.repeat(np.arange(classes), 3), draw.zipf(2, n) % classes])
    where = draw.integers(0, domains, len(labels))
    texts = [f"text {i}" for i in range(len(labels))]
    shares = np.array([0.7, 0.1, 0.2])
    parts = stratified(texts, labels, where, shares=shares, seed=seed)
    assert (parts == stratified(texts, labels, where, shares=shares, seed=seed)).all()
    assert (parts != stratified(texts, labels, where, shares=shares, seed=seed + 1)).any()
    for label in range(classes):
        own = np.bincount(parts[labels == label], minlength=3)
        assert (own > 0).all()
        assert np.abs(own - shares * own.sum()).max() < 2.5, (own, shares * own.sum())
        for domain in range(domains):
            inner = np.bincount(parts[(labels == label) & (where == domain)], minlength=3)
            assert np.abs(inner - shares * inner.sum()).max() < 3.5


def test_equal_texts_stay_in_one_part() -> None:
    texts = [f"text {i % 60}" for i in range(240)]
    parts = stratified(texts, np.arange(240) % 2, np.zeros(240, int), shares=(0.7, 0.1, 0.2), seed=1)
    assert all(len(set(parts[i::60].tolist())) == 1 for i in range(60))
    corpus = build(table(text=texts, label=["a", "b"] * 120), COLUMNS, name="c")
    assert len(health.leaks(corpus)) == 0


def test_largest_remainder() -> None:
    assert largest_remainder(np.array([2.1, 0.3, 0.6]), 3).tolist() == [2, 0, 1]
    assert largest_remainder(np.array([-0.9, -0.9, 3.8]), 2).tolist() == [0, 0, 2]
    assert largest_remainder(np.array([0.5, 0.5]), 1).sum() == 1


def test_kept_corpora_come_back_whole(home: Path) -> None:
    corpus = build(many(), Columns("text", "label", "place"), name="Kept", source={"licence": "MIT"})
    identifier = corpora.save(corpus.noted("{n} things", n=3))
    again = corpora.load(identifier)
    assert again.id == identifier == corpus.id
    pd.testing.assert_frame_equal(again.frame, corpus.frame)
    assert (again.label_names, again.domain_names) == (corpus.label_names, corpus.domain_names)
    assert again.source["licence"] == "MIT" and again.notes == [{"message": "{n} things", "values": {"n": 3}}]
    other = corpora.save(build(many("other", 60), COLUMNS, name="Other"))
    assert [(s.id, s.rows, s.labels, s.domains) for s in corpora.listing()] == [
        (other, 60, 2, 0),
        (identifier, 200, 2, 3),
    ]


def test_the_id_follows_the_content() -> None:
    base = build(many(), COLUMNS, name="c")
    assert base.id == build(many(), COLUMNS, name="c").id
    others = [
        build(many(), COLUMNS, name="c", seed=1),
        build(many(n=199), COLUMNS, name="c"),
        build(many(labels="ac"), COLUMNS, name="c"),
    ]
    assert len({base.id, *(other.id for other in others)}) == 4


def test_stacking_corpora() -> None:
    one = build(many("one", labels="ab"), COLUMNS, name="one")
    two = build(many("two", labels="bc"), Columns("text", "label", "place"), name="two")
    both = corpora.stack({"first": one, "second": two}, name="both")
    assert both.label_names == ("a", "b", "c")
    assert both.domain_names == ("first", "second: east", "second: north", "second: south")
    assert [both.label_names[i] for i in both.labels] == [one.label_names[i] for i in one.labels] + [
        two.label_names[i] for i in two.labels
    ]
    assert both.frame["split"].tolist() == [*one.frame["split"], *two.frame["split"]]


def test_sampling_keeps_shares_order_and_says_so() -> None:
    corpus = build(many(n=900, labels="aab"), Columns("text", "label", "place"), name="c")
    small = corpora.sample(corpus, 90, seed=4)
    assert small.n == 90 and small.frame["row"].is_monotonic_increasing
    assert Counter(small.labels.tolist()) == {0: 60, 1: 30}
    assert small.notes[-1]["values"] == {"n": 90, "all": 900, "seed": 4}
    assert small.frame.equals(corpora.sample(corpus, 90, seed=4).frame)
    assert small.texts == [corpus.texts[row] for row in drawn(corpus, 90, seed=4)]
    assert corpora.sample(corpus, 5_000, seed=4) is corpus


def test_a_corpus_as_a_table_has_names_and_gaps() -> None:
    frame = pd.DataFrame(
        {"text": ["x", "y"], "label": [1, -1], "domain": [0, 0], "split": ["train", "test"], "row": [2, 9]}
    )
    names = Corpus("c", frame, ("bad", "good"), ("film",)).table()
    assert names.to_dict("list") == {
        "row": [2, 9], "text": ["x", "y"], "label": ["good", None], "domain": ["film", "film"],
        "split": ["train", "test"],
    }  # fmt: skip
    bare = Corpus("c", frame.assign(label=-1)).table()
    assert bare["label"].tolist() == bare["domain"].tolist() == [None, None]


def test_health() -> None:
    source = table(
        text=["same", "other", "same", "third", *(f"text {i}" for i in range(16))],
        label=["a", "b", "b", "a", *"ab" * 8],
        place=["x", "y"] * 10,
    )
    corpus = build(source, Columns("text", "label", "place"), name="c")
    assert health.duplicates(corpus).tolist() == [0, 2] == health.conflicts(corpus).tolist()
    said = health.describe(corpus)
    assert said["labels"] == {"a": 10, "b": 10} and said["domains"] == {"x": 10, "y": 10}
    assert (said["duplicates"], said["conflicts"], said["leaks"], said["empty"]) == (1, 1, 0, 0)
    assert sum(said["split"].values()) == 20
    assert corpus.balance()["texts"].sum() == 20


def test_parts_partition_the_corpus() -> None:
    corpus = build(many(), COLUMNS, name="c")
    parts = [corpus.part(name) for name in ("train", "validation", "test")]
    assert [part.n for part in parts] == [140, 20, 40]
    assert sorted(text for part in parts for text in part.texts) == sorted(corpus.texts)
    assert isinstance(parts[0], Corpus) and parts[0].label_names == corpus.label_names


NUMBERS, AB, PARTS = [str(i) for i in range(40)], ["a", "b"] * 20, ["train", "test"] * 20
PROSE = [f"This is a sentence with number {i} in it." for i in range(40)]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"label": ["a", "b"] * 20, "text": PROSE}, Columns("text", "label")),
        ({"id": NUMBERS, "Review Text": PROSE, "stars": ["1", "5"] * 20}, Columns("Review Text", "stars")),
        ({"x": PROSE, "y": ["a", "b"] * 20}, Columns("x", "y")),
        ({"text": PROSE, "source": ["s", "t"] * 20, "kind": AB}, Columns("text", "kind", "source")),
        ({"text": PROSE, "source": ["s", "t"] * 20}, Columns("text", None, "source")),
        ({"split": PARTS, "text": PROSE, "sentiment": AB}, Columns("text", "sentiment", None, "split")),
        ({"评论": [f"这部电影非常好看{i}" for i in range(40)], "标签": AB}, Columns("评论", "标签")),
        ({"text": PROSE}, Columns("text")),
    ],
)  # fmt: skip
def test_guessing_columns(columns: dict[str, list[str]], expected: Columns) -> None:
    assert guess(pd.DataFrame(columns, dtype="str")) == expected


def test_importing_the_room_is_light() -> None:
    code = "import sys, xfer_core.corpora, xfer_core.corpora.catalogue; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    heavy = {"torch", "transformers", "sklearn", "streamlit", "unearth", "chardet", "httpx2"}
    assert not heavy & set(loaded)


def test_real_tables_are_guessed(sample: Callable[[str], Corpus]) -> None:
    corpus = sample("film-reviews")
    assert corpus.source["columns"] == {"text": "text", "label": "category", "domain": None, "split": None}
