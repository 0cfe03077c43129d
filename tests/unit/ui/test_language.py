"""Numbers, dates and durations in the reader's language; Babel is the reference where it can be."""

import json

import numpy as np
import pytest

from xfer_core.analysis.labels import _notes
from xfer_core.corpora.table import read
from xfer_core.errors import BadTable
from xfer_core.i18n import N_, as_message, translate
from xfer_core.runs import store
from xfer_core.ui import language
from xfer_core.ui.errors import sentence


@pytest.fixture(autouse=True)
def session(monkeypatch):
    """A reader without a browser: no switch, no address."""
    monkeypatch.setattr(language.st, "session_state", {})
    monkeypatch.setattr(language.st, "query_params", {})
    return language.st.session_state


def test_language_is_the_switch_then_the_address_then_english(session, monkeypatch):
    assert language.language() == "en"
    monkeypatch.setattr(language.st, "query_params", {"lang": "zh"})
    assert language.language() == "zh"
    session["lang"] = "en"
    assert language.language() == "en"


def test_unknown_language_is_not_taken(monkeypatch):
    monkeypatch.setattr(language.st, "query_params", {"lang": "../../etc"})
    assert language.language() == "en"


def test_numbers_keep_their_digits():
    assert language.number(12345) == "12,345"
    assert language.number(0.5, 2) == "0.50"
    assert language.percent(0.1234, 1) == "12.3%"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-1, "0 s"), (8.4, "8 s"), (59.6, "1 min 0 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")],
)
def test_durations(seconds, words):
    assert language.duration(seconds) == words


def test_values_of_a_message_are_filled_in():
    said = as_message("a PNG picture")
    assert language.filled("This is {kind}, row {row}.", {"kind": said, "row": 3}) == (
        "This is a PNG picture, row 3."
    )


LABELS = ("yes", "no", "test", "train", "best", "none", "any")
"""Names of classes that are also words of the program; some have a Chinese translation."""


@pytest.fixture
def chinese(session):
    session["lang"] = "zh"
    assert {translate(label, "zh") for label in LABELS} != set(LABELS)


@pytest.mark.usefixtures("chinese")
def test_labels_of_users_are_never_translated():
    for label in LABELS:
        assert f"“{label}”" in sentence(BadTable(N_("The label “{label}” has one row only."), label=label))
        assert label in language.filled("Row {row} {label}", {"row": 1, "label": label})
    assert language.filled("{labels}", {"labels": list(LABELS)}) == "、".join(LABELS)
    notes = _notes(LABELS, np.ones(len(LABELS), np.int64), [0, 3], 5)
    said = " ".join(language.filled(**note) for note in notes)
    assert "yes、train" in said and all(label in said for label in LABELS)


@pytest.mark.usefixtures("chinese")
def test_messages_among_values_are_translated_wherever_they_come_from(tmp_path):
    (tmp_path / "picture.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    with pytest.raises(BadTable) as caught:
        read(tmp_path / "picture.csv")
    assert "PNG 图片" in sentence(caught.value) and "a PNG picture" in str(caught.value)
    kept = store.to_error(json.loads(json.dumps(store.to_message(caught.value))))
    assert sentence(kept) == sentence(caught.value)
