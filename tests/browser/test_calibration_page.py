"""The page of a calibration in a real browser: an accessibility checker finds no error, and it prints.

See `tests.kit.browser` for what that needs.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from register.errors import QualityError
from tests.kit.browser import chromium, find_browser, find_checker, violations
from tests.kit.calibration import SPEC, calibration, run

WHOLE = (
    SPEC
    + '[[benchmark]]\nname = "sex"\nfile = "sex.csv"\n'
    + '[[benchmark]]\nname = "all"\ntotal = 22000\n'
    + '[[benchmark]]\nname = "abroad"\ntotal = 6000\nstandard_error = 300\nsoft = true\nwhere = { group = "foreign" }\n'
    + '[[estimate]]\nstatistic = "mean"\nvariable = "pay"\nby = "group"\n[replicates]\nmethod = "JKn"\n'
)
SEXES = "sex,total\n1,11000\n2,11000\n"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the pages of a calibration, and of one that could not be done."""
    folder = tmp_path_factory.mktemp("pages")
    run(calibration(folder, WHOLE, sex=SEXES))
    with pytest.raises(QualityError):
        run(calibration(folder, WHOLE.replace("22000", "500"), sex=SEXES), output="conflict.csv")
    return folder


@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize("kind", ["weights", "conflict"])
def test_accessibility(pages: Path, tmp_path: Path, kind: str, language: str) -> None:
    text = (pages / f"{kind}_report_{language}.html").read_text("utf-8")
    assert violations(find_browser(), find_checker(), text, tmp_path) == []


def test_it_prints_to_pdf(pages: Path, tmp_path: Path) -> None:
    target = tmp_path / "page.pdf"
    source = (pages / "weights_report_es.html").as_uri()
    chromium(find_browser(), tmp_path / "p", "--no-pdf-header-footer", f"--print-to-pdf={target}", source)
    content = target.read_bytes()
    assert content.startswith(b"%PDF")
    assert 3 <= len(re.findall(rb"/Type\s*/Page\b", content)) <= 9
