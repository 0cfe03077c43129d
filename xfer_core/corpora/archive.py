"""A zip of one table: checked by its directory before anything is unpacked."""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import NoReturn

from xfer_core.errors import BadTable
from xfer_core.i18n import N_
from xfer_core.settings import LIMITS

LARGEST_RATIO = 200
"""Times that a member may be larger than its compressed form once it is over 64 MB; text reaches about 20."""
_MADE_BY_SYSTEMS = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini")


def check(path: Path) -> list[zipfile.ZipInfo]:
    """The files in a zip, once none of them could do harm by being unpacked.

    Raises
    ------
    BadTable
        If the zip is damaged, encrypted, would fill the disk, or has members that lead out of their folder.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        _damaged()
    for member in members:
        name = member.filename.replace("\\", "/")
        parts = PurePosixPath(name).parts
        if not parts or name.startswith("/") or ".." in parts or ":" in parts[0]:
            raise BadTable(
                N_("The zip holds a path that leads out of its folder (“{name}”), so it was not opened."),
                N_("Zip the table by itself."),
                name=member.filename[:80],
            )
        if stat.S_ISLNK(member.external_attr >> 16):
            raise BadTable(
                N_("The zip holds a symbolic link (“{name}”), so it was not opened."),
                N_("Zip the table by itself."),
                name=member.filename[:80],
            )
        if member.flag_bits & 1:
            raise BadTable(N_("The zip is locked by a password."), N_("Zip the table without a password."))
    size = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if size > LIMITS.unzipped_mb << 20 or (size > 64 << 20 and size > LARGEST_RATIO * max(packed, 1)):
        raise BadTable(
            N_("The zip of {packed} MB would unpack to {size} MB, so it was not opened (limit {limit} MB)."),
            N_("Cut the table into several files."),
            size=size >> 20, packed=packed >> 20, limit=LIMITS.unzipped_mb,
        )  # fmt: skip
    return [m for m in members if not m.is_dir() and not any(part in m.filename for part in _MADE_BY_SYSTEMS)]


def is_workbook(members: list[zipfile.ZipInfo]) -> bool:
    return any(member.filename == "xl/workbook.xml" for member in members)


def extract_only(path: Path, members: list[zipfile.ZipInfo], folder: Path) -> tuple[Path, str]:
    """Unpack the one table of a zip into *folder*; returns its path and its name in the zip.

    Raises
    ------
    BadTable
        If there is no file or more than one, or its bytes are not what the directory says.
    """
    if len(members) != 1:
        names = ", ".join(member.filename for member in members[:5])
        raise BadTable(
            N_("The zip holds {n} files ({names}); it must hold one table."),
            N_("Zip the table by itself, or add the tables one after the other."),
            n=len(members), names=names[:200] or "–",
        )  # fmt: skip
    member = members[0]
    target = folder / f"member{PurePosixPath(member.filename).suffix.lower()[:10]}"
    try:
        with zipfile.ZipFile(path) as archive, archive.open(member) as source, target.open("wb") as sink:
            shutil.copyfileobj(source, sink, 1 << 20)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError):
        _damaged()
    return target, member.filename


def _damaged() -> NoReturn:
    raise BadTable(N_("The zip is damaged."), N_("Zip the table once more.")) from None
