from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np

from xfer_core.runs import events


def test_a_cursor_reads_on_from_where_it_was(tmp_path: Path) -> None:
    assert events.read(tmp_path) == ([], 0)
    events.append(tmp_path, {"kind": "metric", "step": 1})
    first, cursor = events.read(tmp_path)
    events.append(tmp_path, {"kind": "metric", "step": 2})
    second, end = events.read(tmp_path, cursor)
    assert [e["step"] for e in first] == [1] and [e["step"] for e in second] == [2]
    assert events.read(tmp_path, end) == ([], end)
    assert first[0]["time"] <= second[0]["time"]


def test_a_half_written_line_waits_and_spoils_nothing(tmp_path: Path) -> None:
    path = tmp_path / events.NAME
    events.append(tmp_path, {"kind": "a"})
    with path.open("a") as file:
        file.write('{"kind": "b", "st')
    found, cursor = events.read(tmp_path)
    assert [e["kind"] for e in found] == ["a"]
    # The same writer goes on: the line is whole now.
    with path.open("a") as file:
        file.write('ep": 2}\n')
    found, cursor = events.read(tmp_path, cursor)
    assert [e["step"] for e in found] == [2]
    # A writer dies in mid-line, another one comes.
    with path.open("a") as file:
        file.write('{"kind": "lost", "no')
    events.append(tmp_path, {"kind": "c"})
    assert [e["kind"] for e in events.read(tmp_path, cursor)[0]] == ["c"]
    assert [e["kind"] for e in events.read(tmp_path)[0]] == ["a", "b", "c"]


def test_every_cut_of_the_file_reads_as_the_whole_lines_before_it(tmp_path: Path) -> None:
    for step in range(3):
        events.append(tmp_path, {"kind": "metric", "step": step, "text": "é\u2028字\n"})
    path = tmp_path / events.NAME
    whole = path.read_bytes()
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        found, cursor = events.read(tmp_path)
        path.write_bytes(whole)
        rest, _ = events.read(tmp_path, cursor)
        assert [e["step"] for e in found + rest] == [0, 1, 2], length
        assert len(found) == whole[:length].count(b"\n")


def test_nan_and_infinity_come_back_and_the_file_is_valid_json(tmp_path: Path) -> None:
    values = {
        "a": math.nan,
        "b": math.inf,
        "c": -math.inf,
        "d": 0.5,
        "e": np.float32("nan"),
        "f": np.int64(7),
    }
    events.append(tmp_path, {"kind": "metric", **values, "g": [np.float64(1.5), None], "h": np.arange(2)})
    line = (tmp_path / events.NAME).read_text()

    def no_constant(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    json.loads(line, parse_constant=no_constant)
    event = events.read(tmp_path)[0][0]
    for name, value in values.items():
        np.testing.assert_equal(events.number(event[name]), float(value))
    assert event["g"] == [1.5, None] and event["h"] == [0, 1]
    assert math.isnan(events.number(None))


def test_lines_of_many_writers_do_not_mix(tmp_path: Path) -> None:
    script = """
import sys; from pathlib import Path; from xfer_core.runs import events
for i in range(200):
    events.append(Path(sys.argv[1]), {"kind": "x", "who": sys.argv[2], "i": i, "pad": "y" * (i * 20)})
"""
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path), str(who)], cwd=Path(__file__).parents[3]
        )
        for who in range(4)
    ]
    assert [writer.wait() for writer in writers] == [0] * 4
    found, _ = events.read(tmp_path)
    for who in range(4):
        assert [e["i"] for e in found if e["who"] == str(who)] == list(range(200))
