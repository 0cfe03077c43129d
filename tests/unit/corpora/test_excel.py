"""Workbooks are read as typed; the writer here is made by hand from the format's own parts."""

from __future__ import annotations

import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from xfer_core.corpora import read
from xfer_core.errors import BadTable

TYPES = """<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Override PartName="/xl/workbook.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>"""
RELATION = '<Relationship Id="{id}" Type="{base}/{kind}" Target="{target}"/>'
BASE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def relations(*pairs: tuple[str, str, str]) -> str:
    inner = "".join(RELATION.format(id=i, base=BASE, kind=kind, target=target) for i, kind, target in pairs)
    return f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{inner}</Relationships>'


def workbook(path: Path, sheets: dict[str, list[list[object]]]) -> Path:
    listed = "".join(
        f'<sheet name="{name}" sheetId="{i}" r:id="rId{i}"/>' for i, name in enumerate(sheets, start=1)
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", TYPES)
        archive.writestr("_rels/.rels", relations(("rId1", "officeDocument", "xl/workbook.xml")))
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{MAIN}" xmlns:r="{BASE}"><sheets>{listed}</sheets></workbook>',
        )
        places = [(f"rId{i}", "worksheet", f"worksheets/sheet{i}.xml") for i in range(1, len(sheets) + 1)]
        archive.writestr("xl/_rels/workbook.xml.rels", relations(*places))
        for i, rows in enumerate(sheets.values(), start=1):
            archive.writestr(f"xl/worksheets/sheet{i}.xml", sheet(rows))
    return path


def sheet(rows: list[list[object]]) -> str:
    lines = []
    for number, row in enumerate(rows, start=1):
        cells = []
        for column, value in enumerate(row):
            place = f"{chr(65 + column)}{number}"
            if isinstance(value, str):
                cells.append(f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>')
            elif isinstance(value, bool):
                cells.append(f'<c r="{place}" t="b"><v>{int(value)}</v></c>')
            elif value is not None:
                cells.append(f'<c r="{place}"><v>{value}</v></c>')
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    return f'<worksheet xmlns="{MAIN}"><sheetData>{"".join(lines)}</sheetData></worksheet>'


def test_a_workbook(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["text", "label", "share"],
        ["=1+1 <b> é 很好", 3, 0.25],
        [None, True, None],
        ["x", 4, 1],
    ]
    table = read(workbook(tmp_path / "t.xlsx", {"Empty": [], "Data": rows, "More": [["a"], ["b"]]}))
    assert (table.reading.format, table.reading.member, table.reading.header) == ("xlsx", "Data", True)
    frame = table.frame
    assert frame["text"].tolist()[::2] == ["=1+1 <b> é 很好", "x"] and frame["text"].isna().tolist() == [
        False,
        True,
        False,
    ]
    assert frame["label"].tolist() == ["3", "true", "4"]
    assert frame["share"].dropna().tolist() == ["0.25", "1"]
    assert table.notes[0]["values"] == {"n": 2, "name": "Data"}


def test_a_workbook_without_header(tmp_path: Path) -> None:
    path = workbook(tmp_path / "t.xlsx", {"Data": [["one", "a"], ["two", "b"]]})
    assert read(path, header=False).frame.shape == (2, 2)


@pytest.mark.parametrize("sheets", [{"Empty": []}, {"Names only": [["text", "label"]]}])
def test_a_workbook_without_rows_is_refused(tmp_path: Path, sheets: dict[str, list[list[object]]]) -> None:
    with pytest.raises(BadTable, match=r"no rows"):
        read(workbook(tmp_path / "t.xlsx", sheets))


def test_a_damaged_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", "<broken")
    with pytest.raises(BadTable, match="damaged"):
        read(path)
