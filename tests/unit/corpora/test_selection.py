"""Some texts as a corpus of their own: what stays, what is counted anew."""

import numpy as np
import pandas as pd
import pytest

from xfer_core.corpora import Corpus, load, save
from xfer_core.corpora.selection import selected
from xfer_core.errors import BadTable


@pytest.fixture
def corpus():
    n = 30
    frame = pd.DataFrame(
        {
            "text": [f"text {i}" for i in range(n)],
            "label": [i % 3 - 1 for i in range(n)],
            "domain": [i % 5 for i in range(n)],
            "split": ["train"] * 20 + ["validation"] * 4 + ["test"] * 6,
            "row": range(1, n + 1),
        }
    )
    source = {"origin": "here", "parent": "older-1", "relabelled": [{"position": 3}]}
    return Corpus("all", frame, ("no", "yes"), tuple("abcde"), source)


def test_texts_rows_labels_and_domains_stay_those_they_were(home, corpus):
    chosen = selected(corpus, [29, 4, 14, 4, 22], name="some")
    wanted = corpus.take(np.array([4, 14, 22, 29])).table()
    assert chosen.table()["text"].tolist() == wanted["text"].tolist()
    for column in ("row", "label", "domain", "split"):
        assert chosen.table()[column].tolist() == wanted[column].tolist()
    assert chosen.domain_names == ("c", "e") and chosen.label_names == ("no", "yes")
    assert load(save(chosen)).texts == chosen.texts


def test_a_label_without_texts_is_gone_and_none_stays_none(corpus):
    chosen = selected(corpus, [0, 2, 3, 5], name="some")  # labels none, yes, none, yes
    assert chosen.label_names == ("yes",) and chosen.labels.tolist() == [-1, 0, -1, 0]


def test_a_part_without_texts_is_drawn_anew(corpus):
    chosen = selected(corpus, range(20), name="some")
    assert set(chosen.frame["split"]) == {"train", "validation", "test"}
    again = selected(corpus, range(20), name="some")
    assert again.id == chosen.id, "drawn with a seed"


def test_corrections_by_position_do_not_come_along(corpus):
    source = selected(corpus, [1, 2, 25], name="some").source
    assert source == {"origin": "here", "selected_from": corpus.id}


@pytest.mark.parametrize(
    ("positions", "said"), [([], "No text is chosen"), ([3, 30], "position 30"), ([-1], "position -1")]
)
def test_nothing_or_what_is_not_there_is_a_sentence(corpus, positions, said):
    with pytest.raises(BadTable, match=said):
        selected(corpus, positions, name="some")
