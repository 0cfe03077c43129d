"""Tables of every format are read as they were written; what cannot be read is named line by line."""

from __future__ import annotations

import csv
import io
import json
import random
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xfer_core.corpora import chunks, read
from xfer_core.corpora.table import Table

Put = Callable[..., Path]

ROWS = [
    ("I loved it", "pos"),
    ("Not, at all", "neg"),
    ('She said "no"', "neg"),
    ("two\nlines", "pos"),
    ("", "pos"),
]


def cells(table: Table) -> list[tuple[str, ...]]:
    return [tuple(row) for row in table.frame.itertuples(index=False)]


def written(rows: list[tuple[str, ...]], **dialect: object) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, **dialect).writerows([("text", "label"), *rows])  # type: ignore[arg-type]
    return buffer.getvalue()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_dialect(put: Put, delimiter: str, quoting: int, end: str) -> None:
    table = read(put(written(ROWS, delimiter=delimiter, quoting=quoting, lineterminator=end)))
    assert cells(table) == ROWS
    assert (table.reading.delimiter, table.reading.encoding, table.reading.header) == (
        delimiter,
        "utf-8",
        True,
    )
    assert table.reading.format == ("tsv" if delimiter == "\t" else "csv")
    assert table.rejected_count == 0 and table.notes == []


def test_backslash_escapes_and_single_quotes(put: Put) -> None:
    rows = [(f'He said "word{i}, yes"', f"class {i % 3}") for i in range(9)]
    escaped = written(rows, doublequote=False, escapechar="\\", quoting=csv.QUOTE_ALL)
    assert cells(read(put(escaped))) == rows
    single = [(f"one, two {i}", "a") for i in range(9)]
    assert cells(read(put(written(single, quotechar="'")))) == single


def test_old_mac_line_ends(put: Put) -> None:
    assert cells(read(put("text,label\rone,a\rtwo,b\r"))) == [("one", "a"), ("two", "b")]


def test_quotes_in_prose_do_not_swallow_lines(put: Put) -> None:
    lines = ['1\t"So he said\tneg', '2\tand then" he left\tpos', "3\tplain\tneg", '4\t"quoted"\tpos']
    table = read(put("id\ttext\tlabel\n" + "\n".join(lines) + "\n"))
    assert cells(table) == [tuple(line.split("\t")) for line in lines]


def test_an_unclosed_quote_costs_one_line(put: Put) -> None:
    good = [f'"text, number {i}",pos' for i in range(500)]
    lines = ["text,label", *good[:250], '"never closed,neg', *good[250:]]
    table = read(put("\n".join(lines) + "\n"))
    assert len(table.frame) == 500
    assert [(r.line, r.text) for r in table.rejected] == [(252, '"never closed,neg')]
    assert "quotation mark" in table.rejected[0].sentence()


def test_an_unclosed_quote_at_the_end_costs_one_line(put: Put) -> None:
    lines = ["text,label", *[f'"text, {i}",pos' for i in range(50)], '"open,neg', "fine,pos", "fine too,neg"]
    table = read(put("\n".join(lines)))
    assert len(table.frame) == 52
    assert [r.line for r in table.rejected] == [52]


def test_ragged_rows_are_rejected_with_line_and_reason(put: Put) -> None:
    table = read(put("text,label\none,a\ntwo\nthree,b,c\n\nfour,d\nfive,e,,\n"))
    assert cells(table) == [("one", "a"), ("four", "d"), ("five", "e")]
    assert [(r.line, r.sentence()) for r in table.rejected] == [
        (3, "1 cells instead of 2: too few"),
        (4, "3 cells instead of 2: too many"),
    ]
    assert table.rejected_count == 2


def test_excel_separator_line(put: Put) -> None:
    table = read(put("sep=;\ntext;label\na, b; c;x\none;y\n"))
    assert table.reading.delimiter == ";"
    assert cells(table) == [("one", "y")]
    assert [r.line for r in table.rejected] == [3]


def test_no_header_is_told_and_can_be_said(put: Put) -> None:
    path = put("a sentence of more than four words,1\nanother one that is quite as long,0\n")
    table = read(path)
    assert not table.reading.header and list(table.frame.columns) == ["column 1", "column 2"]
    assert read(put("good,1\nbad,0\n")).reading.header  # unsure means yes
    assert len(read(put("good,1\nbad,0\n"), header=False).frame) == 2
    assert list(read(path, header=True).frame.columns)[1] == "1"


def test_duplicate_and_empty_column_names_are_renamed_and_said(put: Put) -> None:
    table = read(put("text,text,,label\na,b,c,d\n"))
    assert list(table.frame.columns) == ["text", "text (2)", "column 3", "label"]
    assert table.notes[0]["values"] == {"name": "text", "fresh": "text (2)"}


