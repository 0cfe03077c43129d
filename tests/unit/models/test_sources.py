"""Where models come from, and every folder that must be refused, each with its sentence."""

from __future__ import annotations

import json
import pickle
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from transformers import AutoTokenizer

from tests.tiny import FAMILIES, SENTENCES, tiny, tiny_folder
from xfer_core.errors import BadModel
from xfer_core.models import hub, sources, tokens
from xfer_core.models.sources import BUNDLED, resolve


def test_bundled_is_verified_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = resolve(BUNDLED)
    assert (source.family, source.layers, source.heads, source.hidden) == ("bert", 6, 12, 384)
    assert source.verified is True
    assert source.parameters == 22_713_216
    assert source.max_positions == 512

    def again(path: Path) -> str:
        raise AssertionError("the hash is computed once")

    monkeypatch.setattr(sources, "sha256", again)
    assert resolve(BUNDLED) == source


def test_changed_bundled_weights_are_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_BUNDLED_SHA256", "0" * 64)
    with pytest.raises(BadModel, match="not the published ones"):
        resolve(BUNDLED)


def test_a_folder_by_path_and_by_name(home: Path, bert_folder: Path) -> None:
    by_path = resolve(str(bert_folder))
    assert Path(by_path.id) == bert_folder.resolve()
    assert by_path.verified is None
    sources.models_folder().mkdir()
    (sources.models_folder() / "mine").symlink_to(bert_folder)
    by_name = resolve("mine")
    assert by_name.id == "mine"
    assert by_name.parameters == by_path.parameters == sum(p.numel() for p in tiny("bert")[0].parameters())


def test_listing_has_the_bundled_and_the_users_and_survey_says_what_is_wrong(
    home: Path, bert_folder: Path
) -> None:
    sources.models_folder().mkdir()
    (sources.models_folder() / "good").symlink_to(bert_folder)
    (sources.models_folder() / "empty").mkdir()
    assert [source.id for source in sources.listing()] == [BUNDLED, "good"]
    assert "no config.json" in str(sources.survey()[1]["empty"])


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_is_read_from_its_config(family: str, tmp_path: Path, home: Path) -> None:
    source = resolve(str(tiny_folder(family, tmp_path / "model")))
    model, _ = tiny(family)
    assert source.family == model.config.model_type
    assert (source.layers, source.heads, source.hidden) == (3, 4, 32)
    assert source.parameters == sum(p.numel() for p in model.parameters())
    # RoBERTa's and MPNet's positions begin after the padding index, 0 in the tiny models.
    begins_late = family in ("roberta", "xlm-roberta", "camembert", "mpnet")
    assert source.max_positions == 80 - begins_late


@pytest.mark.parametrize(
    "name",
    [
        "",
        "nothing",
        "../x",
        "a/../b",
        "file:///etc",
        "\\\\host\\share",
        "/nowhere/at/all",
        "a/b/c",
        ".",
        "~nobody-here/x",
        "x" * 5_000,
        "a\0b",
        "{name}",
    ],
)
def test_names_of_nothing(name: str, home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadModel):
        resolve(name)


def test_an_unreachable_hub_is_said_quickly(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("XFER_HUB")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # nothing listens on the discard port
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    start = time.monotonic()
    with pytest.raises(BadModel, match=r"hub cannot be reached.*Put its folder"):
        resolve("someone/something-not-cached")
    assert time.monotonic() - start < 15


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(28, "No space left on device"), r"could not be fetched.*No space left"),
        (RuntimeError("odd\nthing."), r"could not be fetched.*RuntimeError: odd thing\. Mend"),
        (ConnectionResetError("by peer"), "cannot be reached"),
        (TimeoutError(), "cannot be reached"),
    ],
)
def test_only_the_networks_faults_are_called_so(
    error: Exception, words: str, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    import huggingface_hub

    def refuse(*_: Any, **__: Any) -> None:
        raise error

    def ask(task: str, name: str, seconds: float | None) -> tuple[int, str]:  # in this process
        return hub._main(task, name), capsys.readouterr().out

    monkeypatch.delenv("XFER_HUB")
    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", refuse)
    monkeypatch.setattr(hub, "_cached", lambda name: None)
    monkeypatch.setattr(hub, "_ask", ask)
    with pytest.raises(BadModel, match=words):
        resolve("someone/something")


def test_a_hub_snapshot_in_the_local_cache_needs_no_network(
    home: Path, bert_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.constants

    repository = tmp_path / "models--org--name"
    snapshot = repository / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    (repository / "blobs").mkdir()
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0" * 40)
    for file in bert_folder.iterdir():  # as the hub's cache has it: links to blobs
        (repository / "blobs" / file.name).write_bytes(file.read_bytes())
        (snapshot / file.name).symlink_to(Path("../../blobs") / file.name)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    source = resolve("org/name")
    assert (source.id, source.folder) == ("org/name", snapshot)


def refused(folder: Path, match: str) -> None:
    with pytest.raises(BadModel, match=match):
        resolve(str(folder))


def test_pickled_weights_only(broken: Path) -> None:
    (broken / "model.safetensors").unlink()
    (broken / "pytorch_model.bin").write_bytes(pickle.dumps({}))
    refused(broken, "only pickled weights")


def test_no_weights(broken: Path) -> None:
    (broken / "model.safetensors").unlink()
    refused(broken, "no model.safetensors")


def header(text: bytes, body: bytes = b"") -> bytes:
    return struct.pack("<Q", len(text)) + text + body


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 7,
        b"<html>not found</html>",
        struct.pack("<Q", 2**63) + b"{}",
        header(b"not json"),
        header(b"[]"),
        header(b'{"a": 1}'),
        header(b'{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}', b"\x00" * 4),
        header(b'{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}', b"\x00" * 8),
        header(b'{"a": {"dtype": "F32", "shape": "x", "data_offsets": [0, 4]}}', b"\x00" * 4),
        header(b"[" * 10_000),
    ],
    ids=["empty", "stub", "html", "huge", "text", "list", "number", "short", "long", "shape", "deep"],
)
def test_damaged_weights(broken: Path, data: bytes) -> None:
    (broken / "model.safetensors").write_bytes(data)
    refused(broken, "cut short or corrupted")


