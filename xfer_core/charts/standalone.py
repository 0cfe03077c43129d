"""One HTML file with pictures in it that needs no network, no server and no other file.

Plotly's own script is in the file, compressed; any browser since 2023 unpacks it. The policy lets nothing in
from anywhere. Colours are those of the app, light or dark as the reader's system is.
"""

from __future__ import annotations

import base64
import gzip
import html
import json
import tomllib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from xfer_core.charts.frame import Translate
from xfer_core.settings import root

Cell = str | float | int | None
"""Of a table."""

_STYLE = """
:root { color-scheme: light dark; --ground: LIGHT_GROUND; --raised: LIGHT_RAISED; --text: LIGHT_TEXT;
  --line: LIGHT_LINE; --accent: LIGHT_ACCENT; }
@media (prefers-color-scheme: dark) { :root { --ground: DARK_GROUND; --raised: DARK_RAISED;
  --text: DARK_TEXT; --line: DARK_LINE; --accent: DARK_ACCENT; } }
body { margin: 1.5rem auto; max-width: 68rem; padding: 0 1rem; background: var(--ground);
  color: var(--text); font: 16px/1.5 'Source Sans 3', 'Noto Sans SC', 'PingFang SC', system-ui, sans-serif; }
h1, h2, h3, p, li, code { overflow-wrap: anywhere; }
th, td { overflow-wrap: break-word; max-width: 30rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.25rem; margin-top: 2.2rem; } h3 { font-size: 1.05rem; }
.answer { background: var(--raised); border-left: 4px solid var(--accent); padding: .6rem 1.2rem;
  border-radius: 6px; }
.answer > p:first-child { font-size: 1.4rem; font-weight: 650; margin: .2rem 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { text-align: start; padding: .3rem .7rem; border-bottom: 1px solid var(--line);
  vertical-align: top; }
td.number, th.number { text-align: end; }
td.number { white-space: nowrap; }
td:first-child:not(.text) { min-width: 7rem; }
tr.chosen { background: var(--raised); font-weight: 600; }
td.text { min-width: 16rem; }
pre { background: var(--raised); padding: .7rem 1rem; border-radius: 6px; white-space: pre-wrap;
  overflow-wrap: anywhere; }
figure { margin: 1rem 0; } figcaption { font-size: .9rem; }
.picture { min-height: 12rem; }
@media print { body { max-width: none; } }
"""

# The pictures are drawn one after the other, so that the text can be read meanwhile.
_SCRIPT = """
const packed = Uint8Array.from(atob(document.getElementById("plotly").textContent), (c) => c.charCodeAt(0));
const pictures = JSON.parse(document.getElementById("pictures").textContent);
const templates = JSON.parse(document.getElementById("templates").textContent);
const dark = matchMedia("(prefers-color-scheme: dark)");
async function load() {
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const script = document.createElement("script");
  script.textContent = await new Response(stream).text();
  document.head.append(script);
}
async function draw(scheme) {
  for (const [id, picture] of Object.entries(pictures)) {
    const layout = { ...picture.layout, template: templates[scheme] };
    await Plotly.react(id, picture.data, layout, { displayModeBar: false, responsive: true });
  }
  document.body.dataset.drawn = scheme;
}
const scheme = () => (dark.matches ? "dark" : "light");
load().then(() => draw(scheme())).then(() => {
  dark.addEventListener("change", () => draw(scheme()));
  addEventListener("beforeprint", () => draw("light"));
  addEventListener("afterprint", () => draw(scheme()));
}).catch((error) => {
  for (const note of document.querySelectorAll(".undrawn")) note.hidden = false;
  console.error(error);
});
"""

