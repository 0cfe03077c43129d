from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.tiny import SENTENCES, tiny, tiny_folder
from xfer_core.models import states

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XFER_HUB", "0")


@pytest.fixture(scope="session")
def bert_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_folder("bert", tmp_path_factory.mktemp("bert") / "tiny-bert")


@pytest.fixture
def broken(bert_folder: Path, tmp_path: Path) -> Path:
    """A copy of a good folder, to be damaged by the test."""
    folder = tmp_path / "broken"
    folder.mkdir()
    for file in bert_folder.iterdir():
        os.link(file, folder / file.name)
    # Links save time; the files that tests change in place are copied.
    for name in ("config.json", "model.safetensors"):
        data = (folder / name).read_bytes()
        (folder / name).unlink()
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture
def configure(broken: Path) -> Callable[..., Path]:
    def change(**values: Any) -> Path:
        config = json.loads((broken / "config.json").read_text())
        (broken / "config.json").write_text(json.dumps({**config, **values}))
        return broken

    return change


class Tiny:
    """A tiny model with the sentences encoded and padded as one batch."""

    def __init__(self, family: str) -> None:
        self.model, self.tokenizer = tiny(family)
        self.encodings = states.encode(self.tokenizer, SENTENCES, 24)
        self.labels = torch.arange(len(SENTENCES)) % self.model.config.num_labels
        self.rows = torch.arange(len(SENTENCES))

    def batch(self, rows: list[int] | None = None, side: str = "right") -> dict[str, torch.Tensor]:
        chosen = [self.encodings.input_ids[row] for row in (rows or range(len(SENTENCES)))]
        padded = self.tokenizer.pad({"input_ids": chosen}, padding_side=side, return_tensors="pt")
        return {name: padded[name] for name in ("input_ids", "attention_mask")}


@pytest.fixture
def make() -> Callable[[str], Tiny]:
    return Tiny
