"""Where the user's pip looks for packages: its configuration files and environment, read as pip reads them.

Read here rather than asked of pip, which need not be installed beside this program.
"""

from __future__ import annotations

import configparser
import os
import sys
from dataclasses import dataclass
from pathlib import Path

SECTIONS = ("global", "install")
"""Of a file, in the order in which they win."""


@dataclass(frozen=True)
class PipSettings:
    """What of pip's configuration bears on finding and fetching a file."""

    index_url: str | None
    """None: pip's own default."""
    extra_index_urls: tuple[str, ...]
    find_links: tuple[str, ...]
    no_index: bool
    trusted_hosts: tuple[str, ...]
    certificates: str | None
    proxy: str | None


def pip_settings() -> PipSettings:
    """Settings from pip's files, then from ``PIP_…`` variables, later ones winning."""
    values: dict[str, str] = {}
    for section in SECTIONS:
        for path in _files():
            values |= _section(path, section)
    for name, value in os.environ.items():
        if name.startswith("PIP_") and value:
            values[name[4:].lower().replace("_", "-")] = value
    return PipSettings(
        index_url=values.get("index-url"),
        extra_index_urls=tuple(values.get("extra-index-url", "").split()),
        find_links=tuple(values.get("find-links", "").split()),
        no_index=values.get("no-index", "").lower() in ("1", "true", "yes", "on"),
        trusted_hosts=tuple(values.get("trusted-host", "").split()),
        certificates=values.get("cert"),
        proxy=values.get("proxy"),
    )


def _files() -> list[Path]:
    """Files of the machine, the user, the environment, and the one ``PIP_CONFIG_FILE`` names."""
    named = os.environ.get("PIP_CONFIG_FILE", "")
    if named == os.devnull:
        return []
    home = Path.home()
    if sys.platform == "win32":
        name = "pip.ini"
        machine = [Path(os.environ.get("PROGRAMDATA", r"C:\ProgramData")) / "pip" / name]
        user = [home / "pip" / name, Path(os.environ.get("APPDATA", home)) / "pip" / name]
    else:
        name = "pip.conf"
        user_folder = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
        machine = [Path(folder) / "pip" / name
                   for folder in (os.environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":")]  # fmt: skip
        machine.append(Path("/etc") / name)
        if sys.platform == "darwin":
            support = Path("Library/Application Support/pip")
            machine = [Path("/") / support / name]
            user_folder = home / support.parent if (home / support).is_dir() else home / ".config"
        user = [home / ".pip" / name, user_folder / "pip" / name]
    return [*machine, *user, Path(sys.prefix) / name, *([Path(named)] if named else [])]


def _section(path: Path, section: str) -> dict[str, str]:
    parser = configparser.RawConfigParser()
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError, OSError):
        return {}  # pip itself would complain; a broken file is no reason to keep a corpus from someone
    if not parser.has_section(section):
        return {}
    return {key.replace("_", "-"): value for key, value in parser.items(section)}
