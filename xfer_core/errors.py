"""Errors a user can act on: what is wrong, and how to mend it.

Messages are English templates that double as gettext message ids, with their values kept apart, so that
the command line prints them as they are and a page prints them in the reader's language.
"""

from __future__ import annotations

import errno
from typing import Any

from xfer_core.i18n import Translate, fill


class XferError(Exception):
    """Something the user gave, or the machine lacks, that a sentence can explain.

    Parameters
    ----------
    what : str
        What is wrong and where, as a template: ``N_("Row {row} has {found} cells instead of {wanted}.")``.
    cure : str
        How to mend it, also a template; may be empty where *what* already says it.
    **values
        What the placeholders of both templates stand for, as in :func:`~xfer_core.i18n.fill`.
    """

    def __init__(self, what: str, cure: str = "", **values: Any) -> None:
        super().__init__(what, cure, values)
        self.what, self.cure, self.values = what, cure, values

    def __reduce__(self) -> tuple[Any, ...]:  # keyword values cross process borders too
        return _rebuild, (type(self), self.what, self.cure, self.values)

    def sentence(self, t: Translate = str) -> str:
        """Both templates, translated and filled in, as one line of text."""
        return " ".join(fill(part, self.values, t) for part in (self.what, self.cure) if part)

    def __str__(self) -> str:
        return self.sentence()


def _rebuild(kind: type[XferError], what: str, cure: str, values: dict[str, Any]) -> XferError:
    return kind(what, cure, **values)


class BadTable(XferError):
    """A table or corpus that cannot be used as it is."""


class BadModel(XferError):
    """A model that cannot be found, trusted or understood."""


class BadSetting(XferError):
    """A setting outside what it may be."""


class NotFound(XferError):
    """A run, corpus, file or page that is not there."""


class Refused(XferError):
    """A sound request that cannot be met now: a limit, a full disk, a run in the wrong state."""


class Interrupted(XferError):
    """The user stopped it; what was finished is kept."""


_NO_SPACE = ("No space left on device", "Disk quota exceeded", "database or disk is full")


def no_space(error: BaseException | None) -> bool:
    """Whether *error*, or what it came from, is a full disk: libraries say so in types of their own."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if any(words in str(error) for words in _NO_SPACE):
            return True
        error = error.__cause__ or error.__context__
    return False
