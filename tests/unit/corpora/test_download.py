"""Files come by pinned name and hash from where pip looks, whole or not at all; nothing of them is run."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import tarfile
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from xfer_core.corpora.download import fetched
from xfer_core.corpora.pip_settings import pip_settings
from xfer_core.errors import Refused

NAME = "some_texts-1.0.tar.gz"


@pytest.fixture(autouse=True)
def own_pip_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XFER_HOME", str(tmp_path / "home"))
    for name in ("INDEX_URL", "EXTRA_INDEX_URL", "FIND_LINKS", "NO_INDEX", "TRUSTED_HOST", "CERT", "PROXY"):
        monkeypatch.delenv(f"PIP_{name}", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")


@pytest.fixture
def index(tmp_path: Path) -> tuple[Path, str]:
    """An index with one sdist whose setup.py would leave a file behind, and the sdist's hash."""
    canary = tmp_path / "canary"
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for member, text in (
            ("setup.py", f"open({str(canary)!r}, 'w')"),
            ("texts.csv", "text,label\n" * 50_000),
        ):
            info = tarfile.TarInfo(f"some_texts-1.0/{member}")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    digest = hashlib.sha256(buffer.getvalue()).hexdigest()
    folder = tmp_path / "simple" / "some-texts"
    folder.mkdir(parents=True)
    (folder / NAME).write_bytes(buffer.getvalue())
    (folder / "index.html").write_text(f'<a href="{NAME}#sha256={digest}">{NAME}</a>')
    return folder.parent, digest


def get(digest: str, **more: object) -> Path:
    return fetched("some-texts", "1.0", NAME, digest, **more)  # type: ignore[arg-type]


def test_from_an_index(index: tuple[Path, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder, digest = index
    monkeypatch.setenv("PIP_INDEX_URL", folder.as_uri())
    path = get(digest)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
    assert [p.name for p in path.parent.iterdir()] == [NAME] and not (tmp_path / "canary").exists()
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # no longer needed
    assert get(digest) == path
    path.write_bytes(b"damaged")
    monkeypatch.setenv("PIP_INDEX_URL", folder.as_uri())
    assert get(digest).stat().st_size > 100


def test_over_http_with_progress(index: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    folder, digest = index
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}")
        seen: list[float] = []
        get(digest, report=lambda fraction, message: seen.append(fraction))
        server.shutdown()
    assert seen == sorted(seen) and seen[0] == 0.0 and 0.0 <= seen[-1] <= 1.0


def test_extra_indexes_and_folders_are_tried_in_turn(
    index: tuple[Path, str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    folder, digest = index
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", f"{(tmp_path / 'none').as_uri()} {folder.as_uri()}")
    assert get(digest).is_file()
    get(digest).unlink()
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL")
    monkeypatch.setenv("PIP_NO_INDEX", "true")
    monkeypatch.setenv("PIP_FIND_LINKS", f"{tmp_path / 'none'} {folder / 'some-texts'}")
    assert get(digest).is_file()


def test_offline_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    begun = time.monotonic()
    with pytest.raises(Refused, match=r"did not answer.*synthetic"):
        get("0" * 64)
    assert time.monotonic() - begun < 3


def test_absent_and_altered_files(
    index: tuple[Path, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder, digest = index
    monkeypatch.setenv("PIP_INDEX_URL", folder.as_uri())
    with pytest.raises(Refused, match="none of the package indexes"):
        fetched("other-texts", "1.0", "other_texts-1.0.tar.gz", digest)
    with pytest.raises(Refused, match="thrown away"):
        get("0" * 64)
    assert list((tmp_path / "home" / "downloads").iterdir()) == []


def test_settings_are_read_as_pip_reads_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pip")
    config = tmp_path / "pip.conf"
    config.write_text(
        "[global]\nindex-url = https://one.invalid/simple\ntrusted_host = one.invalid\n"
        "[install]\nextra-index-url =\n    https://two.invalid/simple\n    https://three.invalid/simple\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    monkeypatch.setenv("PIP_FIND_LINKS", "/a /b")
    monkeypatch.setenv("PIP_PROXY", "")
    found = pip_settings()
    assert found.index_url == "https://one.invalid/simple" and found.trusted_hosts == ("one.invalid",)
    assert found.extra_index_urls == ("https://two.invalid/simple", "https://three.invalid/simple")
    assert found.find_links == ("/a", "/b") and found.proxy is None and not found.no_index
    said = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True
    ).stdout
    for place in (found.index_url, *found.extra_index_urls):
        assert place in said
    monkeypatch.setenv("PIP_INDEX_URL", "https://env.invalid/simple")
    assert pip_settings().index_url == "https://env.invalid/simple"
