"""A canvas of ours (``assets/web``) as one HTML file that needs no network and no server."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xfer_core.charts.standalone import as_json
from xfer_core.settings import root

_RELATIVE = re.compile(r"""(["'])\./([a-z_]+\.js)\1""")

# The policy lets nothing in from anywhere: what the file shows is in the file.
_PAGE = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; script-src 'unsafe-inline' data:; style-src 'unsafe-inline'; img-src data:">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ margin: 1.5rem auto; max-width: 75rem; padding: 0 1rem; font-family: system-ui, sans-serif; }}
@media (prefers-color-scheme: dark) {{ body {{ background: #0e1117; color: #fafafa; }} }}
h1 {{ font-size: 1.25rem; overflow-wrap: anywhere; }}
p {{ overflow-wrap: anywhere; }}
</style>
</head>
<body>
<h1 dir="auto">{title}</h1>
<p>{summary}</p>
<main id="view"></main>
<script type="application/json" id="header">{header}</script>
<script type="text/plain" id="body">{body}</script>
<script type="module">
import {{ mount }} from "{module}";
const header = JSON.parse(document.getElementById("header").textContent);
const coded = atob(document.getElementById("body").textContent);
mount(document.getElementById("view"), header, Uint8Array.from(coded, (c) => c.charCodeAt(0)), {{}});
</script>
</body>
</html>
"""


def page(
    script: str, header: Mapping[str, Any], body: bytes, *, title: str, summary: str, language: str
) -> str:
    """The file's text: what *script* draws of *header* and *body*, its data and its modules, all inlined.

    *title* and *summary* are text and are escaped here.

    Raises
    ------
    FileNotFoundError
        If the app's own scripts are not where they were installed.
    """
    return _PAGE.format(
        language=html.escape(language),
        title=html.escape(title),
        summary=html.escape(summary),
        header=as_json({"id": "file", "language": language, **header}),
        body=base64.b64encode(body).decode("ascii"),
        module=_module(root() / "assets" / "web", script),
    )


def _module(folder: Path, name: str) -> str:
    """A script as a ``data:`` address, with the scripts it imports inside it in the same way."""
    source = (folder / name).read_text(encoding="utf-8")
    source = _RELATIVE.sub(lambda found: f'"{_module(folder, found[2])}"', source)
    return "data:text/javascript;base64," + base64.b64encode(source.encode()).decode("ascii")
