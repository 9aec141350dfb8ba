"""The report in a real browser: it loads nothing from outside, prints to PDF, and an accessibility checker finds
no error. See `tests.kit.browser` for what that needs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.kit.browser import chromium, find_browser, find_checker, violations
from tests.kit.release import release_folder, released

PAGES = [f"{name}_{language}.html" for name in ("report", "quality") for language in ("es", "en")]


@pytest.fixture(scope="module")
def browser() -> str:
    return find_browser()


@pytest.mark.parametrize("page", PAGES)
def test_accessibility(browser: str, tmp_path: Path, page: str) -> None:
    text = (release_folder(released()[0]) / page).read_text("utf-8")
    assert violations(browser, find_checker(), text, tmp_path) == []


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
