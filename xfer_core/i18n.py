"""Messages in the reader's language: gettext, with catalogues read straight from their ``.po`` files.

Message ids are the English texts. Code below ``ui/`` only *marks* its messages with :func:`N_`; whoever
shows them translates. A message and the values of its placeholders are kept apart, and :func:`fill` puts them
together in the reader's language. ``python -m xfer_core.i18n`` refreshes the catalogues from the source.
"""

from __future__ import annotations

import gettext
import io
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from xfer_core.settings import root

LANGUAGES = {"en": "en", "zh": "zh_CN"}
"""Language code in links → locale of the catalogue."""

KEYWORDS = {"t": None, "N_": None}

Said = dict[str, Any]
"""A message with its values, plain JSON: ``{"message": msgid, "values": {…}}``."""
Translate = Callable[[str], str]


def N_(message: str) -> str:
    """Mark *message* for translation where it is written, not where it is shown."""
    return message


def as_message(message: str, /, **values: Any) -> Said:
    """A message to be kept, or to be a value of another message, which translates it too."""
    return {"message": message, "values": values}


def fill(message: str, values: Mapping[str, Any], t: Translate = str) -> str:
    """*message*, translated by *t*, with its *values*.

    A text among the values stands as it is, since it may be a user's: a class called "yes" stays "yes". One
    that is to be translated is given by :func:`as_message`. Of a list the items are told one after the other.
    """
    return t(message).format(**{name: _shown(value, t) for name, value in values.items()})


def _shown(value: Any, t: Translate) -> Any:
    if isinstance(value, Mapping):
        return fill(value["message"], value["values"], t)
    if isinstance(value, list | tuple):
        return listed([str(_shown(each, t)) for each in value], t)
    return value


def listed(items: Iterable[str], t: Translate = str) -> str:
    """``a, b, c`` with the signs of the language."""
    return t(N_(", ")).join(items)


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
