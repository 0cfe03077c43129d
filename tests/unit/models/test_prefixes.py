"""Cached states: equal to computed ones, keyed by content, whole or absent, bounded."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.tiny import DEPTH, SENTENCES, tiny_folder
from xfer_core import settings
from xfer_core.models import prefixes as cache
from xfer_core.models.load import load
from xfer_core.models.prefixes import prefixes
from xfer_core.models.sources import resolve
from xfer_core.models.states import encode, layer_states

LAYERS = range(DEPTH + 1)


class One:
    def __init__(self, folder: Path) -> None:
        self.source = resolve(str(folder))
        self.model, tokenizer = load(self.source)
        self.encodings = encode(tokenizer, SENTENCES, 24)
        self.bytes = self.encodings.tokens * self.model.config.hidden_size * 4

    def __call__(self, layers: Any = LAYERS, **given: Any) -> dict[int, Any]:
        return prefixes(self.model, self.source, self.encodings, layers, **given)


@pytest.fixture
def one(bert_folder: Path, home: Path) -> One:
    return One(bert_folder)


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """The layers each pass was made for."""
    seen: list[list[int]] = []
    plain = cache.passing

    def counted(model: Any, encodings: Any, layers: list[int], *rest: Any, **named: Any) -> Iterator[Any]:
        seen.append(list(layers))
        return plain(model, encodings, layers, *rest, **named)

    monkeypatch.setattr(cache, "passing", counted)
    return seen


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def change(**values: Any) -> None:
        monkeypatch.setattr(cache, "LIMITS", replace(settings.LIMITS, **values))

    return change


def files(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "cache" / "states").rglob("*") if path.is_file())


def equal(found: dict[int, Any], one: One) -> None:
    for layer, states in found.items():
        wanted = layer_states(one.model, one.encodings, layer)
        assert torch.equal(states.offsets, wanted.offsets)
        torch.testing.assert_close(states.flat, wanted.flat, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("family", ["bert", "gpt2", "deberta-v2", "modernbert"])
def test_all_layers_from_one_pass_equal_each_on_its_own(
    family: str, tmp_path: Path, home: Path, passes: list[list[int]]
) -> None:
    one = One(tiny_folder(family, tmp_path / family))
    found = one()
    assert list(found) == list(LAYERS)
    equal(found, one)
    equal(one(), one)
    assert passes == [list(LAYERS)]


def test_only_what_is_missing_is_computed(one: One, home: Path, passes: list[list[int]]) -> None:
    one([1])
    one([0, 1, 3])
    equal(one([3, 0]), one)
    assert one([]) == {}
    assert passes == [[1], [0, 3]]
    assert files(home) == ["0.bin", "1.bin", "3.bin", "about.json"]


def test_other_content_has_other_states(one: One, passes: list[list[int]], tmp_path: Path) -> None:
    one([1])
    one([1], bf16=True)
    one.encodings = replace(one.encodings, input_ids=[*one.encodings.input_ids[:-1], [2, 7, 3]])
    equal(one([1]), one)
    other = One(tiny_folder("bert", tmp_path / "other", seed=1))
    equal(other([1]), other)
    assert len(passes) == 4


def test_boundaries_of_texts_are_part_of_the_key(one: One) -> None:
    flat = [i for ids in one.encodings.input_ids for i in ids]
    one([1])
    one.encodings = replace(one.encodings, input_ids=[flat[:9], flat[9:20]])
    split = one([1])[1]
    assert split.offsets.tolist() == [0, 9, 20]
    equal({1: split}, one)


def test_a_changed_model_is_refused(one: One) -> None:
    one([1])
    with torch.no_grad():
        one.model.encoder.layer[1].output.dense.weight.add_(0.01)
    equal(one([1]), one)  # what lies above does not matter
    with pytest.raises(ValueError, match=r"layer\.1"):
        one([2])


def test_a_single_changed_number_is_noticed(one: One) -> None:
    with torch.no_grad():
        one.model.embeddings.word_embeddings.weight[-1, -1] += 1e-3
    with pytest.raises(ValueError, match="word_embeddings"):
        one([0])


def test_layers_that_are_not_there(one: One) -> None:
    with pytest.raises(ValueError, match="layers"):
        one([DEPTH + 1])


def test_a_stop_in_the_middle_leaves_nothing(one: One, home: Path, passes: list[list[int]]) -> None:
    def stop(fraction: float, message: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        one(report=stop)
    assert files(home) == []
    assert not one.model.training
    equal(one(), one)


def test_a_damaged_file_is_computed_again(one: One, home: Path, passes: list[list[int]]) -> None:
    one()
    next((home / "cache" / "states").rglob("2.bin")).write_bytes(b"half")
    equal(one(), one)
    assert passes[1:] == [[2]]


def test_a_full_disk_leaves_the_states_in_memory(
    one: One, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(cache._Shelf, "write", full)
    equal(one(), one)
    assert files(home) == []


def test_a_disk_that_fills_up_is_told_from_other_errors(
    one: One, home: Path, passes: list[list[int]]
) -> None:
    """An OSError of the pass itself is no full disk, and must not cost a second pass."""

    def broken(fraction: float, message: str) -> None:
        raise OSError(errno.EIO, "the report went wrong")

    with pytest.raises(OSError, match="the report"):
        one(report=broken)
    assert len(passes) == 1 and files(home) == []


def test_the_disk_takes_what_it_has_room_for_and_memory_the_next(
    one: One, home: Path, limits: Callable[..., None], passes: list[list[int]]
) -> None:
    limits(states_cache_mb=1.5 * one.bytes / 2**20, cached_states_mb=2.5 * one.bytes / 2**20)
    found = one()
    equal(found, one)
    assert files(home) == [f"{DEPTH}.bin", "about.json"]
    assert [layer for layer, states in found.items() if not states.held_mb] == [DEPTH]
    assert list(found) == [DEPTH - 2, DEPTH - 1, DEPTH]
    assert len(passes) == 1
    held = sum(states.held_mb for states in found.values())
    assert list(one([DEPTH - 1, DEPTH], held_mb=held)) == [DEPTH]


def test_others_are_not_driven_out_for_nothing(
    one: One, home: Path, monkeypatch: pytest.MonkeyPatch, limits: Callable[..., None]
) -> None:
    one()
    before = files(home)
    one.encodings = replace(one.encodings, input_ids=one.encodings.input_ids * 6)
    usage = type("Usage", (), {"free": 0})()
    monkeypatch.setattr(cache.shutil, "disk_usage", lambda path: usage)
    one()
    assert files(home) == before


def test_drafts_of_another_writer_take_no_room_from_us(
    one: One, home: Path, limits: Callable[..., None]
) -> None:
    one([0])
    folder = next((home / "cache" / "states").glob("*"))
    (folder / ".1.bin.abc.bin").write_bytes(bytes(one.bytes))
    limits(states_cache_mb=2.2 * one.bytes / 2**20, cached_states_mb=0)
    assert list(one([1])) == [1]


def test_a_nearly_full_disk_is_left_alone(
    one: One, home: Path, monkeypatch: pytest.MonkeyPatch, limits: Callable[..., None]
) -> None:
    usage = type("Usage", (), {"free": 1000})()
    monkeypatch.setattr(cache.shutil, "disk_usage", lambda path: usage)
    found = one()
    assert list(found) == list(LAYERS)
    assert files(home) == []
    limits(cached_states_mb=2.5 * one.bytes / 2**20)
    found = one()
    assert list(found) == [DEPTH - 1, DEPTH]  # the highest save the most
    equal(found, one)
    limits(cached_states_mb=0)
    assert one() == {}


def test_what_was_unused_for_longest_goes(one: One, home: Path, limits: Callable[..., None]) -> None:
    whole = one.encodings
    folders = []
    for texts in (8, 7, 6):
        one.encodings = replace(whole, input_ids=whole.input_ids[:texts])
        one()
        new = {path.parent for path in (home / "cache" / "states").rglob("about.json")} - set(folders)
        folders += new
        for age, folder in enumerate(reversed(folders)):
            os.utime(folder / "about.json", (time.time() - 60 * (age + 1),) * 2)
    draft = folders[2] / ".1.bin.abc.bin"
    draft.touch()
    os.utime(draft, (0, 0))
    one.encodings = whole
    one([0])  # used again, so the second is now the oldest
    one.encodings = replace(whole, input_ids=whole.input_ids[:5])
    total = sum(path.stat().st_size for folder in folders for path in folder.iterdir())
    limits(states_cache_mb=total / 2**20)
    equal(one(), one)
    assert [folder.exists() for folder in folders] == [True, False, True]
    assert not draft.exists()


def test_states_in_use_outlive_their_eviction(one: One, home: Path) -> None:
    found = one([1])
    cache._evict(home / "cache" / "states" / "another", 0)
    assert files(home) == []
    equal(found, one)


def test_two_writers_at_once(one: One, home: Path, bert_folder: Path, passes: list[list[int]]) -> None:
    """The second begins and ends while the first writes: as two processes may, at a known moment."""
    other = One(bert_folder)
    results: list[dict[int, Any]] = []

    def meanwhile(fraction: float, message: str) -> None:
        if not results:
            results.append(other())

    equal(one(report=meanwhile), one)
    equal(results[0], one)
    assert passes == [list(LAYERS), list(LAYERS)]
    assert files(home) == [*(f"{layer}.bin" for layer in LAYERS), "about.json"]
    equal(one(), one)
