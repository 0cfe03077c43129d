"""Texts without a label beside labelled ones, and columns beside the texts: kept, carried, not in the way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from xfer_core.corpora import Columns, Corpus, Table, build, health, load, read, relabel, sample, save, stack
from xfer_core.corpora.reading import Reading
from xfer_core.corpora.selection import selected
from xfer_core.corpora.split import UNLABELLED
from xfer_core.corpora.writing import write_table
from xfer_core.errors import BadTable

COLUMNS = Columns("text", "label", "domain")


def table(rows: int = 120, **more: list[str]) -> Table:
    """Rows of shop with labels and of web without, in turns."""
    frame = {
        "text": [f"text number {i}" for i in range(rows)],
        "label": ["ab"[i // 2 % 2] if i % 2 == 0 else "" for i in range(rows)],
        "domain": [("shop", "web")[i % 2] for i in range(rows)],
        **more,
    }
    return Table(pd.DataFrame(frame, dtype="str"), Reading("csv"), [], 0, [], "t")


def made(**more: list[str]) -> Corpus:
    return build(table(**more), COLUMNS, name="made")


def test_they_are_a_part_of_their_own_and_the_others_are_split_as_without_them() -> None:
    corpus, whole = made(), table()
    alone = Table(whole.frame[whole.frame["label"] != ""], Reading("csv"), [], 0, [], "t")
    labelled = build(alone, COLUMNS, name="made")
    assert corpus.unlabelled == corpus.part(UNLABELLED).n == 60 and labelled.unlabelled == 0
    assert (corpus.part(UNLABELLED).labels == -1).all() and corpus.domain_names == ("shop", "web")
    for part in ("train", "validation", "test"):
        assert corpus.part(part).texts == labelled.part(part).texts
        assert (corpus.part(part).labels >= 0).all()
    assert [note["values"] for note in corpus.notes] == [{"n": 60}]
    assert health.describe(corpus)["unlabelled"] == 60
    assert sum(health.describe(corpus)["split"].values()) == 60


def test_a_row_without_label_needs_no_part_and_is_in_none() -> None:
    own = table(split=["train" if i % 4 else "test" if i % 2 == 0 else "" for i in range(120)])
    corpus = build(own, Columns("text", "label", "domain", "split"), name="made")
    assert corpus.part(UNLABELLED).n == 60 and "dropped" in corpus.source and not corpus.source["dropped"]


def test_a_table_of_a_target_may_lack_the_label_column() -> None:
    source = table()
    target = Table(pd.DataFrame({"text": ["one", "two"]}, dtype="str"), Reading("csv"), [], 0, [], "web")
    corpus = build({"shop": source, "web": target}, Columns("text", "label"), name="both")
    assert corpus.part(UNLABELLED).n == 62 and (corpus.frame["domain"] == 1).sum() == 2
    with pytest.raises(BadTable, match="is empty"):
        build(table(label=[""] * 120), COLUMNS, name="none")


def test_stacked_under_a_corpus_with_labels_texts_of_one_without_are_unlabelled() -> None:
    plain = build(table(), Columns("text"), name="plain")
    assert set(plain.frame["split"]) == {"train", "validation", "test"} and plain.unlabelled == 120
    both = stack({"shop": made(), "web": plain}, name="both")
    assert both.part(UNLABELLED).n == both.unlabelled == 180
    assert set(stack({"one": plain, "two": plain}, name="plain").frame["split"]) == set(plain.frame["split"])


def test_copies_without_label_neither_contradict_nor_leak_nor_displace() -> None:
    texts = [f"text number {i}" for i in range(120)]
    texts[1], texts[3] = (
        "text number 2",
        "text number 4",
    )  # copies without a label, one before the labelled one
    corpus = made(text=texts)
    assert not len(health.conflicts(corpus)) and not len(health.leaks(corpus))
    assert len(health.duplicates(corpus)) == 4
    once = build(table(text=texts), COLUMNS, name="once", drop_duplicates=True)
    assert once.unlabelled == 58 and (once.labels >= 0).sum() == 60


def test_a_label_given_by_hand_makes_a_train_text() -> None:
    corpus = made()
    new = relabel(corpus, {1: "a"})
    assert new.frame["split"][1] == "train" and new.labels[1] == 0 and new.unlabelled == 59
    assert corpus.frame["split"][1] == UNLABELLED and new.source["relabelled"][0]["from"] is None


def test_a_selection_keeps_them_apart() -> None:
    corpus = made()
    few = selected(corpus, range(30), name="few")
    assert few.part(UNLABELLED).n == 15 and (few.labels[few.frame["split"] != UNLABELLED] >= 0).all()
    only = selected(corpus, range(1, 60, 2), name="only")
    assert only.label_names == () and set(only.frame["split"]) == {"train", "validation", "test"}


def test_they_come_back_from_disk_and_from_a_table(home: Path, tmp_path: Path) -> None:
    corpus = made()
    assert load(save(corpus)).id == corpus.id
    write_table(corpus.table(), tmp_path / "made.csv", raw=True)
    columns = Columns("text", "label", "domain", "split")
    again = build(read(tmp_path / "made.csv"), columns, name="made")
    assert again.id == corpus.id


def test_other_columns_are_kept_typed_and_carried() -> None:
    more = {
        "year": [str(2000 + i % 7) for i in range(120)],
        "price": [f"{i},5" for i in range(120)],
        "author": ["", *"xyz" * 39, "x", "y"],
        "link": [f"https://x.org/{i}" for i in range(120)],
    }
    corpus = made(**more)
    assert list(corpus.others) == ["year", "price", "author"]  # a link is another one in every row
    assert corpus.others["price"].tolist() == [i + 0.5 for i in range(120)]
    assert corpus.others["author"][0] == "" and corpus.others["author"].tolist()[1:3] == ["x", "y"]
    for other in (sample(corpus, 40, 0), selected(corpus, range(40), name="s"), relabel(corpus, {0: "b"})):
        rows = other.frame["row"].to_numpy() - 1
        assert other.others["year"].tolist() == [2000.0 + at % 7 for at in rows]
    assert list(corpus.table().columns[-3:]) == ["year", "price", "author"]


def test_other_columns_change_no_id_and_are_bounded(home: Path) -> None:
    plain = made()
    wide = made(**{f"c{i}": ["1", "2"] * 60 for i in range(30)})
    assert wide.id == plain.id and len(wide.others) == 20
    save(plain)
    assert list(load(save(wide)).others) == list(wide.others)


def test_other_columns_of_stacked_corpora_stand_side_by_side() -> None:
    one, two = made(year=["2000"] * 120), made(author=["x", "y"] * 60)
    both = stack({"one": one, "two": two}, name="both")
    assert np.isnan(both.others["year"]).sum() == 120 and (both.others["author"] == "").sum() == 120
