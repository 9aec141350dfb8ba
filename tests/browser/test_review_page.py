"""The review page in a real browser: decided by keyboard alone, with and without scripts, in both languages.

Needs Chromium (``chromium`` or ``google-chrome`` on the path; ``CHROMIUM`` names another) and, for accessibility,
the file ``axe.min.js`` of the npm package axe-core (``AXE_CORE`` names it, else ``node_modules/axe-core/``).
Nothing is installed here.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from kit.review import Country, country
from kit.review_page import Page, commanded, served
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from playwright.sync_api import Page as Tab

REPOSITORY = Path(__file__).parents[2]
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
#: Longer than the page ignores keys that were meant for the pair before (static/keys.js).
SETTLED = 180


def wanted(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"CI needs it: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    named = os.environ.get("CHROMIUM") or next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
    )
    if not named:
        wanted("no Chromium on this machine")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=named, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def axe() -> str:
    path = Path(os.environ.get("AXE_CORE", REPOSITORY / "node_modules" / "axe-core" / "axe.min.js"))
    if not path.is_file():
        wanted("axe-core is not installed (npm install --no-save axe-core)")
    return path.read_text("utf-8")


@pytest.fixture
def found(tmp_path: Path) -> Country:
    return country(600, 16.0).copy(tmp_path)


def enter(context: BrowserContext, page: Page, path: str = "/") -> Tab:
    """Follow the link of the command, then go to a page."""
    tab = context.new_page()
    tab.goto(page.link)
    if path != "/":
        tab.goto(f"http://{page.host}{path}")
    return tab


def press(tab: Tab, key: str) -> None:
    """Press a key that turns the page, once its script has run: a part of the page can be there before."""
    tab.wait_for_load_state("load")
    tab.wait_for_timeout(SETTLED)
    with tab.expect_navigation():
        tab.keyboard.press(key)


def judged(page: Page) -> list[str]:
    return [str(entry["judgement"]) for entry in page.decisions() if "judgement" in entry]


def test_twenty_pairs_by_keyboard_alone_survive_a_rebuild(browser: Browser, found: Country) -> None:
    keys = ["2", "2", "1", "2", "3"] * 4
    words = {"1": "same", "2": "different", "3": "unsure"}
    with commanded(found.project.root) as page, browser.new_context() as context:
        tab = enter(context, page, "/queue/sample")
        for key in keys:
            press(tab, key)
        press(tab, "z")
        assert "/pair/" in tab.url
        assert page.stop(signal.SIGINT) == 0
    made = page.decisions()
    assert [entry.get("judgement") for entry in made[:20]] == [words[key] for key in keys]
    assert made[20]["undoes"] == made[19]["id"]
    assert {entry["who"] for entry in made} == {"ana"}
    found.build()
    person = dict(
        found.rows(
            "select (source, record_key, role)::varchar, person_id from '{t}/mention.parquet'"
            " join '{t}/membership.parquet' using (identity_id)"
        )
    )
    for entry in made[:19]:
        ends = [f"({entry[f'source_{s}']}, {entry[f'record_key_{s}']}, {entry[f'role_{s}']})" for s in "lr"]
        if entry["judgement"] != "unsure":
            together = person[ends[0]] == person[ends[1]]
            assert together == (entry["judgement"] == "same"), entry
    with served(found.project) as page, browser.new_context() as context:
        tab = enter(context, page, "/history")
        assert tab.locator("tbody tr").count() == 19
        assert "19/" in (tab.locator("header a[href='/queue/sample']").inner_text())


def test_the_score_is_hidden_until_the_pair_is_decided(browser: Browser, found: Country) -> None:
    with served(found.project) as page, browser.new_context() as context:
        tab = enter(context, page, "/queue/sample")
        assert "weight" not in tab.locator("main").inner_text().lower()
        press(tab, "4")
        assert "weight" not in tab.locator("main").inner_text().lower()
        press(tab, "1")
        assert "weight" in tab.locator(".last").inner_text()
        press(tab, "z")
        assert "weight" not in tab.locator("main").inner_text().lower()
    with served(found.project, shows_score=True) as page, browser.new_context() as context:
        assert "Weight" in enter(context, page, "/queue/sample").locator(".head").inner_text()


def test_a_key_held_down_or_typed_into_a_note_decides_nothing_else(browser: Browser, found: Country) -> None:
    with served(found.project) as page, browser.new_context() as context:
        tab = enter(context, page, "/queue/sample")
        tab.wait_for_timeout(SETTLED)
        tab.keyboard.press("n")
        tab.keyboard.type("1 2 z: sus hermanas")
        tab.keyboard.press("Enter")
        tab.keyboard.press("Escape")
        assert page.decisions() == []
        with tab.expect_navigation():
            tab.keyboard.down("2")
        for _ in range(5):
            tab.keyboard.down("2")
        tab.wait_for_timeout(SETTLED)
        tab.keyboard.down("2")
        tab.keyboard.up("2")
        (made,) = page.decisions()
        assert (made["judgement"], made["note"]) == ("different", "1 2 z: sus hermanas")


def test_without_scripts_the_keyboard_decides_too(browser: Browser, found: Country) -> None:
    with served(found.project) as page, browser.new_context(java_script_enabled=False) as context:
        tab = enter(context, page, "/queue/sample")
        for tabs in (1, 2):
            tab.keyboard.press("Tab")
            tab.keyboard.press("Enter")  # «go to decide»
            for _ in range(tabs):
                tab.keyboard.press("Tab")
            with tab.expect_navigation():
                tab.keyboard.press("Enter")
        tab.get_by_role("button", name="Undo").click()
        tab.get_by_role("button", name="Español").click()
        assert tab.locator("h1").inner_text() == "¿Son la misma persona?"
        assert judged(page) == ["same", "different"]
        assert "undoes" in page.decisions()[-1]


def test_two_reviewers_blind_of_each_other(browser: Browser, found: Country) -> None:
    answers = {"ana": "11211121", "luis": "11212121"}
    for who, keys in answers.items():
        with (
            served(found.project, who, is_blind=True) as page,
            browser.new_context() as context,
        ):
            tab = enter(context, page, "/queue/sample")
            for key in keys:
                press(tab, key)
            tab.goto(f"http://{page.host}/progress")
            shown = tab.locator("main").inner_text()
            assert not {"ana", "luis"} - {who} & set(shown.split())
            assert "Not shown while you review blind." in shown
    pairs = [[entry["record_key_l"] for entry in page.decisions() if entry["who"] == who] for who in answers]
    assert pairs[0] == pairs[1]
    with served(found.project, "eva") as page, browser.new_context() as context:
        tab = enter(context, page, "/progress")
        # Seven of eight alike; by chance 0.75 * 0.625 + 0.25 * 0.375 = 0.5625: kappa is 0.3125 / 0.4375.
        assert "0.71" in tab.locator("main").inner_text()
        tab.locator("#disagreements ~ ul a").first.click()
        assert "ana: Same person" in tab.locator(".alert").inner_text()
        press(tab, "2")
        tab.goto(f"http://{page.host}/progress")
        assert tab.locator("#disagreements + p").inner_text() == "None."
        assert page.decisions()[-1]["settles"] is True


def test_nothing_is_fetched_from_elsewhere_and_nothing_is_refused(browser: Browser, found: Country) -> None:
    with served(found.project) as page, browser.new_context() as context:
        asked: list[str] = []
        said: list[str] = []
        context.on("request", lambda request: asked.append(request.url))
        context.on("console", lambda message: said.append(message.text))
        tab = enter(context, page)
        for path in ("/queue/conflicts", "/queue/bridges", "/progress", "/history"):
            tab.goto(f"http://{page.host}{path}")
        assert {url.split("/")[2] for url in asked} == {page.host}
        assert said == []


def test_no_page_spills_out_of_a_telephone_and_only_a_conflict_has_a_reason(
    browser: Browser, found: Country
) -> None:
    with (
        served(found.project) as page,
        browser.new_context(viewport={"width": 320, "height": 700}) as context,
    ):
        tab = enter(context, page)
        for path, has_reason in (
            ("/queue/threshold", False),
            ("/queue/conflicts", True),
            ("/progress", False),
        ):
            tab.goto(f"http://{page.host}{path}")
            wide, seen = tab.evaluate(
                "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
            )
            assert wide <= seen, path
            assert (
                "Motivo:" in tab.inner_text("main") or "Reason:" in tab.inner_text("main")
            ) is has_reason, path


def test_another_page_in_the_same_browser_gets_nothing(browser: Browser, found: Country) -> None:
    """A page of another origin, opened in the reviewer's own browser while the session is on."""
    with served(found.project) as page, browser.new_context() as context:
        enter(context, page)
        before = page.decisions()
        evil = context.new_page()
        evil.route(
            "http://evil.example/**", lambda route: route.fulfill(body="<p>hello", content_type="text/html")
        )
        evil.goto("http://evil.example/")
        read = evil.evaluate(
            """async url => { try { const a = await fetch(url, {credentials: "include"}); return await a.text() }
                catch (error) { return "refused" } }""",
            f"http://{page.host}/progress",
        )
        assert read == "refused"
        evil.set_content(
            f"<form method=post action=http://{page.host}/decide><input name=item value=0>"
            "<input name=judgement value=same><button>win</button></form>"
        )
        with evil.expect_navigation():
            evil.get_by_role("button").click()
        assert evil.locator("body").inner_text().strip() == "403"
        framed = context.new_page()
        framed.route(
            "http://evil.example/**", lambda route: route.fulfill(body="<p>hello", content_type="text/html")
        )
        framed.goto("http://evil.example/")
        framed.set_content(f"<iframe src=http://{page.host}/progress></iframe>")
        framed.wait_for_timeout(500)
        assert all("Agreement" not in frame.content() for frame in framed.frames)
        assert page.decisions() == before


PAGES = ("/queue/threshold", "/queue/bridges", "/queue/conflicts", "/queue/sample", "/progress", "/history")


@pytest.mark.parametrize("language", ["es", "en"])
def test_accessibility(browser: Browser, axe: str, found: Country, language: str) -> None:
    script = "axe.run(document).then(found => found.violations.map(v => [v.id, v.nodes[0].html]))"
    with (
        served(found.project, language=language, shows_score=True) as page,
        browser.new_context(viewport={"width": 1366, "height": 768}, bypass_csp=True) as context,
    ):
        tab = enter(context, page, "/queue/sample")
        for key in "1234":
            press(tab, key)
        decided = tab.url
        for path in (decided.partition(page.host)[2], "/pair/0", *PAGES):
            tab.goto(f"http://{page.host}{path}")
            tab.evaluate(axe)
            found_there = tab.evaluate(script)
            assert found_there == [], (path, json.dumps(found_there))
            assert tab.locator("html").get_attribute("lang") == language
        # One pair is one screen: the buttons are seen without scrolling.
        for button in tab.locator(".bar button").all():
            assert button.is_visible()
