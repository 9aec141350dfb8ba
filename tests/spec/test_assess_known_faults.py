"""Assessments against what is known: the faults that a synthetic country was given, and its truth.

A share that was drawn must be found within four standard errors of the draw: one test in fifteen thousand would fail
by chance, and the draws are seeded, so that none does.
"""

from __future__ import annotations

import math
from pathlib import Path

import polars as pl
import pytest

from register.assess.assessment import Assessment
from register.project import Project, init_project
from register.synth import generate
from tests.kit.assess import Figures, assess_project
from tests.kit.release import built_project

MOVEMENTS, PERMITS, VISAS = "migracion_movimientos", "permisos_residencia", "cancilleria_visas"
FAULTS = {
    "unreadable_birth_date": 0.02,
    "unreadable_date": 0.01,
    "bad_code": 0.015,
    "duplicate_row": 0.012,
    "broken_line": 0.008,
}
KEYED_TWICE, NO_PURPOSE, NO_ORIGIN = 0.01, 0.2, 0.3
BIRTH_DATE, BIRTH_MISSING, FIRST_OF_JANUARY = 0.1, 0.4, 0.6
DOCUMENT, DOCUMENT_MISSING = 0.05, 0.5


@pytest.fixture(scope="module")
def country(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    folder = tmp_path_factory.mktemp("faults")
    text = "[mess]\n" + "".join(f"{name} = {share}\n" for name, share in FAULTS.items())
    text += f"""
        [crossing]
        keyed_twice = {KEYED_TWICE}
        no_purpose = {NO_PURPOSE}
        birth_date = {BIRTH_DATE}
        document = {DOCUMENT}
        [permit]
        no_origin_document = {NO_ORIGIN}
        [irregular]
        no_origin_document = {NO_ORIGIN}
        [birth_date.kinds]
        day_off = 0
        ten_days_off = 0
        month_swapped = 0
        year_off = 0
        ten_years_off = 0
        first_of_january = {FIRST_OF_JANUARY}
        missing = {BIRTH_MISSING}
        [document.kinds]
        missing_character = {1 - DOCUMENT_MISSING}
        wrong_character = 0
        swapped_characters = 0
        letter_for_digit = 0
        missing = {DOCUMENT_MISSING}
        """
    (folder / "faults.toml").write_text(text, "utf-8")
    generate(folder / "country", people=1800, seed=5, years=(2019, 2023), faults=folder / "faults.toml")
    project = init_project(folder / "project", "col")
    for extract in (folder / "country" / "extracts").iterdir():
        extract.rename(project.extracts / extract.name)
    return assess_project(project)


def assert_drawn(
    figures: Figures, indicator: str, variable: str, share: float, *, of_missing: bool = False
) -> None:
    """Fail unless a share is what was drawn, within four standard errors."""
    numerator, n = figures(indicator, variable)
    found = 1 - numerator / n if of_missing else numerator / n
    spread = 4 * math.sqrt(share * (1 - share) / n)
    assert abs(found - share) < spread, (
        f"{indicator} {variable}: {found:.4f}, drawn {share:.4f} ± {spread:.4f}"
    )


def test_lines_that_were_cut_and_rows_that_were_doubled(country: Assessment) -> None:
    figures = Figures(country, MOVEMENTS)
    assert figures("rows_parsed")[1] > 8_000
    assert_drawn(figures, "rows_parsed", "_T", FAULTS["broken_line"], of_missing=True)
    assert_drawn(figures, "duplicate_rows", "_T", FAULTS["duplicate_row"] / (1 + FAULTS["duplicate_row"]))
    # A row keyed twice is equal to the other only while neither got an unreadable value or a wrong code of its own.
    spoilt = 1 - (1 - FAULTS["unreadable_birth_date"]) ** 2 * (1 - FAULTS["bad_code"]) ** 6
    assert_drawn(figures, "repeated_events", "_T", KEYED_TWICE * (1 - spoilt) / (1 + FAULTS["duplicate_row"]))


def test_rows_without_a_date_are_no_records(country: Assessment) -> None:
    figures = Figures(country, MOVEMENTS)
    kept = (1 - FAULTS["broken_line"]) * (1 - FAULTS["unreadable_date"])
    assert_drawn(figures, "rows_accepted", "_T", kept)
    # Of five texts that are no date, two are fillers and three are dates that cannot be.
    unreadable = FAULTS["unreadable_date"] * 3 / 5
    assert_drawn(figures, "valid", "crossed_at", unreadable, of_missing=True)


def test_what_was_left_out_and_what_was_filled_up(country: Assessment) -> None:
    figures = Figures(country, MOVEMENTS)
    assert_drawn(figures, "missing", "purpose_code", NO_PURPOSE)
    assert_drawn(figures, "missing", "document_number", DOCUMENT * DOCUMENT_MISSING)
    left_out = BIRTH_DATE * BIRTH_MISSING
    assert_drawn(figures, "missing", "birth_date", left_out)
    assert_drawn(figures, "sentinel", "birth_date", (1 - left_out) * FAULTS["unreadable_birth_date"] * 2 / 5)
    complete = (1 - left_out) * (1 - FAULTS["unreadable_birth_date"])
    assert_drawn(figures, "complete", "birth_date", complete)
    assert_drawn(Figures(country, PERMITS), "missing", "document_2_number", NO_ORIGIN)


def test_codes_that_no_list_holds(country: Assessment) -> None:
    figures = Figures(country, MOVEMENTS)
    for variable in ("border_post_code", "document_kind_code", "citizenship_code"):
        assert_drawn(figures, "valid", variable, FAULTS["bad_code"], of_missing=True)
    for variable in ("direction", "sex", "counterpart_country_code"):
        assert figures.value("valid", variable) == 1.0


def test_birthdays_on_the_first_of_january(country: Assessment) -> None:
    # Before linkage a person with a wrong birth date is another one, so that the share is among mentions' people.
    january, july = (
        Figures(country, MOVEMENTS).value(f"born_1_{month}", "birth_date") for month in ("january", "july")
    )
    assert january > 10 * july
    assert july == pytest.approx(1 / 365.25, abs=0.004)


def test_ages_do_not_heap(country: Assessment) -> None:
    numerator, n = Figures(country, MOVEMENTS)("whipple", "birth_date")
    assert abs(numerator / n - 0.2) < 4 * math.sqrt(0.2 * 0.8 / n)


def test_a_synthetic_country_without_breaks_has_none(country: Assessment) -> None:
    figures = Figures(country, MOVEMENTS)
    assert figures.value("months_received") == 1.0
    assert figures.value("breaks") == 0
    assert figures.value("posts_reporting", "border_post_code") == 1.0


# -------------------------------------------------------------------------------------------------- with the truth


@pytest.fixture(scope="module")
def linked() -> tuple[Figures, Project]:
    project = built_project()
    return Figures(assess_project(project), MOVEMENTS), project


def truth(project: Project, name: str) -> pl.DataFrame:
    return pl.read_parquet(project.root.parent / "country" / "truth" / f"{name}.parquet")


def true_steps(project: Project, **only: str) -> tuple[int, int]:
    """Return how many consecutive recorded crossings of one person alternate, and how many there are."""
    recorded = truth(project, "crossing").filter("recorded").sort("true_id", "crossed_at")
    before = recorded.select(
        pl.col("direction").shift(1).over("true_id").alias("before"), "direction", "border_post"
    ).drop_nulls("before")
    if only:
        before = before.filter(border_post=only["post"])
    return before.filter(pl.col("before") != pl.col("direction")).height, before.height


def test_alternation_is_that_of_the_true_people(linked: tuple[Figures, Project]) -> None:
    figures, project = linked
    good, steps = true_steps(project)
    assert figures.value("alternation_linked") == pytest.approx(good / steps, abs=0.015)
    # Before linkage typing errors in name and document at once look like missing crossings, but not many.
    assert figures.value("alternation") == pytest.approx(good / steps, abs=0.03)
    # At an airport hardly a crossing is missed, at a land post one in twenty-five.
    assert figures.value("alternation_linked", "post.COL-PGN") < figures.value(
        "alternation_linked", "post.COL-BOG"
    )


def test_coverage_is_that_of_the_true_people(linked: tuple[Figures, Project]) -> None:
    figures, project = linked
    mention = truth(project, "mention")
    crossed = set(mention.filter(source="crossing")["true_id"])
    for declaration, source in ((PERMITS, "permit"), (VISAS, "visa")):
        people = set(mention.filter(source=source)["true_id"])
        true = len(people & crossed) / len(people)
        assert figures.value("coverage", f"against.{declaration}") == pytest.approx(true, abs=0.04), source
        assert figures.value("coverage_corrected", f"against.{declaration}") == pytest.approx(
            true, abs=0.04
        ), source
        # By document alone it is a minimum: permits are shown under numbers of their own.
        assert figures.value("coverage_by_document", f"against.{declaration}") < true + 0.02


def test_precision_and_recall_are_near_the_true_ones(linked: tuple[Figures, Project]) -> None:
    figures, _ = linked
    assert 0.97 <= figures.value("link_precision") <= 1
    assert 0.95 <= figures.value("link_recall") <= 1


def test_linked_people_agree_in_what_errors_leave_alike(linked: tuple[Figures, Project]) -> None:
    figures, _ = linked
    # Sex is wrong in 4 of a thousand records of either source: 99.2% agree, and with chance taken off 98.4%.
    assert figures.value("agreement", "sex") == pytest.approx(0.984, abs=0.03)
    assert figures.value("agreement", "birth_date") > 0.9


def test_every_figure_belongs_to_a_declared_indicator(
    linked: tuple[Figures, Project], country: Assessment
) -> None:
    from register.assess.declaration import load_indicators

    declared = set(load_indicators(linked[1].schema()).indicators)
    measured = set(linked[0].assessment.indicator["indicator_id"]) | set(country.indicator["indicator_id"])
    assert measured <= declared
    # Breaks, silent posts and check digits are in tests of their own: this country has none.
    assert declared - measured <= {"break_level", "post_silent", "mrz_check", "check_digit"}


def test_no_name_and_no_number_comes_out(linked: tuple[Figures, Project], tmp_path: Path) -> None:
    """Against every name and document number of the country, in the table and on the pages."""
    from register.assess.assess import assess
    from register.assess.declaration import load_indicators
    from register.assess.questionnaire import load_questionnaire
    from register.assess.report import Report

    assert callable(assess)
    figures, project = linked
    schema = project.schema()
    texts = set(figures.assessment.indicator["variable"]) | set(figures.assessment.indicator["period"])
    for language in ("es", "en"):
        page = Report(
            figures.assessment, load_indicators(schema), load_questionnaire(schema), schema, language
        ).page()
        texts |= set(page.replace("<", " ").replace(">", " ").replace(",", " ").split())
    path = next((project.root / "runs").glob("*/tables/identified/identity.parquet"))
    identity = pl.read_parquet(path)
    numbers = set(identity["document_number"].drop_nulls()) | set(identity["document_2_number"].drop_nulls())
    assert not {number for number in numbers if len(number) > 5} & texts
    full = set(
        identity.select(pl.concat_str("given_name", "surname_1", separator=" ")).to_series().drop_nulls()
    )
    whole = " ".join(texts)
    assert not [name for name in full if len(name) > 8 and name in whole]
