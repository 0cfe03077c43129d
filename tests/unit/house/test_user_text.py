"""Text of users never reaches an element that interprets Markdown, except through ``lit``.

A small reading of the source: what is given to such an element must be a literal, a translated message, a
formatted number, ``lit(…)``, or put together from these; a local name stands for all that is assigned to it.
"""

from __future__ import annotations

import ast
from pathlib import Path

from xfer_core.settings import root

MARKDOWN = {
    *("title", "header", "subheader", "markdown", "caption", "write", "info", "warning", "error", "success"),
    *("toast", "button", "download_button", "form_submit_button", "checkbox", "toggle", "radio", "selectbox"),
    *("multiselect", "slider", "select_slider", "number_input", "text_input", "text_area", "file_uploader"),
    *("expander", "popover", "status", "metric", "segmented_control", "pills", "page_link", "badge", "tabs"),
    *("progress", "table", "spinner", "link_button", "data_editor"),
}
SAFE_CALLS = {"t", "lit", "number", "percent", "date", "duration", "len", "int", "round", "sum", "max", "min"}
SHOWN = {"label", "body", "help", "text", "value", "delta", "options", "title", "placeholder"}
# Shown as they are, not as Markdown; the first argument of page_link is a page.
PLAIN = {
    ("page_link", "page"),
    ("text_input", "value"),
    ("text_area", "value"),
    ("selectbox", "options"),
    ("multiselect", "options"),
    ("selectbox", "placeholder"),
    ("text_input", "placeholder"),
    ("number_input", "value"),
    ("slider", "value"),
    ("toggle", "value"),
    ("checkbox", "value"),
    ("number_input", "placeholder"),
    ("text_area", "placeholder"),
    ("multiselect", "placeholder"),
}


class Reader(ast.NodeVisitor):
    """Collects what is shown unsafely in one file."""

    def __init__(self, path: Path) -> None:
        self.path, self.found = path, list[str]()
        self.scopes: list[dict[str, list[ast.expr]]] = []
        self.params: list[set[str]] = []
        self.shared = "ui" in path.parts  # helpers there may hand on what their callers were checked for

    def read(self) -> list[str]:
        tree = ast.parse(self.path.read_text())
        self.scopes.append(_assigned(tree))
        self.params.append(set())
        self.visit(tree)
        return self.found

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.scopes.append(_assigned(node))
        self.params.append({argument.arg for argument in [*node.args.args, *node.args.kwonlyargs]})
        self.generic_visit(node)
        self.scopes.pop()
        self.params.pop()

    def visit_Call(self, node: ast.Call) -> None:
        if (
            isinstance(node.func, ast.Attribute)
            and node.func.attr in MARKDOWN
            and _is_streamlit(node.func.value)
        ):
            name = node.func.attr
            shown = [("page" if name == "page_link" else "label", argument) for argument in node.args[:1]]
            shown += [(k.arg, k.value) for k in node.keywords if k.arg in SHOWN]
            for role, expression in shown:
                if (name, role) not in PLAIN and not self.safe(expression):
                    where = f"{self.path.name}:{expression.lineno}"
                    self.found.append(f"{where} {name}({role}={ast.unparse(expression)[:80]})")
        self.generic_visit(node)

    def safe(self, node: ast.expr, seen: frozenset[str] = frozenset()) -> bool:
        def all_safe(*parts: ast.expr | None) -> bool:
            return all(part is None or self.safe(part, seen) for part in parts)

        match node:
            case ast.Constant() | ast.Compare() | ast.Lambda():
                return True
            case ast.Call(func=ast.Name(id=name)) if name in SAFE_CALLS:
                return True
            case ast.Call(
                func=ast.Attribute(value=value, attr="format" | "join"), args=args, keywords=keywords
            ):
                return all_safe(value, *args, *(k.value for k in keywords))
            case ast.Call(func=ast.Name(id="list" | "tuple" | "sorted" | "dict" | "listed"), args=args):
                return all_safe(*args)
            case ast.JoinedStr(values=values) | ast.BoolOp(values=values):
                return all_safe(*values)
            case ast.FormattedValue(value=value) | ast.Starred(value=value):
                return all_safe(value)
            case ast.BinOp(left=left, right=right):
                return all_safe(left, right)
            case ast.IfExp(body=body, orelse=other):
                return all_safe(body, other)
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                return all_safe(*parts)
            case ast.ListComp(elt=part) | ast.GeneratorExp(elt=part):
                return all_safe(part)
            case ast.Dict(values=values):
                return all_safe(*values)
            case ast.Name(id=name):
                return name in seen or self.name_is_safe(name, seen | {name})
            case ast.Attribute(attr=name):
                return name.isupper()
        return False

    def name_is_safe(self, name: str, seen: frozenset[str]) -> bool:
        if name.isupper() or (self.shared and any(name in params for params in self.params)):
            return True
        for scope in reversed(self.scopes):
            if name in scope:
                return all(self.safe(value, seen) for value in scope[name])
        return False


def _is_streamlit(node: ast.expr) -> bool:
    """``st.x`` and ``column.x``, but not ``"…".title()`` or ``files.table.x()`` of other libraries."""
    return isinstance(node, ast.Name) or (
        isinstance(node, ast.Attribute) and ast.unparse(node) == "st.sidebar"
    )


def _assigned(scope: ast.AST) -> dict[str, list[ast.expr]]:
    """Name → expressions assigned to it anywhere in *scope*, nested functions apart."""
    found: dict[str, list[ast.expr]] = {}
    todo = list(ast.iter_child_nodes(scope))
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef):
            continue
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).append(node.value)
        elif (
            isinstance(node, ast.AugAssign | ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and node.value
        ):
            found.setdefault(node.target.id, []).append(node.value)
        todo += ast.iter_child_nodes(node)
    return found


def test_user_text_is_shown_literally() -> None:
    places = [*(root() / "pages").glob("*.py"), *(root() / "xfer_core" / "ui").rglob("*.py")]
    assert [line for path in sorted(places) for line in Reader(path).read()] == []


def test_the_reading_finds_what_it_is_for(tmp_path: Path) -> None:
    """A reader that finds nothing anywhere would pass the test above as well."""
    page = tmp_path / "page.py"
    page.write_text(
        'import streamlit as st\nname = open("x").read()\nst.markdown(f"Hello {name}")\nst.text(name)\n'
    )
    assert Reader(page).read() == ["page.py:3 markdown(label=f'Hello {name}')"]
