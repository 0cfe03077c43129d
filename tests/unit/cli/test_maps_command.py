"""``xfer maps`` writes what the ending of ``--out`` asks for: a page, a table, or arrays."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from xfer_core.cli import main


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("maps") / "texts.csv"
    rows = [f"{what} number {n}.,{label},{domain}"
            for n in range(5) for what, label in (("A fine film", "good"), ("A dull walk", "bad"))
            for domain in ("shop", "news")]  # fmt: skip
    path.write_text("\n".join(["text,label,domain", *rows]) + "\n")
    return path


def told(capfd) -> dict:
    return json.loads(capfd.readouterr().out)


def test_places_are_the_same_in_a_table_and_in_arrays(home, table: Path, tmp_path: Path, capfd) -> None:
    asked = ["maps", "bundled:minilm", str(table), "--json", "--out"]
    assert main([*asked, str(tmp_path / "map.csv")]) == 0
    said = told(capfd)
    assert (said["texts"], said["layers"], said["out"]) == (20, 7, str(tmp_path / "map.csv"))
    assert len(said["trustworthiness"]) == 7 and all(0 < trust <= 1 for trust in said["trustworthiness"])
    assert main([*asked, str(tmp_path / "map.npz")]) == 0
    frame = pd.read_csv(tmp_path / "map.csv")
    with np.load(tmp_path / "map.npz", allow_pickle=False) as arrays:
        assert arrays["points"].shape == (7, 20, 2)
        places = (
            frame[[f"{axis}_{layer}" for layer in range(7) for axis in "xy"]].to_numpy().reshape(20, 7, 2)
        )
        assert np.allclose(places.swapaxes(0, 1), arrays["points"], atol=1e-5)
        assert arrays["label"].tolist() == frame["label"].tolist()
        assert arrays["text"].tolist() == frame["text"].tolist()


def test_a_page_opens_as_asked_and_compares_two_models(home, table: Path, tmp_path: Path) -> None:
    out = tmp_path / "map.html"
    asked = [
        "maps",
        "bundled:minilm",
        str(table),
        "--color",
        "label",
        "--base",
        "bundled:minilm",
        "--out",
        str(out),
    ]
    assert main(asked) == 0
    header = json.loads(re.search(r'id="header">(.*?)</script>', out.read_text(), re.S)[1])
    assert (header["colour"], header["show"], len(header["sets"])) == ("label", "two", 2)


@pytest.mark.parametrize(
    ("more", "named"), [(["--out", "map.png"], ".html"), (["--out", "map.html", "--color", "mood"], "domain")]
)
def test_what_cannot_be_is_a_sentence(
    home, table: Path, tmp_path: Path, monkeypatch, capfd, more, named
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["maps", "bundled:minilm", str(table), *more]) == 2
    said = capfd.readouterr().err
    assert named in said and "Traceback" not in said
    assert not list(tmp_path.glob("map.*"))
