"""What Python and the browser agree on: the buffer, the words, the address that follows a reader's choice."""

from __future__ import annotations

import json
import re
import struct
from types import SimpleNamespace

import pytest

from xfer_core.settings import root
from xfer_core.ui.components import opening
from xfer_core.ui.components.buffer import pack

WEB = root() / "assets" / "web"


def unpacked(data):
    length = struct.unpack("<I", data[:4])[0]
    return json.loads(data[4 : 4 + length].decode("utf-8")), data[4 + length :]


def test_a_buffer_holds_header_and_body():
    header, body = unpacked(pack({"texts": ["é", "好", "</script>"]}, b"\x00\xff"))
    assert header["texts"] == ["é", "好", "</script>"] and body == b"\x00\xff"


def test_a_lone_surrogate_does_not_break_it():
    header, body = unpacked(pack({"texts": ["a\ud800b"]}, b"x"))
    assert header["texts"] == ["a?b"] and body == b"x"


def test_the_id_changes_with_header_and_body_only():
    one = unpacked(pack({"a": 1}, b"x"))[0]["id"]
    assert one == unpacked(pack({"a": 1}, b"x"))[0]["id"]
    assert len({one, unpacked(pack({"a": 2}, b"x"))[0]["id"], unpacked(pack({"a": 1}, b"y"))[0]["id"]}) == 3


@pytest.mark.parametrize("script", sorted(path.name for path in WEB.glob("*.js") if path.name != "curves.js"))
def test_scripts_neither_read_markup_nor_call_out(script):
    source = (WEB / script).read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")  # a name
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", source)
    assert not re.search(r"https?://|\bfetch\(|XMLHttpRequest", source)
    imported = re.findall(r'from "([^"]+)"', source)
    assert all(re.fullmatch(r"\./[a-z_]+\.js", name) and (WEB / name).is_file() for name in imported)


@pytest.fixture
def page(monkeypatch):
    """The address and the session of a page, as plain dictionaries."""
    made = SimpleNamespace(query_params={}, session_state={})
    monkeypatch.setattr("xfer_core.ui.state.st", made)
    monkeypatch.setattr("xfer_core.ui.components.opening.st", made)
    return made


def test_an_opening_is_what_the_address_says(page):
    page.query_params |= {"layer": "2"}
    assert opening.opening("c", "text", ("layer", "head")) == {"layer": "2", "head": ""}


def test_a_readers_choice_goes_into_the_address_and_leaves_the_data_alone(page):
    page.query_params["layer"] = "2"
    before = opening.opening("c", "text", ("layer", "head"))
    page.session_state["c"] = {"focus": {"layer": 3, "head": 4}}
    opening.follow("c", "focus", ("layer", "head"))
    assert page.query_params == {"layer": "3", "head": "4"}
    assert opening.opening("c", "text", ("layer", "head")) == before


def test_other_content_opens_where_the_reader_was(page):
    opening.opening("c", "text", ("layer",))
    page.session_state["c"] = {"focus": {"layer": 3}}
    opening.follow("c", "focus", ("layer",))
    assert opening.opening("c", "other text", ("layer",)) == {"layer": "3"}


def test_back_in_the_browser_opens_what_was_there(page):
    page.query_params["layer"] = "2"
    opening.opening("c", "text", ("layer",))
    page.session_state["c"] = {"focus": {"layer": 3}}
    opening.follow("c", "focus", ("layer",))
    page.query_params["layer"] = "2"
    opening.opening("c", "text", ("layer",))
    page.query_params["layer"] = "3"
    assert opening.opening("c", "text", ("layer",)) == {"layer": "3"}


@pytest.mark.parametrize(
    ("text", "number"), [("0", 0), ("12", 12), ("", None), ("-1", None), ("1.5", None), ("9" * 9, None)]
)
def test_whole_numbers_of_an_address(text, number):
    assert opening.whole(text) == number


def test_a_follow_without_a_state_changes_nothing(page):
    page.session_state["c"] = {}
    opening.follow("c", "focus", ("layer",))
    assert page.query_params == {}
