"""Random tables in random dialects, encodings and scripts come back exactly as they were written."""

from __future__ import annotations

import csv
import io
import random
from pathlib import Path

from xfer_core.corpora import read

WORDS = {
    "english": "the a film was not good but very long and I liked every minute of it",
    "german": "der die Straße schön nicht für Käse über Bäume möchten große Füße",
    "french": "très café déjà être où forêt garçon naïf élève à côté même",
    "russian": "это очень хорошее кино но конец мне совсем не понравился увы",
    "chinese": "这部 电影 非常 好看 我 喜欢 音乐 演员 不错 就是 有点 长",
    "japanese": "この 映画 は とても 面白かった です また 見たい と 思います",
}
ENCODINGS = {
    "english": ["utf-8", "ascii", "utf-16"],
    "german": ["utf-8", "cp1252", "utf-8-sig"],
    "french": ["utf-8", "cp1252", "utf-16-le"],
    "russian": ["utf-8", "cp1251", "utf-16-be"],
    "chinese": ["utf-8", "gb18030", "utf-16"],
    "japanese": ["utf-8", "shift_jis", "euc_jp"],
}


def table(draw: random.Random, script: str) -> list[list[str]]:
    words = WORDS[script].split()
    rows = []
    for number in range(draw.choice([20, 60, 300])):
        text = " ".join(draw.choices(words, k=draw.randint(3, 15)))
        if draw.random() < 0.3:
            text = text.replace(" ", draw.choice([", ", "; ", ' "', "\n", " | ", "' "]), 1)
        rows.append([str(number), text, draw.choice(["pos", "neg"])])
    return [["id", "text", "label"], *rows]


def test_random_tables_come_back_exactly(tmp_path: Path) -> None:
    draw = random.Random(20)
    path = tmp_path / "t.csv"
    wrong = []
    for trial in range(120):
        script = draw.choice(list(WORDS))
        encoding, delimiter = draw.choice(ENCODINGS[script]), draw.choice(",;\t|")
        rows = table(draw, script)
        buffer = io.StringIO()
        quoting = draw.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
        end = draw.choice(["\n", "\r\n"])
        csv.writer(buffer, delimiter=delimiter, quoting=quoting, lineterminator=end).writerows(rows)
        path.write_bytes(buffer.getvalue().encode(encoding))
        found = read(path)
        if [[*found.frame.columns], *found.frame.to_numpy().tolist()] != rows or found.rejected_count:
            wrong.append((trial, script, encoding, delimiter, len(rows), found.reading))
    assert wrong == []
