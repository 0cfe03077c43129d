"""Cells that a spreadsheet would run as formulas, and those that only look like it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from xfer_core.inference.export import safe, writing


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