def test_the_user_overrides_what_was_detected(put: Put) -> None:
    path = put("text;note,label\na;b,c\nd;e,f\n")
    assert cells(read(path, delimiter=";")) == [("a", "b,c"), ("d", "e,f")]
    assert cells(read(path, delimiter=",")) == [("a;b", "c"), ("d;e", "f")]
    assert cells(read(path, delimiter="")) == [("a;b,c",), ("d;e,f",)]
    assert read(put("text\tlabel\nx\ty\n"), delimiter="tab").frame.shape == (1, 2)
    latin = put("text,label\né,a\n".encode("latin-1"))
    assert read(latin, encoding="cp1251").frame["text"][0] == "й"


def test_a_column_of_prose_has_no_delimiter(put: Put) -> None:
    lines = ["Well, this is one.", "And, say, two.", "No comma", "One, comma", "Also, one"]
    table = read(put("text\n" + "\n".join(lines) + "\n"))
    assert table.reading.delimiter == "" and cells(table) == [(line,) for line in lines]


SCRIPTS = {
    "cp1252": "Der Bär läuft über die Straße und frißt süße Äpfel",
    "cp1251": "Это было очень хорошее кино, мне понравилось",
    "gb18030": "这部电影非常好看，我很喜欢里面的音乐和演员",
    "shift_jis": "この映画はとても面白かったです。また見たい",
    "euc_kr": "이 영화는 정말 재미있었습니다 다시 보고 싶어요",
    "big5": "這部電影非常好看，我很喜歡裡面的音樂和演員",
    "utf-8": "naïve café – “très bien” 很好 😀",
    "utf-8-sig": "naïve café 😀",
    "utf-16": "naïve café 很好 😀",
    "utf-16-le": "Это было очень хорошо",
    "utf-16-be": "plain words only",
    "utf-32": "naïve café 😀",
}


@pytest.mark.parametrize("encoding", SCRIPTS)
def test_encodings(put: Put, encoding: str) -> None:
    rows = [(f"{SCRIPTS[encoding]} {i}", f"class {i % 2}") for i in range(40)]
    table = read(put(written(rows).encode(encoding)))
    assert cells(table) == rows, table.reading
    assert cells(read(put(written(rows).encode(encoding)), encoding=encoding)) == rows


def test_single_bad_lines_in_utf8_are_read_and_counted(put: Put) -> None:
    good = [f"schön {i},a".encode() for i in range(50)]
    table = read(put(b"\n".join([b"text,label", *good, "café,b".encode("cp1252"), *good])))
    assert table.reading.encoding == "utf-8"
    assert cells(table)[50] == ("café", "b")
    assert table.notes[0]["values"] == {"n": 1}


def test_late_non_ascii_is_seen(put: Put) -> None:
    lines = [f"plain ascii line number {i},a" for i in range(60_000)]
    path = put("text,label\n" + "\n".join(lines) + "\nnaïve,b\n")
    assert cells(read(path))[-1] == ("naïve", "b")


def test_nul_bytes_are_removed_and_said(put: Put) -> None:
    lines = "".join(f"line {i},a\n" for i in range(100))
    table = read(put(f"text,label\nbro\0ken,b\n{lines}"))
    assert cells(table)[0] == ("broken", "b")
    assert table.notes[0]["values"] == {"n": 1}


def test_a_cell_of_ten_megabytes_costs_its_row_only(put: Put) -> None:
    table = read(
        put("text,label\nfirst,a\n" + "x" * 10_000_000 + ',b\n"' + "two\n" * 3_000_000 + '",b\nlast,a\n')
    )
    assert cells(table) == [("first", "a"), ("last", "a")]
    assert [(r.line, r.values["characters"]) for r in table.rejected] == [(3, 10_000_000), (4, 12_000_000)]
    assert len(table.rejected[0].text) <= 200


def test_hostile_text_is_text(put: Put) -> None:
    rows = [
        ("<img src=x onerror=alert(1)>", "a"),
        ("=1+1", "b"),
        ("**bold** $x^2$ :red[hi]", "a"),
        ("{n}", "b"),
    ]
    assert cells(read(put(written(rows)))) == rows


def test_json_lines(put: Put) -> None:
    lines = [
        '{"text": "one", "label": 1, "score": 1e-7}',
        "not json",
        '{"label": 2, "text": null}',
        "[1, 2]",
        '{"text": "three", "label": true, "extra": [1, "é"]}',
        "",
    ]
    table = read(put("\n".join(lines), "table.jsonl"))
    assert table.reading.format == "jsonl"
    assert list(table.frame.columns) == ["text", "label", "score", "extra"]
    assert table.frame["label"].tolist() == ["1", "2", "true"]
    assert table.frame["score"][0] == "1e-7" and table.frame["text"].isna().tolist() == [False, True, False]
    assert table.frame["extra"][2] == '["1", "é"]'
    assert [r.line for r in table.rejected] == [2, 4]


