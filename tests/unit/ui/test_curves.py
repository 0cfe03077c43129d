"""What curves.js asks of Python is given, and nothing is given in vain."""

import re

from xfer_core.settings import root
from xfer_core.ui.components import curves

SCRIPT = (root() / "assets" / "web" / "curves.js").read_text()


def test_every_word_the_script_says_is_given():
    used = set(re.findall(r"\bwords\.(\w+)", SCRIPT))
    by_state = {"queued", "running", "empty", "waiting"}  # looked up by name
    assert used | by_state == set(curves.WORDS)


def test_placeholders_are_those_the_script_fills():
    for name, fields in {
        "step_of": {"step", "steps"}, "left": {"time"}, "throughput": {"n"}, "at_step": {"step"},
        "best_at": {"step"}, "seconds": {"n"}, "minutes": {"n"}, "hours": {"n"},
    }.items():  # fmt: skip
        assert set(re.findall(r"\{(\w+)\}", curves.WORDS[name])) == fields
        assert re.search(rf"fill\(words\.{name}, \{{ {', '.join(sorted(fields))}", SCRIPT) or fields == {
            "step",
            "steps",
        }


def test_text_never_becomes_markup():
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", SCRIPT)
