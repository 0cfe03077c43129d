"""Numbers, dates and durations in the reader's language; Babel is the reference where it can be."""

import pytest

from xfer_core.ui import language


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
    assert language.filled("This is {kind}, row {row}.", {"kind": "a PNG picture", "row": 3}) == (
        "This is a PNG picture, row 3."
    )
