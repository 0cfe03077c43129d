"""Every sentence a reader sees is marked, extracted and translated, with its placeholders intact."""

from __future__ import annotations

import ast
import string
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from xfer_core.i18n import KEYWORDS, LANGUAGES, catalogue, extract, translate
from xfer_core.settings import root

LOCALES = [locale for locale in LANGUAGES.values() if locale != "en"]
SPEAKING = {
    *("title", "header", "subheader", "markdown", "caption", "text", "write", "info", "warning", "error"),
    *("success", "toast", "button", "download_button", "link_button", "form_submit_button", "checkbox"),
    *("toggle", "radio", "selectbox", "multiselect", "slider", "select_slider", "number_input", "text_input"),
    *("text_area", "file_uploader", "expander", "popover", "status", "metric", "segmented_control", "pills"),
    *("page_link", "badge", "tabs"),
}


def _placeholders(message: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(message) if name is not None}


@pytest.mark.parametrize("locale", LOCALES)
def test_catalogue_is_complete_and_holds_nothing_else(locale: str) -> None:
    with catalogue(locale).open("rb") as file:
        known = {message.id: message.string for message in read_po(file, locale=locale) if message.id}
    marked = extract()
    assert marked - set(known) == set(), "run python -m xfer_core.i18n, then translate"
    assert set(known) - marked == set(), "run python -m xfer_core.i18n"
    assert [text for text, other in known.items() if not other] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_placeholders_survive_translation(locale: str) -> None:
    with catalogue(locale).open("rb") as file:
        wrong = [
            m.id
            for m in read_po(file, locale=locale)
            if m.id and _placeholders(m.id) != _placeholders(m.string)
        ]
    assert wrong == []


def test_a_message_comes_out_in_chinese_and_the_empty_one_stays_empty() -> None:
    assert translate("Features", "zh") != "Features"
    assert translate("Features", "en") == "Features"
    assert translate("", "zh") == ""


def test_no_bare_sentence_is_put_on_a_page() -> None:
    """A literal given to an element that shows words must come through ``t``."""
    bare = []
    for path in sorted([*(root() / "pages").glob("*.py"), *(root() / "xfer_core" / "ui").rglob("*.py")]):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in SPEAKING
            ):
                bare += [f"{_place(path, node)} {text!r}" for text in _literals(node)]
    assert bare == []


def test_nothing_is_extracted_but_what_is_marked() -> None:
    """Of ``t(TABLE[row["split"]])`` the extractor would take "split" for a message."""
    marked = set()
    for path in sorted([*(root() / "pages").glob("*.py"), *(root() / "xfer_core").rglob("*.py")]):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in KEYWORDS:
                marked |= {each.value for each in node.args if isinstance(each, ast.Constant)}
    assert extract() - marked == set()


def _place(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(root())}:{getattr(node, 'lineno', 0)}"


def _literals(call: ast.Call) -> list[str]:
    """Words written straight into the call: its first argument, its label or its help."""
    given = [*call.args[:1], *(k.value for k in call.keywords if k.arg in ("label", "body", "help", "text"))]
    return [
        node.value
        for node in given
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and any(c.isalpha() for c in node.value)
    ]