def test_a_download_cut_short(broken: Path) -> None:
    path = broken / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    refused(broken, "model.safetensors in the model folder broken is cut short")


def test_weights_that_are_a_link_elsewhere(broken: Path, tmp_path: Path) -> None:
    (broken / "model.safetensors").rename(tmp_path / "elsewhere.safetensors")
    (broken / "model.safetensors").symlink_to(tmp_path / "elsewhere.safetensors")
    refused(broken, "link to another place")


@pytest.mark.parametrize(
    "name", ["../broken/part.safetensors", "/tmp/part.safetensors", "sub/part.safetensors", "x.bin"]
)
def test_shards_outside_the_folder(broken: Path, name: str) -> None:
    (broken / "model.safetensors").rename(broken / "part.safetensors")
    (broken / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": name}}))
    refused(broken, "outside its folder")


def test_shards_inside_the_folder_and_one_missing(broken: Path) -> None:
    whole = resolve(str(broken)).parameters
    (broken / "model.safetensors").rename(broken / "model-1.safetensors")
    index = broken / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": "model-1.safetensors"}}))
    assert resolve(str(broken)).parameters == whole
    index.write_text(json.dumps({"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}))
    refused(broken, "model-2.safetensors is missing")
    index.write_text("{}")
    refused(broken, "index.json in the model folder broken is cut short or corrupted")


def test_configs_that_cannot_be_used(broken: Path, configure: Callable[..., Path]) -> None:
    refused(configure(model_type="albert"), "ALBERT shares one layer.*BERT, RoBERTa")
    refused(configure(model_type="t5"), "encoder and a decoder.*BERT, RoBERTa")
    refused(configure(model_type="fnet"), "family “fnet” are not supported.*BERT, RoBERTa")
    refused(configure(model_type="bert", num_hidden_layers=0), "config.json.*cannot be understood")
    refused(configure(num_hidden_layers=3, quantization_config={"bits": 4}), "quantised")
    (broken / "config.json").write_text("{")
    refused(broken, "cannot be understood")
    (broken / "config.json").write_text("[]")
    refused(broken, "cannot be understood")
    (broken / "config.json").unlink()
    refused(broken, "no config.json")


def test_adapters_and_missing_tokenizers(broken: Path) -> None:
    (broken / "tokenizer.json").rename(broken / "t")
    refused(broken, "no tokenizer.json")
    (broken / "t").rename(broken / "tokenizer.json")
    (broken / "adapter_config.json").write_text("{}")
    refused(broken, "adapter")


@pytest.mark.parametrize("family", ["bert", "gpt2"])
def test_token_lengths_are_the_tokenizers(family: str, tmp_path: Path, home: Path) -> None:
    source = resolve(str(tiny_folder(family, tmp_path / "model")))
    _, tokenizer = tiny(family)
    texts = [*SENTENCES, "", "word " * 300]
    found = tokens.lengths(source, texts)
    assert found.dtype == np.int32
    assert found.tolist() == [len(ids) for ids in tokenizer(texts, verbose=False)["input_ids"]]


def test_token_lengths_of_the_bundled_model_are_not_cut(home: Path) -> None:
    source = resolve(BUNDLED)
    texts = [*SENTENCES, "word " * 700]
    reference = AutoTokenizer.from_pretrained(source.folder)(texts, verbose=False)["input_ids"]
    assert tokens.lengths(source, texts).tolist() == [len(ids) for ids in reference]


def test_a_damaged_tokenizer(broken: Path, home: Path) -> None:
    (broken / "tokenizer.json").unlink()
    (broken / "tokenizer.json").write_text("{}")
    with pytest.raises(BadModel, match=r"tokenizer\.json cannot be read"):
        tokens.lengths(resolve(str(broken)), ["a"])


def test_no_torch_is_needed(home: Path) -> None:
    code = (
        "import sys; from xfer_core.models import sources, tokens;"
        "tokens.lengths(sources.resolve(sources.BUNDLED), ['a']);"
        "print([m for m in ('torch', 'transformers', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
