"""What is not a table, or could not be learnt from, is refused in a sentence with cause and cure."""

from __future__ import annotations

import base64
import random
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xfer_core import corpora
from xfer_core.corpora import Columns, build, read
from xfer_core.errors import BadTable, NotFound, XferError

Put = Callable[..., Path]

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def refused(path: Path, **how: object) -> str:
    with pytest.raises(BadTable) as caught:
        read(path, **how)  # type: ignore[arg-type]
    assert caught.value.cure, "no cure"
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\n\n  \n", "empty"),
        (PNG, "PNG picture"),
        (b"%PDF-1.7\n1 0 obj\n", "PDF document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500, "old Office document"),
        (b"\x1f\x8b\x08\0\0", "gzip"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "web page"),
        (b"\x80\x04\x95\x10\0\0\0", "pickle"),
        (random.Random(1).randbytes(20_000), "not text"),
        (random.Random(2).randbytes(300), "not text"),
        (b"text,label\n", "no rows below"),
        (b"PAR1 but no more", "damaged"),
        (b"PK\x03\x04 but no more", "damaged"),
        (b'[{"text": 1}', "no list of objects"),
        (b'{"rows": [[1, 2], [3, 4]]\n}', "no list of objects"),
        (b"text,label\na\nb,c,d\n", "None of the 2 rows could be read; line 2"),
    ],
)
def test_not_a_table(put: Put, content: bytes, said: str) -> None:
    assert said in refused(put(content))


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        read(tmp_path / "absent.csv")


def test_unknown_encoding_and_impossible_delimiter(put: Put) -> None:
    path = put("text,label\na,b\n")
    assert "klingon" in refused(path, encoding="klingon")
    assert "base64" in refused(path, encoding="base64")
    assert "cannot separate" in refused(path, delimiter="<>")


def test_too_many_columns(put: Put) -> None:
    row = ",".join("c" * 1_001)
    assert "1001 columns" in refused(put(f"{row}\n{row}\n"))


def zipped(path: Path, members: dict[str, bytes | str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    "name", ["../evil.csv", "/etc/evil.csv", "a/../../evil.csv", "..\\evil.csv", "C:\\evil.csv"]
)
def test_zip_that_leads_outside(tmp_path: Path, name: str) -> None:
    assert "out of its folder" in refused(zipped(tmp_path / "t.zip", {name: "text,label\na,b\n"}))
    assert not list(tmp_path.parent.glob("**/evil.csv"))


def test_zip_with_a_symbolic_link(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("t.csv")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert "symbolic link" in refused(tmp_path / "t.zip")


def test_zip_bomb(tmp_path: Path) -> None:
    path = tmp_path / "t.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("t.csv", "w") as member:
        for _ in range(70):
            member.write(b"0" * (1 << 20))
    assert "70 MB" in refused(path)


def test_zip_that_lies_about_its_size(tmp_path: Path) -> None:
    path = zipped(tmp_path / "t.zip", {"t.csv": "text,label\n" + "many words,b\n" * 100_000})
    data = bytearray(path.read_bytes())
    true_size = (11 + 13 * 100_000).to_bytes(4, "little")
    assert data.count(true_size) == 2
    path.write_bytes(data.replace(true_size, (100).to_bytes(4, "little")))
    assert "damaged" in refused(path)


def test_zip_of_several_nested_empty_and_other_documents(tmp_path: Path) -> None:
    assert "holds 2 files" in refused(zipped(tmp_path / "a.zip", {"a.csv": "a,b\n1,2", "b.csv": "a,b\n1,2"}))
    inner = zipped(tmp_path / "inner.zip", {"a.csv": "a,b\n1,2"}).read_bytes()
    assert "another zip" in refused(zipped(tmp_path / "b.zip", {"inner.zip": inner}))
    assert "holds 0 files" in refused(zipped(tmp_path / "c.zip", {"d/": ""}))
    assert "holds 2 files" in refused(
        zipped(tmp_path / "d.docx", {"word/document.xml": "<a/>", "x.xml": "<a/>"})
    )


def test_damaged_parquet_says_so(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(
        pa.table({"text": [f"text {i}" for i in range(10_000)], "label": ["a", "b"] * 5_000}), path
    )
    whole = path.read_bytes()
    path.write_bytes(whole[:400] + b"\xff" * 2_000 + whole[2_400:])
    assert "damaged" in refused(path)
    path.write_bytes(whole[:-20])
    assert "damaged" in refused(path)


BOTH = Columns("text", "label")
GOOD = [(f"a text with words {i}", "ab"[i % 2]) for i in range(40)]


@pytest.mark.parametrize(
    ("rows", "columns", "said"),
    [
        ([(text,) for text, _ in GOOD], Columns("text"), "one column only"),
        ([(text, "same") for text, _ in GOOD], BOTH, "same label, “same”"),
        ([*GOOD, ("alone", "c")], BOTH, "label “c” has one row"),
        ([*GOOD, ("alone", "c"), ("too", "d")], BOTH, "2 labels have one row only: c, d"),
        ([(text, "") for text, _ in GOOD], BOTH, "Every label in the column “label” is empty"),
        ([("", label) for _, label in GOOD], BOTH, "Every text in the column “text” is empty"),
        ([(str(i), "ab"[i % 2]) for i in range(40)], BOTH, "holds numbers, not texts"),
        ([(f"t{i}", f"c{i // 2}") for i in range(402)], BOTH, "201 different labels; at most 200"),
        (GOOD, Columns("words", "label"), "no column “words”"),
        (GOOD, Columns("text", "label", split="label"), "never says train"),
        ([(t, f"d{i}") for i, (t, _) in enumerate(GOOD * 2)], Columns("text", None, "label"), "80 different"),
        ([("a", "x"), ("b", "x"), ("c", "y"), ("d", "y")], BOTH, "4 are different, are too few"),
    ],
)  # fmt: skip
def test_nothing_to_learn_from(put: Put, rows: list[tuple[str, ...]], columns: Columns, said: str) -> None:
    names = ["text", "label"][: len(rows[0])]
    lines = [",".join(f'"{cell}"' for cell in row) for row in [tuple(names), *rows]]
    table = read(put("\n".join(lines) + "\n"))
    with pytest.raises(BadTable) as caught:
        build(table, columns, name="bad")
    assert said in str(caught.value) and caught.value.cure
    assert str(caught.value).count("{") == 0


def test_errors_keep_what_is_loaded(put: Put, home: Path) -> None:
    table = read(put("text,label\n" + "".join(f"{t},{label}\n" for t, label in GOOD)))
    identifier = corpora.save(build(table, Columns("text", "label"), name="good"))
    for content in (PNG, b"", b"text,label\n"):
        with pytest.raises(XferError):
            read(put(content, "bad.csv"))
    assert corpora.load(identifier).n == 40


@pytest.mark.parametrize("identifier", ["absent-00000000", "../corpora", "a/b", "", "A", "x" * 65, "a\0b"])
def test_unknown_corpora_are_not_found(home: Path, identifier: str) -> None:
    with pytest.raises(NotFound):
        corpora.load(identifier)
