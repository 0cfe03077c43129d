"""A canvas of ours (``assets/web``) as one HTML file that needs no network and no server."""

from __future__ import annotations

import base64
import html
import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xfer_core.charts.standalone import as_json
from xfer_core.settings import root

_RELATIVE = re.compile(r"""(["'])\./([a-z_]+)\.js\1""")

_PREFIX = "xfer/"

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
<script type="importmap">{modules}</script>
<script type="module">
import {{ mount }} from "{script}";
const header = JSON.parse(document.getElementById("header").textContent);
const packed = Uint8Array.from(atob(document.getElementById("body").textContent), (c) => c.charCodeAt(0));
const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
const body = new Uint8Array(await new Response(stream).arrayBuffer());
mount(document.getElementById("view"), header, body, {{}});
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
    name = script.removesuffix(".js")
    return _PAGE.format(
        language=html.escape(language),
        title=html.escape(title),
        summary=html.escape(summary),
        header=as_json({"id": "file", "language": language, **header}),
        body=base64.b64encode(zlib.compress(body, 9)).decode("ascii"),
        modules=as_json({"imports": _modules(root() / "assets" / "web", name)}),
        script=_PREFIX + name,
    )


def _modules(folder: Path, name: str) -> dict[str, str]:
    """A script, and all that it imports, each once: its name → its text as a ``data:`` address.

    A script at a ``data:`` address has no folder, so that names of the import map stand for relative ones.
    """
    found: dict[str, str] = {}
    asked = [name]
    while asked:
        name = asked.pop()
        source = (folder / f"{name}.js").read_text(encoding="utf-8")
        asked += [other for _, other in _RELATIVE.findall(source) if _PREFIX + other not in found]
        source = _RELATIVE.sub(lambda match: f'"{_PREFIX}{match[2]}"', source)
        coded = base64.b64encode(source.encode()).decode("ascii")
        found[_PREFIX + name] = "data:text/javascript;base64," + coded
    return found
