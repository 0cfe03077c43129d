"""All heads of one text, as bytes and until they are seen, against BertViz's model_view on the same weights.

    python tests/benchmarks/attention.py --json [--tokens 16,64,128] [--rounds N] [--limit SECONDS]
        [--scripts FOLDER] [--bytes] [--quick]

Both make one HTML file of the same weights, of the bundled model on real words. Bytes are those of the
files; *app* is what our own page sends for the same picture, its scripts included. Seconds are from asking
for the file until Chromium has drawn it: ours when the canvas of the open head has pixels, the peer's when as
many SVG lines stand in the page as there are weights, and then the next frame. They take turns *rounds*
times; a peer that is not done after *limit* seconds counts as that long, and ``at_least`` says so. The peer's
file asks three hosts for require.js, d3 and jQuery: *scripts* is a folder that has them
(``require.min.js``, ``d3.min.js``, ``jquery.min.js``); where neither is at hand, take ``--bytes``, which
opens no browser. Peers are installed by the extra ``bench``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from xfer_core.attention.reading import AttentionReading, read
from xfer_core.attention.shaping import shape
from xfer_core.charts.attention_html import page, picture
from xfer_core.models.sources import BUNDLED
from xfer_core.settings import root

WORDS = (
    "the old house by the river was full of light and music when we came back from a long walk in the rain"
    " my sister had made tea and there was bread with butter on the table for all of us so nobody wanted to"
    " leave before night but the last train to town would not wait and we had work to do in the morning"
)
OURS = "() => { const c = document.querySelector('canvas.map'); return c && c.width > 300 }"
PEERS = "(n) => document.querySelectorAll('svg line').length >= n"


def text_of(tokens: int) -> str:
    """Words that are one token each, so that with [CLS] and [SEP] there are *tokens*."""
    words = (WORDS.split() * 4)[: tokens - 2]
    return " ".join(words)


def peers_file(reading: AttentionReading) -> str:
    import torch
    from bertviz import model_view

    layers = [torch.tensor(layer[None]) for layer in reading.weights]
    found: str = model_view(layers, list(reading.tokens), html_action="return").data
    return f"<!doctype html><meta charset='utf-8'><body>{found}</body>"


def app_bytes(reading: AttentionReading) -> int:
    """What the app sends: header, bytes and every script the picture imports."""
    header, body = picture([shape(reading)])
    folder = root() / "assets" / "web"
    scripts = sum((folder / f"{name}.js").stat().st_size for name in imported(folder, "heads"))
    return len(json.dumps(header)) + len(body) + scripts


def imported(folder: Path, name: str) -> set[str]:
    """A script and all that it imports, by their names."""
    found, asked = set(), [name]
    while asked:
        found.add(asked[-1])
        source = (folder / f"{asked.pop()}.js").read_text(encoding="utf-8")
        asked += set(re.findall(r"""["']\./(\w+)\.js["']""", source)) - found
    return found


class Browser:
    """Chromium, in which files are opened until their picture stands."""

    def __init__(self, scripts: Path | None) -> None:
        from playwright.sync_api import sync_playwright

        from tests.browser.conftest import CHROMIUM, FLAGS

        self.play = sync_playwright().start()
        self.chromium = self.play.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        self.scripts = scripts

    def seconds(self, file: Path, drawn: str, value: int | None, limit: float) -> float:
        """Until *drawn* holds, with the next frame; *limit* if it does not."""
        from playwright.sync_api import TimeoutError as TooLong

        page = self.chromium.new_page(viewport={"width": 1440, "height": 900})
        if self.scripts is not None:
            page.route("https://**/*.js", self.answer)
        began = time.perf_counter()
        try:
            page.goto(file.as_uri(), timeout=limit * 1000)
            page.wait_for_function(drawn, arg=value, timeout=limit * 1000)
            page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
            return time.perf_counter() - began
        except TooLong:
            return limit
        finally:
            page.close()

    def answer(self, route: Any) -> None:
        """One of the scripts the peer asks for: ``…/d3/5.7.0/d3.min.js`` is ``d3.min.js``."""
        assert self.scripts is not None
        route.fulfill(path=self.scripts / route.request.url.rpartition("/")[2])

    def close(self) -> None:
        self.chromium.close()
        self.play.stop()


def measure(tokens: int, rounds: int, limit: float, browser: Browser | None) -> dict[str, Any]:
    reading = read(BUNDLED, text_of(tokens))
    assert len(reading.tokens) == tokens, f"{len(reading.tokens)} tokens, not {tokens}"
    makers = {"peer": lambda: peers_file(reading), "ours": lambda: page(reading)}
    drawn = {"peer": (PEERS, reading.weights.size), "ours": (OURS, None)}
    makers["peer"](), makers["ours"]()  # imports
    sizes: dict[str, int] = {}
    runs: dict[str, list[float]] = {"peer": [], "ours": []}
    making: dict[str, list[float]] = {"peer": [], "ours": []}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            for name, make in makers.items():
                began = time.perf_counter()
                file = Path(folder) / f"{name}.html"
                file.write_text(make(), encoding="utf-8")
                making[name].append(time.perf_counter() - began)
                sizes[name] = file.stat().st_size
                if browser is not None:
                    runs[name].append(making[name][-1] + browser.seconds(file, *drawn[name], limit))
    found: dict[str, Any] = {
        "bytes": sizes | {"ratio": round(sizes["peer"] / sizes["ours"], 1), "app": app_bytes(reading)},
        "making": {name: round(statistics.median(each), 3) for name, each in making.items()},
    }
    if browser is not None:
        middle = {name: statistics.median(each) for name, each in runs.items()}
        found["seconds"] = {name: round(value, 3) for name, value in middle.items()}
        found["seconds"] |= {"ratio": round(middle["peer"] / middle["ours"], 1)}
        found["seconds"] |= {"at_least": middle["peer"] >= limit, "runs": runs}
    return found


def readable(found: dict[str, Any]) -> str:
    lines = [found["work"]]
    for tokens, each in found["sizes"].items():
        size = each["bytes"]
        line = f"{tokens} tokens: peer {size['peer']:,} bytes, ours {size['ours']:,} ({size['ratio']} ×)"
        line += f", app {size['app']:,}"
        if "seconds" in each:
            seconds = each["seconds"]
            least = "at least " if seconds["at_least"] else ""
            line += (
                f"; peer {least}{seconds['peer']} s, ours {seconds['ours']} s ({least}{seconds['ratio']} ×)"
            )
        lines.append(line)
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.add_argument("--quick", action="store_true", help="16 and 64 tokens, one round")
    parser.add_argument("--tokens", default="16,64,128")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--limit", type=float, default=120.0, help="seconds to wait for a picture")
    parser.add_argument("--scripts", type=Path, metavar="FOLDER", help="where require, d3 and jquery are")
    parser.add_argument("--bytes", action="store_true", help="no browser: bytes only")
    args = parser.parse_args()
    tokens = [16, 64] if args.quick else [int(each) for each in args.tokens.split(",")]
    browser = None if args.bytes else Browser(args.scripts)
    sizes = {count: measure(count, 1 if args.quick else args.rounds, args.limit, browser) for count in tokens}
    if browser is not None:
        browser.close()
    most = sizes[tokens[-1]]
    found = {
        "name": "attention",
        "work": f"all heads of texts of {args.tokens} tokens in one file; bytes at {tokens[-1]} tokens",
        "peer": most["bytes"]["peer"], "ours": most["bytes"]["ours"], "ratio": most["bytes"]["ratio"],
        "sizes": sizes,
        "machine": {
            "cores": os.cpu_count(), "cpu": platform.processor() or platform.machine(), "threads": 1,
            "load": os.getloadavg()[0],
        },
        "runs": 1 if args.quick else args.rounds,
    }  # fmt: skip
    sys.stdout.write(json.dumps(found) + "\n" if args.json else readable(found))


if __name__ == "__main__":
    main()
