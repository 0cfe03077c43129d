"""Tables in, labelled tables out: order, columns, gaps, rejects, and the same numbers as text by text."""

from __future__ import annotations

import csv
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.tiny import SENTENCES, tiny_folder
from xfer_core import runs
from xfer_core.errors import BadModel, BadTable, Interrupted
from xfer_core.files import read_json
from xfer_core.inference import classify as module
from xfer_core.inference import worker
from xfer_core.inference.classify import classify_table, classify_texts
from xfer_core.inference.request import outcome, request
from xfer_core.settings import home as data_folder

pytestmark = pytest.mark.usefixtures("home")
SHARES = ["p_LABEL_0", "p_LABEL_1", "p_LABEL_2"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny_folder("bert", tmp_path_factory.mktemp("models") / "tiny"))


@pytest.fixture
def rows() -> list[dict[str, Any]]:
    random = np.random.default_rng(0)
    words = " ".join(SENTENCES).split()
    texts = [" ".join(random.choice(words, size=int(random.integers(1, 20)))) for _ in range(57)]
    texts[3], texts[4], texts[10] = "", "   ", '=HYPERLINK("x"), an, "odd"\ntext'
    return [{"number": str(i), "the text": text, "p_LABEL_1": "mine"} for i, text in enumerate(texts)]


@pytest.fixture
def table(rows: list[dict[str, Any]], tmp_path: Path) -> Path:
    path = tmp_path / "in.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
        file.write("too,few\n")
    return path


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_a_round_trip_keeps_order_and_columns(
    format: Any, model: str, table: Path, rows: list, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 10)
    out = tmp_path / "out"
    heard: list[Any] = []
    result = classify_table(
        model, table, text="the text", out=out, format=format, raw=True,
        report=lambda fraction, _: heard.append(fraction), counted=lambda *done: heard.append(done),
    )  # fmt: skip
    read = pd.read_parquet(out) if format == "parquet" else pd.read_csv(out, dtype={"number": str})
    added = ["predicted_label", "p_LABEL_0", "p_LABEL_1 (2)", "p_LABEL_2"]
    assert list(read.columns) == [*rows[0], *added]
    for name in rows[0]:
        assert read[name].fillna("").tolist() == [row[name] for row in rows]
    assert (result["rows"], result["rejected"], result["empty"], result["made_safe"]) == (57, 1, 2, 0)
    assert heard[0] == 0.0 and heard[-1] == (57, 57)
    shares = read[added[1:]].to_numpy(float)
    gaps = [3, 4]
    assert np.isnan(shares[gaps]).all() and read["predicted_label"].isna()[gaps].all()
    filled = [i for i in range(57) if i not in gaps]
    found = classify_texts(model, [rows[i]["the text"] for i in filled])
    names, expected = found.label_names, found.probabilities
    assert np.allclose(shares[filled], expected, atol=1e-5)
    assert read["predicted_label"][filled].tolist() == [names[i] for i in expected.argmax(1)]
    assert sum(result["labels"].values()) == 55
    rejects = pd.read_csv(result["rejected_out"])
    assert rejects["line"].tolist() == [60] and rejects["text"][0].startswith("too")
    assert result["rejected_out"] == f"{out}.rejected.csv"


def test_formulas_are_made_harmless_unless_raw(model: str, table: Path, tmp_path: Path) -> None:
    for raw in (False, True):
        classify_table(model, table, text="the text", out=tmp_path / "out.csv", raw=raw)
        cell = pd.read_csv(tmp_path / "out.csv")["the text"][10]
        assert cell.startswith("=" if raw else "'=")


def test_the_text_column_is_guessed_and_a_wrong_one_named(model: str, table: Path, tmp_path: Path) -> None:
    assert classify_table(model, table, out=tmp_path / "out.csv")["text"] == "the text"
    with pytest.raises(BadTable, match=r"no column “body”.*the text"):
        classify_table(model, table, text="body", out=tmp_path / "other.csv")
    assert not (tmp_path / "other.csv").exists()


def test_an_encoder_without_a_classifier_is_refused(table: Path, tmp_path: Path) -> None:
    with pytest.raises(BadModel, match="no trained classifier"):
        classify_table("bundled:minilm", table, out=tmp_path / "out.csv")


def test_what_is_finished_is_kept(
    model: str, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 10)
    with pytest.raises(Interrupted, match="20 of 57 rows"):
        asked: list[int] = []
        classify_table(
            model, table, out=tmp_path / "out.csv", stop=lambda: bool(asked.append(1) or len(asked) == 2)
        )
    assert len(pd.read_csv(tmp_path / "out.csv")) == 20


def test_long_texts_are_cut_and_counted(model: str, tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl"
    path.write_text('{"text": "%s"}\n{"text": "short"}\n' % ("never again " * 100), encoding="utf-8")
    result = classify_table(model, path, out=tmp_path / "out.csv", max_length=16)
    assert (result["rows"], result["truncated"]) == (2, 1)


def test_some_texts_say_how_much_of_each_was_read(model: str) -> None:
    found = classify_texts(model, ["never again " * 100, "short"], max_length=16)
    assert found.read == 16 and found.tokens.dtype == np.int32
    assert found.tokens[0] > 200 and found.tokens[1] < 16
    assert "torch" not in pickle.dumps(found).decode("latin-1")  # a page holds it


def test_a_run_classifies_an_upload_and_forgets_it(model: str, table: Path) -> None:
    uploads = data_folder() / "uploads"
    uploads.mkdir()
    upload = uploads / "x.csv"
    upload.write_bytes(table.read_bytes())
    config = request(model, upload, name="../my table.csv", text="the text", delimiter=",")
    run = runs.run_here(runs.create("classify", config, name="a table").id, worker.body)
    assert run.state == "finished" and run.metrics["rows"] == 57
    out = outcome(run.folder, run.config)
    assert out.parent == run.folder and len(pd.read_csv(out)) == 57
    assert read_json(run.folder / worker.SUMMARY)["rejected"] == 1
    assert not upload.exists()
    assert (run.step, run.steps) == (57, 57)