def test_json_list_alone_or_in_an_object(put: Put) -> None:
    rows = [{"text": "one", "label": "a"}, {"text": "half a pair \ud83d", "label": "b"}]
    for value in (rows, {"version": 1, "data": rows}):
        table = read(put(json.dumps(value, indent=1), "table.json"))
        assert table.reading.format == "json"
        assert cells(table) == [("one", "a"), ("half a pair �", "b")]


def test_json_by_columns(put: Put) -> None:
    table = read(put('{"text": ["one", "two"], "label": [1, null]}', "table.json"))
    assert table.frame["text"].tolist() == ["one", "two"] and table.frame["label"][0] == "1"
    assert table.frame["label"].isna()[1]


def test_a_title_above_the_table_is_a_reject(put: Put) -> None:
    table = read(put("My report, 2024" + "\n\ntext,label\n" + "".join(f"text {i},a\n" for i in range(30))))
    assert table.frame.shape == (31, 2)  # a title that fits the table is taken for its heading
    table = read(put("My report of 2024\n\ntext,label\n" + "".join(f"text {i},a\n" for i in range(30))))
    assert list(table.frame.columns) == ["text", "label"] and len(table.frame) == 30
    assert [(r.line, r.text) for r in table.rejected] == [(1, "My report of 2024")]


def test_a_first_cell_larger_than_the_sample(put: Put) -> None:
    table = read(put('text,label\n"' + "many words or so\n" * 40_000 + '",b\nlast,a\n'))
    assert cells(table)[1] == ("last", "a") and len(cells(table)[0][0]) == 17 * 40_000


def test_deep_json_is_a_reject(put: Put) -> None:
    table = read(put('{"text": "a"}\n' + '{"text": ' + "[" * 100_000 + "\n", "t.jsonl"))
    assert len(table.frame) == 1 and table.rejected_count == 1


def test_parquet_keeps_values_as_text(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    columns = {
        "text": pa.array(["one", None, "three"]),
        "label": pa.array([1, 2, None], type=pa.int64()),
        "share": pa.array([0.5, 1e-9, 3.0]),
        "flag": pa.array([True, False, None]),
        "kind": pa.array(["a", "b", "a"]).dictionary_encode(),
    }
    pq.write_table(pa.table(columns), path)
    frame = read(path).frame
    assert frame["label"].tolist()[:2] == ["1", "2"] and frame["label"].isna()[2]
    assert frame["share"].tolist() == ["0.5", "1e-09", "3.0"]
    assert frame["flag"].tolist()[:2] == ["true", "false"]
    assert frame["kind"].tolist() == ["a", "b", "a"]


def test_a_zip_of_one_table(tmp_path: Path) -> None:
    path = tmp_path / "t.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("folder/data.csv", written(ROWS))
        archive.writestr("__MACOSX/folder/._data.csv", b"\0\1\2")
    table = read(path)
    assert cells(table) == ROWS and table.reading.member == "folder/data.csv"


def test_chunks_are_the_table_in_constant_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    line = "a text of some forty characters, or so,"
    with path.open("w") as file:
        file.write("text,label\n")
        file.writelines(f'"{line} {i}",{i % 3}\n' if i % 1_000 else "ragged\n" for i in range(60_000))
    source = chunks(path, size=2_000)
    tracemalloc.start()
    total = sum(len(frame) for frame in source)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == 59_940 and source.rejected_count == 60
    assert peak < 20_000_000
    assert pd.concat(chunks(path, size=999), ignore_index=True).equals(read(path).frame)


def test_random_damage_never_crashes_and_loses_little(tmp_path: Path) -> None:
    random_ = random.Random(5)
    rows = [(f"text number {i}, with ü", "ab"[i % 2]) for i in range(200)]
    whole = written(rows).encode()
    path = tmp_path / "t.csv"
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(5):
            data[random_.randrange(20, len(data))] = random_.randrange(256)
        path.write_bytes(data)
        table = read(path)
        assert len(table.frame) + table.rejected_count >= 195
        assert len(table.frame) >= 185


def test_a_long_name_above_a_column_of_few_values_is_still_a_header(tmp_path: Path) -> None:
    """What the values below say counts for more than how a name looks; without a header likewise."""
    rows = [f'{i},"the text, number {i} of many",{("calm", "cross")[i % 2]}' for i in range(40)]
    named, bare = tmp_path / "named.csv", tmp_path / "bare.csv"
    named.write_text("id,what they wrote in their own words,mood\n" + "\n".join(rows))
    bare.write_text("\n".join(rows))
    assert list(read(named).frame.columns) == ["id", "what they wrote in their own words", "mood"]
    assert (read(bare).reading.header, len(read(bare).frame)) == (False, 40)
