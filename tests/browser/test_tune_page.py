"""The page of `register tune` in a real browser, by keyboard and without scripts, and attacked by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue

import pytest
from kit.review_page import Page
from playwright.sync_api import Browser, sync_playwright

from register.tune.web import serve
from tests.cli.test_commands import run
from tests.kit.browser import FLAGS, find_browser, find_checker
from tests.kit.release import built_project, copy_of


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=find_browser(), args=list(FLAGS))
        yield running
        running.close()


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    """The page served in a thread, until the test ends it by its own button."""
    project = copy_of(built_project(), tmp_path)
    links: Queue[str] = Queue()
    with ThreadPoolExecutor(1) as thread:
        done = thread.submit(serve, project, None, "es", 0, lambda link, _: links.put(link))
        done.add_done_callback(lambda _: links.put(""))
        link = links.get(timeout=60)
        if not link:
            done.result()
        served = Page(link, project.root)
        try:
            yield served
        finally:
            if not served.cookie:
                served.enter()
            served.ask("POST", "/finish", form={"form_key": form_key(served)})
            done.result(timeout=30)


def form_key(page: Page) -> str:
    return re.findall(r'name="form_key" value="([^"]+)"', page.ask("GET", "/")[2])[0]


def test_a_trial_by_keyboard_alone_without_scripts_in_both_languages(browser: Browser, page: Page) -> None:
    checker = find_checker()
    axe = "axe.run(document).then(found => found.violations.map(v => [v.id, v.nodes[0].html]))"
    context = browser.new_context(java_script_enabled=False, bypass_csp=True)
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    tab = context.new_page()
    tab.goto(page.link)
    (cookie,) = context.cookies()
    page.cookie = f"{cookie['name']}={cookie['value']}"
    assert "Todavía no se ha probado nada" in tab.inner_text("#found")
    for _ in range(12):
        if tab.evaluate("document.activeElement.id") == "threshold.link":
            break
        tab.keyboard.press("Tab")
    tab.keyboard.press("Control+A")
    tab.keyboard.type("16")
    for _ in range(3):
        tab.keyboard.press("Tab")
    tab.keyboard.press("Control+A")
    tab.keyboard.type("200")
    with tab.expect_navigation(timeout=120_000):
        tab.keyboard.press("Enter")
    found = tab.inner_text("#found")
    assert "Propuesta: threshold.link=16" in found
    assert "200 personas" in found
    assert tab.input_value('[id="threshold.link"]') == "16"
    assert "era 8" in tab.inner_text(".changed")
    with tab.expect_navigation():
        tab.get_by_role("button", name="English").click()
    assert "Proposed: threshold.link=16" in tab.inner_text("#found")
    assert {address.split("/")[2] for address in asked} == {page.host}
    context.close()
    # the same session with scripts, for the checker
    checked = browser.new_context(bypass_csp=True)
    checked.add_cookies([{**cookie, "sameSite": "Strict"}])
    other = checked.new_page()
    for said, language in (("Español", "en"), ("English", "es")):
        other.goto(f"http://{page.host}/")
        for group in other.locator("summary").all():
            if group.locator("xpath=..").get_attribute("open") is None:
                group.click()
        assert other.locator("html").get_attribute("lang") == language
        other.evaluate(checker)
        assert other.evaluate(axe) == []
        with other.expect_navigation():
            other.get_by_role("button", name=said).click()
    checked.close()


def test_strangers_are_refused(page: Page) -> None:
    assert page.ask("GET", "/")[0] == 403, "no session"
    assert page.ask("GET", "/enter?token=guessed")[0] == 403
    page.enter()
    assert page.ask("GET", f"/enter?token={page.token}")[0] == 403, "the link is good once"
    assert page.ask("GET", "/", {"Host": "evil.example"})[0] == 421
    key = form_key(page)
    form = {"threshold.link": "9", "sample": "50"}
    assert page.ask("POST", "/try", form=form)[0] == 403, "no form key"
    assert page.ask("POST", "/try", form={**form, "form_key": "x"})[0] == 403
    assert page.ask("POST", "/try", {"Origin": "http://evil.example"}, {**form, "form_key": key})[0] == 403
    assert page.ask("GET", "/static/../run.json")[0] == 404
    status, headers, text = page.ask("GET", "/")
    assert status == 200
    assert headers["cache-control"] == "no-store"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "Todavía no se ha probado nada" in text, "nothing of all that was tried"
    assert "<script" not in text


def test_what_cannot_be_tried_is_said_and_nothing_is_taken_for_markup(page: Page) -> None:
    page.enter()
    key = form_key(page)
    boxes = dict.fromkeys(re.findall(r'type="checkbox" name="([^"]+)"', page.ask("GET", "/")[2]), "on")
    usual = {**boxes, "sample": "50", "form_key": key}
    for form, said in (
        (usual, "no hay ningún cambio que probar"),
        ({**usual, "threshold.link": "much"}, "threshold.link es un número"),
        ({**usual, "sample": "0"}, "--sample es un número"),
        ({**usual, "block.add": "%3Cscript%3Ealert(1)%3C/script%3E.x"}, "script"),
    ):
        assert page.ask("POST", "/try", form=form)[0] == 303
        text = page.ask("GET", "/")[2]
        assert said in text
        assert 'role="alert"' in text
        assert "<script" not in text


def test_the_page_is_asked_for_alone() -> None:
    ran = run("-C", str(built_project().root), "tune", "--page", "--set", "threshold.link=3")
    assert ran.code == 2
    assert "--page" in ran.err
