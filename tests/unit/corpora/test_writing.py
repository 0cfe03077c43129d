"""Cells that a spreadsheet would run as formulas, those that only look like it, and what is read back."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from xfer_core.corpora.reading import Reject
from xfer_core.corpora.writing import made_safe, rejects_csv, safe, write_table, writing


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+cmd|' /C calc'!A0",
        "-2+3+cmd",
        "@SUM(1)",
        "  =1",
        "\t=1",
        "\x00=1",
        "\u200b=1",
        "＝1+1",
        "＋a",
        "－b",
        "＠c",
        "\tx",
        "\rx",
        "\nx",
        "=",
        "+49 30 123",
        "- a list item",
    ],
)
def test_formulas_are_quoted(cell: str) -> None:
    assert safe(cell) == "'" + cell


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "text",
        "-3.5",
        "+1e5",
        " -2",
        "a=b",
        "1-2",
        "|",
        "%",
        "'=1",
        "“=1”",
        "中文",
    ],
)
def test_all_else_is_left_alone(cell: str) -> None:
    assert safe(cell) == cell


def test_csv_and_parquet_keep_values_over_chunks(tmp_path: Path) -> None:
    first, second = (
        pd.DataFrame({"=name": pd.array(names, dtype="str"), "p": np.array(shares, np.float32)})
        for names, shares in ((["=a", None], [1 / 3, np.nan]), ([None, None], [0.1, 1]))
    )
    for format in ("csv", "parquet"):
        with writing(tmp_path / format, format, ["=name", "p"], raw=False) as write:
            write(first)
            write(second)
    lines = (tmp_path / "csv").read_text(encoding="utf-8").splitlines()
    assert lines == ["'=name,p", "'=a,0.3333333", ",", ",0.1", ",1"]
    table = pd.read_parquet(tmp_path / "parquet")
    assert table["=name"].tolist()[0] == "=a" and table["=name"].isna().tolist() == [False, True, True, True]
    assert np.allclose(table["p"], [1 / 3, np.nan, 0.1, 1], equal_nan=True)


def test_line_ends_of_any_kind_inside_a_cell_are_read_back(tmp_path: Path) -> None:
    """A lone carriage return, not quoted, would end the row for most readers."""
    cells = ["one\rtwo", "one\ntwo", "one\r\ntwo", "plain"]
    out = tmp_path / "out.csv"
    with writing(out, "csv", ["text", "n"], raw=True) as write:
        write(pd.DataFrame({"text": cells, "n": [1.0, 2.0, 3.0, 4.0]}))
    found = pd.read_csv(out)
    assert list(found["text"]) == cells and list(found["n"]) == [1, 2, 3, 4]


def test_a_list_of_rejects_is_safe_translated_and_read_back() -> None:
    cells = ['=HYPERLINK("http://example.org")', "a\rb", "plain, with “quotes”"]
    rejects = [Reject(line, "{n} cells", text, {"n": 7}) for line, text in enumerate(cells, start=1)]
    found = rejects_csv(rejects, lambda message: message.replace("cells", "Zellen"))
    assert found.startswith(b"\xef\xbb\xbf") and found.count(b"\r\n") == 4
    read = pd.read_csv(io.BytesIO(found))
    assert list(read.columns) == ["line", "reason", "text"]
    assert list(read["line"]) == [1, 2, 3] and set(read["reason"]) == {"7 Zellen"}
    assert list(read["text"]) == ["'" + cells[0], *cells[1:]]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_table_written_whole_keeps_its_numbers(ending: str, tmp_path: Path) -> None:
    frame = pd.DataFrame({"row": [1, 123_456_789], "text": ["=a", "b\rc"], "label": ["x", None]})
    write_table(frame, tmp_path / f"raw.{ending}", raw=True)
    write_table(frame, tmp_path / f"safe.{ending}")
    read = getattr(pd, f"read_{ending}")
    raw = read(tmp_path / f"raw.{ending}")
    assert list(raw["row"]) == [1, 123_456_789] and list(raw["text"]) == ["=a", "b\rc"]
    assert raw["label"].isna().tolist() == [False, True]
    assert read(tmp_path / f"safe.{ending}")["text"][0] == ("'=a" if ending == "csv" else "=a")


def test_cells_made_safe_are_counted() -> None:
    frame = pd.DataFrame({"text": ["=1+1", "plain", None, "@you"], "n": [1.0, -2.0, 3.0, 4.0]})
    assert made_safe(frame) == 2
