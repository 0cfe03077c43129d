"""Every page, cold, by its own address, in both languages and themes: right heading, no error, accessible."""

from __future__ import annotations

from http.client import HTTPConnection

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server, Visit
from xfer_core.i18n import LANGUAGES, translate
from xfer_core.ui.navigation import PAGES, Entry

axe = Axe()


def address(page: Entry, language: str) -> str:
    return f"/{'' if page.key == 'home' else page.path}?lang={language}"


def titled(title: str) -> str:
    return f"{title} · Xfer Lab"


def serious(page: Page) -> list[str]:
    """axe-core's serious and critical violations, each with the first element it was seen on."""
    found = axe.run(page).response["violations"]
    return [
        f"{rule['id']}: {rule['help']} {rule['nodes'][0]['html'][:200]}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("language", list(LANGUAGES))
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.key)
def test_a_cold_deep_link_shows_the_page_in_its_language(page: Entry, language: str, visit: Visit) -> None:
    visitor = visit(scheme="dark" if language == "zh" else "light")
    shown = visitor.open(address(page, language))
    expect(shown).to_have_title(titled(translate(page.title, language)))
    expect(shown.get_by_role("heading", level=1)).to_be_visible()
    visitor.screenshot(f"cold-{page.key}-{language}")
    assert serious(shown) == []


def test_the_browser_chooses_the_language_and_the_switch_changes_it(visit: Visit) -> None:
    visitor = visit(locale="zh-CN")
    page = visitor.open("/data")
    expect(page).to_have_title(titled(translate("Data", "zh")))
    page.get_by_text("en", exact=True).click()
    expect(page).to_have_title(titled("Data"))
    assert "lang=en" in page.url


def test_two_languages_at_once_do_not_mix(visit: Visit) -> None:
    english, chinese = visit(), visit()
    first, second = english.open("/runs?lang=en"), chinese.open("/runs?lang=zh")
    expect(first).to_have_title(titled("Runs"))
    expect(second).to_have_title(titled(translate("Runs", "zh")))
    first.reload()
    english.idle()
    expect(first).to_have_title(titled("Runs"))


def test_headers_and_the_file_route_keep_strangers_out(visit: Visit, server: Server) -> None:
    visitor = visit()
    answer = visitor.page.request.get(visitor.url + "/")
    assert "frame-ancestors" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    for path in ("/web/../pyproject.toml", "/web/%2e%2e/pyproject.toml", "/web/..%2f..%2fpyproject.toml"):
        # Streamlit answers unknown paths with its index page: what matters is whose text comes back.
        assert "hatchling" not in visitor.page.request.get(visitor.url + path).text(), path
    assert visitor.page.request.get(visitor.url + "/api/runs/..%2f..%2fetc/events").status in (400, 404)
    # Under a foreign name (DNS rebinding) neither the event stream nor the page's own connection opens.
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    for path, headers in {
        "/api/runs/some-run/events": {},
        "/_stcore/stream": {**upgrade, "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="},
    }.items():
        connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
        connection.request("GET", path, headers={"Host": "evil.example", **headers})
        assert connection.getresponse().status == 403, path
        connection.close()
