"""Messages in the reader's language: gettext, with catalogues read straight from their ``.po`` files.

Message ids are the English texts. Code below ``ui/`` only *marks* its messages with :func:`N_`; whoever
shows them translates. ``python -m xfer_core.i18n`` refreshes the catalogues from the source.
"""

from __future__ import annotations

import gettext
import io
import sys
from functools import lru_cache
from pathlib import Path

from xfer_core.settings import root

LANGUAGES = {"en": "en", "zh": "zh_CN"}
"""Language code in links → locale of the catalogue."""

KEYWORDS = {"t": None, "N_": None}


def N_(message: str) -> str:
    """Mark *message* for translation where it is written, not where it is shown."""
    return message


def catalogue(locale: str) -> Path:
    return root() / "assets" / "translations" / locale / "xfer.po"


@lru_cache
def translation(language: str) -> gettext.NullTranslations:
    """The translations of a language code; English, and any unknown code, give every message back."""
    locale = LANGUAGES.get(language, "en")
    if locale == "en":
        return gettext.NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = io.BytesIO()
    with catalogue(locale).open("rb") as file:
        write_mo(compiled, read_po(file, locale=locale))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def translate(message: str, language: str) -> str:
    """*message* in *language*; the empty message stays empty (gettext would give the catalogue's header)."""
    return translation(language).gettext(message) if message else message


def extract() -> set[str]:
    """Every message marked in the source."""
    from babel.messages.extract import extract_from_file

    messages: set[str] = set()
    base = root()
    for path in sorted([*(base / "pages").glob("*.py"), *(base / "xfer_core").rglob("*.py")]):
        for _, message, _, _ in extract_from_file("python", path, keywords=KEYWORDS):
            messages.add(message if isinstance(message, str) else message[0])
    return messages


def refresh() -> int:
    """Bring every catalogue up to date with the source; returns how many messages lack a translation."""
    from babel.messages.catalog import Catalog
    from babel.messages.pofile import read_po, write_po

    lacking = 0
    for locale in LANGUAGES.values():
        if locale == "en":
            continue
        path = catalogue(locale)
        known = read_po(path.open("rb"), locale=locale) if path.exists() else Catalog(locale=locale)
        fresh = Catalog(locale=locale, project="Xfer Lab", charset="utf-8")
        for text in extract():
            old = known.get(text)
            fresh.add(text, old.string if old else "")  # without places: they change with every edit
            lacking += not (old and old.string)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_po(file, fresh, width=110, sort_output=True, omit_header=False)
    return lacking


if __name__ == "__main__":
    sys.stderr.write(f"{refresh()} messages without a translation\n")
