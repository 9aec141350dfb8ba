"""Chromium without a screen, and an accessibility checker, for tests of pages.

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
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[2]
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
_CHECK = """
    axe.run(document, {resultTypes: ["violations"]}).then(found => {
        const out = document.createElement("pre");
        out.id = "axe-found";
        out.textContent = JSON.stringify(found.violations.map(v => [v.id, v.impact, v.nodes[0].html]));
        document.body.appendChild(out);
    });"""


def wanted(reason: str) -> None:
    """Skip the test, or fail it where nothing may be skipped."""
    if os.environ.get("CI"):
        pytest.fail(f"CI needs it: {reason}")
    pytest.skip(reason)


def find_browser() -> str:
    """Return the path of Chromium."""
    named = os.environ.get("CHROMIUM") or next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
    )
    if not named:
        wanted("no Chromium on this machine")
    return named


def find_checker() -> str:
    """Return the text of the accessibility checker."""
    path = Path(os.environ.get("AXE_CORE", REPOSITORY / "node_modules" / "axe-core" / "axe.min.js"))
    if not path.is_file():
        wanted("axe-core is not installed (npm install --no-save axe-core)")
    return path.read_text("utf-8")


def chromium(browser: str, profile: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the browser once."""
    return subprocess.run(
        [browser, *FLAGS, f"--user-data-dir={profile}", *arguments],
        capture_output=True,
        text=True,
        timeout=180,
        check=True,
    )


def violations(browser: str, checker: str, text: str, folder: Path) -> list[Any]:
    """Return what the accessibility checker finds wrong with a page, written into a folder to be opened."""
    copy = folder / "page.html"
    probe = f"<script>{checker}</script><script>{_CHECK}</script></body>"
    copy.write_text(text.replace("</body>", probe), "utf-8")
    dumped = chromium(
        browser, folder / "p", "--virtual-time-budget=60000", "--dump-dom", copy.as_uri()
    ).stdout
    found = re.search(r'<pre id="axe-found">(.*?)</pre>', dumped, re.S)
    assert found, "the checker did not finish"
    listed: list[Any] = json.loads(unescape(found[1]))
    return listed
