"""The pages of an assessment in a real browser: accessible, self-contained, every chart beside its figures."""

from __future__ import annotations

import re
import tempfile
from functools import cache
from pathlib import Path

import pytest

from register.assess.command import compare_with, measure
from register.console import Console
from register.project import Project
from tests.kit import BIRTHS, CROSSINGS, PERMITS, make_project
from tests.kit.browser import chromium, find_browser, find_checker, violations

PAGES = [f"{name}_{language}.html" for name in ("a/report", "comparison") for language in ("es", "en")]


@cache
def project() -> Project:
    """Four years of crossings with a break, a post that stopped, and gaps in the data; permits and births beside."""
    rows = []
    for at in range(4 * 12 * 12):
        year, month, day = 2020 + at // 144, at // 12 % 12 + 1, at % 12 * 2 + 1
        if (year, month) < (2021, 4) or (year, month) > (2021, 10) or at % 6 == 0:
            for copy in range(2):
                is_land = copy and year < 2023
                rows.append(
                    CROSSINGS.row(
                        ID_MOVIMIENTO=f"M{at}-{copy}",
                        FECHA_HORA=f"{day:02d}/{month:02d}/{year} 1{copy}:00",
                        TIPO_MOVIMIENTO=("ENTRADA", "SALIDA")[at % 2 if at % 7 else 0],
                        PUESTO_CONTROL="PARAGUACHON" if is_land else "AEROPUERTO EL DORADO",
                        FECHA_NACIMIENTO="" if at % 5 == 0 else "01/01/1900" if at % 9 == 0 else "09/11/1985",
                    )
                )
    files = {
        CROSSINGS.file: CROSSINGS.text(*rows),
        PERMITS.file: PERMITS.text(*(PERMITS.row(NUM_PERMISO=f"100000{at}") for at in range(5))),
        BIRTHS.file: BIRTHS.text(BIRTHS.row()),
    }
    made = make_project(Path(tempfile.mkdtemp(prefix="register-assess-")) / "p", files)
    console = Console("en", quiet=True)
    measure(made, console, "a", None)
    measure(made, console, "b", None)
    compare_with(made, console, ["a"])
    return made


def page(name: str) -> Path:
    return project().root / "assessments" / name


@pytest.fixture(scope="module")
def browser() -> str:
    return find_browser()


@pytest.mark.parametrize("name", PAGES[:3])
def test_accessibility(browser: str, tmp_path: Path, name: str) -> None:
    assert violations(browser, find_checker(), page(name).read_text("utf-8"), tmp_path) == []


@pytest.mark.parametrize("name", PAGES)
def test_it_asks_for_nothing_from_outside(name: str) -> None:
    text = page(name).read_text("utf-8")
    assert not re.findall(r"https?://|\bsrc=|@import|<script|<link", text)


def test_every_chart_has_a_name_and_its_figures(browser: str, tmp_path: Path) -> None:
    dumped = chromium(browser, tmp_path / "p", "--dump-dom", page("a/report_es.html").as_uri()).stdout
    (section,) = re.findall(r'<section id="migracion_movimientos">(.*?)</section>', dumped, re.S)
    assert (
        section.count('role="img"')
        == section.count("<figcaption>")
        == len(re.findall("<desc id=", section))
        == 2
    )
    for chart in re.findall(r"</svg></figure>(.{0,60})", section):
        assert "<table" in chart or "scroll" in chart
    # The closed half year and the post that stopped at the end of 2022 are told of.
    assert "cambia de nivel en 2021-04" in section
    assert "Paraguachón (Maicao) (desde 2022-12)" in section


def test_both_languages_say_the_same(browser: str) -> None:
    spanish, english = (page(f"a/report_{language}.html").read_text("utf-8") for language in ("es", "en"))
    assert [len(re.findall(f"<{tag}[ >]", spanish)) for tag in ("li", "tr", "section", "svg")] == [
        len(re.findall(f"<{tag}[ >]", english)) for tag in ("li", "tr", "section", "svg")
    ]
    assert "{" not in re.sub(r"<style>.*?</style>", "", spanish, flags=re.S)
