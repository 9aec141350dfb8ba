"""The diagnosis of a linkage as a page: accessible, complete, in both languages, and without anybody's name."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from kit import make_project

from register.diagnose.measure import diagnose
from register.diagnose.page import SECTIONS, write_pages
from register.errors import UsageError
from register.link.declaration import load_rules
from register.locale import translate
from register.project import Project
from register.tables import query_tables
from tests.kit.browser import find_browser, find_checker, violations
from tests.kit.release import built_project, copy_of


@pytest.fixture(scope="module")
def diagnosed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, dict[str, Path]]:
    """A copy of a small synthetic country with its pages, by language."""
    project = copy_of(built_project(), tmp_path_factory.mktemp("diagnosed"))
    run, found = diagnose(project)
    pages = write_pages(found, run, load_rules(project.linkage_rules / "people.toml"), project.schema())
    return project, {path.stem[-2:]: path for path in pages}


@pytest.mark.parametrize("language", ["es", "en"])
def test_accessibility(diagnosed: tuple[Project, dict[str, Path]], tmp_path: Path, language: str) -> None:
    text = diagnosed[1][language].read_text("utf-8")
    assert violations(find_browser(), find_checker(), text, tmp_path) == []


@pytest.mark.parametrize("language", ["es", "en"])
def test_every_section_says_what_to_look_for_and_every_chart_has_a_name(
    diagnosed: tuple[Project, dict[str, Path]], language: str
) -> None:
    text = diagnosed[1][language].read_text("utf-8")
    sections = dict(re.findall(r'<section id="(\w+)">(.*?)</section>', text, re.S))
    assert list(sections) == list(SECTIONS)
    for name, body in sections.items():
        assert unescape(body).count(translate("diagnose.look", language)) >= 1, name
        assert body.count("<svg") == body.count('role="img"') == body.count("<desc id="), name
        assert "<table" in body, name
    assert all(
        re.search("<svg", sections[name])
        for name in ("blocks", "levels", "weights", "unlinkables", "clusters", "bridges", "trust")
    )
    assert translate("diagnose.confidential", language) in unescape(text)


def test_nothing_is_loaded_from_elsewhere_and_it_is_for_the_owner_alone(
    diagnosed: tuple[Project, dict[str, Path]],
) -> None:
    for path in diagnosed[1].values():
        text = path.read_text("utf-8")
        assert not re.search(r"(https?:)?//", text)
        assert "<script" not in text
        assert path.stat().st_mode & 0o077 == 0
        assert path.parent.stat().st_mode & 0o077 == 0


def test_nobody_is_named(diagnosed: tuple[Project, dict[str, Path]]) -> None:
    project, pages = diagnosed
    said = query_tables(
        project,
        """
        select distinct unnest([given_name, surname_1, surname_2, given_key, surname_1_key, document_number]) as said
        from identity
        """,
    )["said"]
    names = {name for name in said.drop_nulls().to_list() if len(name) > 3}
    assert len(names) > 1000
    for path in pages.values():
        words = set(
            re.findall(
                r"\w+", unescape(re.sub(r"<style>.*?</style>", "", path.read_text("utf-8"), flags=re.S))
            )
        )
        upper = {word for word in words if word.upper() == word}
        assert not names & upper


def test_a_run_that_was_not_linked_is_refused(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", {})
    with pytest.raises(UsageError):
        diagnose(project)


def test_figures_of_other_rules_are_not_told(tmp_path: Path) -> None:
    project = copy_of(built_project(), tmp_path)
    path = project.linkage_rules / "people.toml"
    path.write_text(path.read_text("utf-8").replace("link = 8.0", "link = 9.0"), "utf-8")
    with pytest.raises(UsageError) as refused:
        diagnose(project)
    assert refused.value.key == "rules_changed"
