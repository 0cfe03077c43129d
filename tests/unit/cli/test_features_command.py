"""``xfer features`` writes what the ending of ``--out`` asks for, and says so before it computes anything."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from xfer_core.cli import main


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "three.csv"
    path.write_text("text,label\nA fine film.,good\nA dull one.,bad\nIt rained all day.,\n")
    return path


def test_numpy_arrays_with_their_columns(home, table: Path, tmp_path: Path, capfd) -> None:
    out = tmp_path / "features.npz"
    asked = ["features", "bundled:minilm", str(table), "--text", "text", "--layers", "0,4", "--out", str(out)]
    assert main([*asked, "--json"]) == 0
    said = json.loads(capfd.readouterr().out)
    assert (said["rows"], said["layers"], said["hidden"], said["out"]) == (3, 2, 384, str(out))
    with np.load(out) as arrays:
        assert sorted(arrays) == ["about", "layer_0", "layer_4"]
        assert arrays["layer_4"].shape == (3, 384)
        assert json.loads(arrays["about"].tobytes())["columns"]["label"] == ["good", "bad", ""]


def test_a_folder_for_the_projector(home, table: Path, tmp_path: Path) -> None:
    out = tmp_path / "projector"
    assert main(["features", "bundled:minilm", str(table), "--layers", "6", "--out", str(out)]) == 0
    assert sorted(path.name for path in out.rglob("*.tsv")) == ["metadata.tsv", "vectors.tsv"]


def test_another_ending_is_a_sentence(home, table: Path, tmp_path: Path, capfd) -> None:
    out = tmp_path / "features.xlsx"
    assert main(["features", "bundled:minilm", str(table), "--out", str(out)]) == 2
    said = capfd.readouterr().err
    assert "features.xlsx" in said and ".npz" in said and "Traceback" not in said
    assert not out.exists()


def test_folders_on_the_way_are_made_as_the_help_says(home, table: Path, tmp_path: Path, capfd) -> None:
    out = tmp_path / "not" / "there" / "features.npz"
    assert main(["features", "bundled:minilm", str(table), "--layers", "6", "--out", str(out)]) == 0
    assert out.is_file()
    with pytest.raises(SystemExit):
        main(["features", "--help"])
    assert "folders that are not there yet are made" in " ".join(capfd.readouterr().out.split())
