"""The walls of the house: which room may know which, and what the web process must never load."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from xfer_core.settings import root

HEAVY = ("torch", "transformers", "umap", "numba", "sklearn", "cleanlab")
PYTHON = sorted(
    [*Path(root(), "xfer_core").rglob("*.py"), *Path(root(), "pages").glob("*.py"), root() / "app.py"]
)


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=root(), capture_output=True, text=True, check=False
    )


def test_arrows_point_down_only() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([linter], cwd=root(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("command", [("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy",)])
def test_lint_and_types_are_clean(command: tuple[str, ...]) -> None:
    done = _run(*command)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_web_process_loads_no_heavy_library() -> None:
    """Import every module of ui and all that a page imports, and look at what came with it."""
    ui = [path for path in PYTHON if "ui" in path.parts]
    pages = [path for path in PYTHON if path.parent.name == "pages" or path.name == "app.py"]
    wanted = {_module(path) for path in ui} - {"xfer_core.ui.shell"}  # the shell is a script, not a module
    for path in pages:
        wanted |= {name for name in _imports_of(path) if name.startswith("xfer_core")}
    code = "\n".join(
        [
            "import sys, importlib",
            f"for name in {sorted(wanted)!r}:",
            "    importlib.import_module(name)",
            f"print(*[name for name in {HEAVY!r} if name in sys.modules])",
        ]
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root(), capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


def _module(path: Path) -> str:
    name = ".".join(path.relative_to(root()).with_suffix("").parts)
    return name.removesuffix(".__init__")


def _imports_of(path: Path) -> set[str]:
    """Modules imported at the top of a file, also those named after ``from … import``."""
    found: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {node.module} | {name for name in inner if _is_module(name)}
    return found


def _is_module(name: str) -> bool:
    place = root().joinpath(*name.split("."))
    return place.with_suffix(".py").is_file() or (place / "__init__.py").is_file()


def test_nothing_in_the_source_calls_another_host() -> None:
    """Scripts, styles and pages are served by the app itself: no CDN, no fonts, no tracking."""
    for path in (root() / "assets" / "web").glob("*.js"):
        text = path.read_text()
        assert "https://" not in text and "http://" not in text.replace("http://www.w3.org/", ""), path.name