_PAGE = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
{body}
</main>
<script type="application/json" id="templates">{templates}</script>
<script type="application/json" id="pictures">{pictures}</script>
<script type="text/plain" id="plotly">{plotly}</script>
<script>{script}</script>
</body>
</html>
"""


class Page:
    """Collects sections and pictures; :meth:`html` gives the file's text.

    Everything given to a method is text and is escaped here, but for what :meth:`raw` is given.
    """

    def __init__(self, title: str, *, language: str = "en", t: Translate = str) -> None:
        self.title, self.language, self.t = title, language, t
        self.parts: list[str] = [f'<h1 dir="auto">{html.escape(title)}</h1>']
        self.pictures: dict[str, Any] = {}

    def raw(self, markup: str) -> None:
        self.parts.append(markup)

    def heading(self, text: str, level: int = 2) -> None:
        self.raw(f"<h{level}>{html.escape(text)}</h{level}>")

    def paragraph(self, text: str) -> None:
        self.raw(f'<p dir="auto">{html.escape(text)}</p>')

    def items(self, texts: Sequence[str]) -> None:
        self.raw("<ul>" + "".join(f'<li dir="auto">{html.escape(text)}</li>' for text in texts) + "</ul>")

    def code(self, text: str) -> None:
        self.raw(f"<pre><code>{html.escape(text)}</code></pre>")

    def picture(self, figure: go.Figure, caption: str) -> None:
        """*figure*, with a sentence below it that says what it shows."""
        name = f"picture-{len(self.pictures) + 1}"
        plain = json.loads(figure.to_json() or "{}")
        plain["layout"].pop("template", None)
        self.pictures[name] = plain
        height = int(plain["layout"].get("height", 400))
        late = html.escape(
            self.t("This picture needs a browser of 2023 or later; its numbers are in the tables.")
        )
        self.raw(
            f'<figure><div class="picture" id="{name}" role="img" aria-label="{html.escape(caption)}" '
            f'style="height: {height}px"></div><p class="undrawn" hidden>{late}</p>'
            f'<figcaption dir="auto">{html.escape(caption)}</figcaption></figure>'
        )

    def rows(
        self,
        columns: Sequence[str],
        rows: Sequence[Sequence[Cell]],
        chosen: int | None = None,
    ) -> None:
        """Numbers are set flush right, those with a fraction with three digits of it; None is a dash."""
        if not rows:
            return
        numeric = [all(not isinstance(row[i], str) for row in rows) for i in range(len(columns))]
        head = "".join(
            f'<th scope="col"{_class(number)} dir="auto">{html.escape(name)}</th>'
            for name, number in zip(columns, numeric, strict=True)
        )
        body = "".join(
            f"<tr{' class=chosen' if place == chosen else ''}>"
            + "".join(
                f'<td{_class(number, cell)} dir="auto">{html.escape(_cell(cell))}</td>'
                for cell, number in zip(row, numeric, strict=True)
            )
            + "</tr>"
            for place, row in enumerate(rows)
        )
        self.raw(
            f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
        )

    def html(self) -> str:
        return _PAGE.format(
            language=html.escape(self.language),
            title=html.escape(self.title),
            style=_style(),
            body="\n".join(self.parts),
            templates=as_json({scheme: _template(scheme) for scheme in ("light", "dark")}),
            pictures=as_json(self.pictures),
            plotly=_plotly(),
            script=_SCRIPT,
        )


LONG = 60
"""Characters from which a cell is a text and needs room."""


def _class(number: bool, cell: object = None) -> str:
    if number:
        return ' class="number"'
    return ' class="text"' if isinstance(cell, str) and len(cell) > LONG else ""


def _cell(value: Cell) -> str:
    if value is None or value != value:
        return "–"
    return value if isinstance(value, str) else f"{value:,.3f}" if isinstance(value, float) else f"{value:,}"


def as_json(value: object) -> str:
    """JSON that a script element can hold: ``</script>`` and ``<!--`` end or change it as plain text does."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


@lru_cache(maxsize=1)
def _plotly() -> str:
    return base64.b64encode(gzip.compress(get_plotlyjs().encode(), 9, mtime=0)).decode("ascii")


@lru_cache(maxsize=1)
def _theme() -> dict[str, Any]:
    return dict(tomllib.loads((root() / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"])


def _style() -> str:
    style = _STYLE
    keys = {"GROUND": "backgroundColor", "RAISED": "secondaryBackgroundColor", "TEXT": "textColor",
            "LINE": "borderColor", "ACCENT": "primaryColor"}  # fmt: skip
    for scheme in ("light", "dark"):
        for word, key in keys.items():
            style = style.replace(f"{scheme.upper()}_{word}", _theme()[scheme][key])
    return style


def _template(scheme: str) -> dict[str, Any]:
    """Plotly's defaults in the app's colours; the categorical ones are chosen for colour-blind readers."""
    theme = _theme()[scheme]
    steps = theme["chartSequentialColors"]
    scale = [[i / (len(steps) - 1), colour] for i, colour in enumerate(steps)]
    axis = {"gridcolor": theme["borderColor"], "linecolor": theme["borderColor"],
            "zerolinecolor": theme["borderColor"], "automargin": True, "title": {"standoff": 12}}  # fmt: skip
    return {
        "layout": {
            "paper_bgcolor": theme["backgroundColor"],
            "plot_bgcolor": theme["backgroundColor"],
            "font": {"color": theme["textColor"], "size": 13, "family": "system-ui, sans-serif"},
            "colorway": theme["chartCategoricalColors"],
            "colorscale": {"sequential": scale},
            "hoverlabel": {
                "bgcolor": theme["secondaryBackgroundColor"],
                "font": {"color": theme["textColor"]},
            },
            "xaxis": axis,
            "yaxis": axis,
        },
        "data": {"heatmap": [{"colorscale": scale}]},
    }
