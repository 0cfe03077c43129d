"""The server's own pieces: configuration, headers, where routes hang."""

import base64
import hashlib
import re
from pathlib import Path

import anyio
import pytest
import streamlit
from streamlit.web.server.app_discovery import discover_asgi_app

from xfer_core.settings import LIMITS, root
from xfer_core.ui import server


def test_configuration_is_what_we_promise():
    options = server.configuration()
    assert options["server.address"] == "127.0.0.1"
    assert options["server.enableXsrfProtection"] is True
    assert options["server.maxUploadSize"] == LIMITS.upload_mb
    assert options["browser.gatherUsageStats"] is False
    assert options["client.showErrorDetails"] == "none"
    assert options["client.toolbarMode"] == "viewer"
    assert options["runner.postScriptGC"] is False


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("scale", ["Categorical", "Sequential", "Diverging"])
def test_every_chart_scale_has_ten_colours(mode, scale):
    """With fewer, Plotly falls back to its own palette without a word."""
    colours = server.configuration()[f"theme.{mode}.chart{scale}Colors"]
    assert len(set(colours)) == 10 and all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in colours)


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def mixed(over, under, share):
    pairs = [(int(over[i : i + 2], 16), int(under[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in pairs)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_colours_can_be_read(mode):
    """WCAG 2: 4.5 for text, 3 for lines and marks."""
    theme = {key.removeprefix(f"theme.{mode}."): value for key, value in server.configuration().items()}
    background = theme["backgroundColor"]
    assert contrast(theme["textColor"], background) > 7
    assert contrast(mixed(theme["textColor"], background, 0.6), background) > 4.5, "captions"
    assert contrast(theme["linkColor"], background) > 4.5
    assert contrast("#ffffff", theme["primaryColor"]) >= 4.5
    assert all(contrast(colour, background) >= 3 for colour in theme["chartCategoricalColors"])
    lightness = [luminance(colour) for colour in theme["chartSequentialColors"]]
    assert lightness == sorted(lightness, reverse=mode == "light")


def test_policy_admits_the_page_s_own_script_and_no_other_host():
    policy = server.content_security_policy()
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    for script in re.findall(r"<script>(.*?)</script>", page, re.S):
        assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() in policy
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'self'" and rules["object-src"] == "'none'"
    assert "'unsafe-inline'" not in rules["script-src"]
    assert "http" not in policy and "*" not in policy


def headers_of(kind):
    sent = []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-own", b"1")]})

    async def collect(message):
        sent.append(message)

    anyio.run(server.SecurityHeaders(app), {"type": kind}, None, collect)
    return dict(sent[0]["headers"])


def test_headers_are_added_to_answers_and_to_nothing_else():
    headers = headers_of("http")
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert headers[b"x-frame-options"] == b"SAMEORIGIN"
    assert b"default-src" in headers[b"content-security-policy"]
    assert headers[b"x-own"] == b"1"
    assert headers_of("websocket") == {b"x-own": b"1"}


def test_streamlit_run_finds_the_app():
    """It reads the source without running it; missed, it would run the launcher itself as a page."""
    found = discover_asgi_app(root() / "app.py")
    assert found.is_asgi_app and found.app_name == "app"


def test_routes_move_with_the_base_path():
    """Each by itself: one Mount at the base would answer 404 for Streamlit's own routes below it."""
    paths = [route.path for route in server.parts("lab/")["routes"]]
    assert paths == ["/lab/web", "/lab/api/runs/{run}/events"]
    assert [route.path for route in server.parts()["routes"]] == ["/web", "/api/runs/{run}/events"]
