"""The report in a real browser: it loads nothing from outside, prints to PDF, and an accessibility checker finds
no error.

Needs Chromium (``chromium`` or ``google-chrome`` on the path; ``CHROMIUM`` names another) and, for accessibility,
the file ``axe.min.js`` of the npm package axe-core (``AXE_CORE`` names it, else ``node_modules/axe-core/``).
Nothing is installed here.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest

from tests.kit.release import release_folder, released

REPOSITORY = Path(__file__).parents[2]
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
PAGES = [f"{name}_{language}.html" for name in ("report", "quality") for language in ("es", "en")]


def wanted(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"CI needs it: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="module")
def browser() -> str:
    named = os.environ.get("CHROMIUM") or next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
    )
    if not named:
        wanted("no Chromium on this machine")
    return named


@pytest.fixture(scope="module")
def axe() -> str:
    path = Path(os.environ.get("AXE_CORE", REPOSITORY / "node_modules" / "axe-core" / "axe.min.js"))
    if not path.is_file():
        wanted("axe-core is not installed (npm install --no-save axe-core)")
    return path.read_text("utf-8")


def chromium(browser: str, profile: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [browser, *FLAGS, f"--user-data-dir={profile}", *arguments],
        capture_output=True,
        text=True,
        timeout=180,
        check=True,
    )


@pytest.mark.parametrize("page", PAGES)
def test_accessibility(browser: str, axe: str, tmp_path: Path, page: str) -> None:
    text = (release_folder(released()[0]) / page).read_text("utf-8")
    script = """
        axe.run(document, {resultTypes: ["violations"]}).then(found => {
            const out = document.createElement("pre");
            out.id = "axe-found";
            out.textContent = JSON.stringify(found.violations.map(v => [v.id, v.impact, v.nodes[0].html]));
            document.body.appendChild(out);
        });"""
    probe = f"<script>{axe}</script><script>{script}</script></body>"
    copy = tmp_path / page
    copy.write_text(text.replace("</body>", probe), "utf-8")
    dumped = chromium(
        browser, tmp_path / "p", "--virtual-time-budget=60000", "--dump-dom", copy.as_uri()
    ).stdout
    found = re.search(r'<pre id="axe-found">(.*?)</pre>', dumped, re.S)
    assert found, "the checker did not finish"
    assert json.loads(unescape(found[1])) == []


@pytest.mark.parametrize("page", PAGES)
def test_it_prints_to_pdf(browser: str, tmp_path: Path, page: str) -> None:
    target = tmp_path / "page.pdf"
    source = release_folder(released()[0]) / page
    chromium(browser, tmp_path / "p", "--no-pdf-header-footer", f"--print-to-pdf={target}", source.as_uri())
    content = target.read_bytes()
    assert content.startswith(b"%PDF")
    pages = len(re.findall(rb"/Type\s*/Page\b", content))
    # A report has a page or two for each table; a quality report one or two in all.
    assert 15 <= pages <= 45 if page.startswith("report") else 1 <= pages <= 4


def test_every_chart_has_a_name_and_its_table(browser: str, tmp_path: Path) -> None:
    source = release_folder(released()[0]) / "report_es.html"
    dumped = chromium(browser, tmp_path / "p", "--dump-dom", source.as_uri()).stdout
    sections = re.findall(r'<section id="(T\d+)">(.*?)</section>', dumped, re.S)
    assert len(sections) == 15
    for name, body in sections:
        assert (
            body.count('role="img"') == body.count("<figcaption>") == len(re.findall(r"<desc id=", body))
        ), name
        if 'role="img"' in body:
            assert body.index("<svg") < body.index("<table"), name
            assert len(re.findall(r'<th scope="row">', body)) > 1, name
