"""``xfer transfer``: the promised cells, and with strategies theirs too, on the very same texts."""

from __future__ import annotations

from pathlib import Path

from tests.unit.cli.test_promises import result_of, xfer

FEW = ("corpus:synthetic", "--per-class", "20", "--seed", "1")


def test_strategies_stand_beside_the_promised_cells(home: Path) -> None:
    found = result_of("transfer", *FEW, "--strategies", "features-4,head", "--steps", "4", home=home)
    assert {"source", "target", "layer", "macro_f1", "n"} <= set(found["cells"][0])
    size = len(found["domains"])
    assert len(found["cells"]) == size**2 * 8 and found["words"]
    assert found["strategies"] == ["features-4", "head"] and found["state"] == "finished"
    assert len(found["strategy_cells"]) == 2 * size**2
    tested = {cell["target"]: cell["n"] for cell in found["cells"]}
    assert all(cell["n"] == tested[cell["target"]] for cell in found["strategy_cells"])
    assert (Path(found["folder"]) / "crossing.json").exists()


def test_what_cannot_cross_is_refused_before_anything_is_read(home: Path, tmp_path: Path) -> None:
    table = tmp_path / "one.csv"
    table.write_text("text,label\n" + "".join(f"thing number {i},{'ab'[i % 2]}\n" for i in range(40)))
    done = xfer("transfer", str(table), "--strategies", "head", home=home)
    assert done.returncode == 2 and "one domain" in done.stderr and not done.stdout
    done = xfer("transfer", *FEW, "--strategies", "top-99", home=home)
    assert done.returncode == 2 and "Traceback" not in done.stderr


def test_what_only_trainings_heed_is_refused_without_one(home: Path) -> None:
    done = xfer("transfer", *FEW, "--steps", "4", "--all-but", home=home)
    assert done.returncode == 2 and "--steps, --all-but: only trainings heed this" in done.stderr
    assert "only with --strategies" in xfer("transfer", "--help", home=home).stdout
