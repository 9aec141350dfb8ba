"""A survey that misses migrants, calibrated to the register of the same synthetic country, whose truth is known."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from kit import command

from register.calibrate.command import calibrate_file
from register.calibrate.definition import told_definition, written_definition
from register.calibrate.totals import benchmarks_table, share_out
from register.commands import write_synthetic_country
from register.console import Console
from register.errors import DeclarationError, RegisterError, UsageError
from register.pipeline import build
from register.project import Project, init_project, load_project
from register.tables import query_tables

DAY = "2022-01-01"
REGISTER_BLOCK = (
    'source = "register"\nby     = ["nationality", "sex"]\nwhere  = { nationality = ["VEN", "OTHER"] }\n'
)
FAIR = 0.8
LARGEST_EFFECT = 2.0


@dataclass
class Country:
    """A project with a built run, and the survey of the same people."""

    project: Project
    folder: Path
    population: pl.DataFrame
    survey: pl.DataFrame

    @property
    def foreigners(self) -> int:
        return int((self.population["citizenship_code"] != "COL").sum())

    def calibrate(self, folder: Path, *edits: tuple[str, str], **tables: str) -> dict[str, Any]:
        """Calibrate with the shipped specification, edited; return the figures of the report."""
        shutil.copytree(self.folder / "survey", folder, dirs_exist_ok=True)
        spec = folder / "calibration.toml"
        text = spec.read_text("utf-8")
        for old, new in edits:
            assert old in text, old
            text = text.replace(old, new)
        spec.write_text(text, "utf-8")
        for name, content in tables.items():
            (folder / f"{name}.csv").write_text(content, "utf-8")
        out = folder / "weights.parquet"
        calibrate_file(
            folder / "survey.csv", spec, out, lambda: self.project, None, Console("en", quiet=True)
        )
        summary: dict[str, Any] = json.loads((folder / "weights_report.json").read_text("utf-8"))
        return summary

    def estimate(self, weights: pl.Series) -> float:
        return float(weights.filter(self.survey["nacionalidad"] != "COL").sum())


@pytest.fixture(scope="module")
def country(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Country]:
    root = tmp_path_factory.mktemp("calibration")
    write_synthetic_country(root / "country", 2500, 3, "2018-2022", None, survey=True)
    project = init_project(root / "project", "col")
    for extract in (root / "country" / "extracts").iterdir():
        shutil.move(extract, project.extracts / extract.name)
    build(project, Console("en", quiet=True))
    yield Country(
        load_project(project.root),
        root / "country",
        pl.read_parquet(root / "country" / "truth" / "survey_population.parquet"),
        pl.read_csv(root / "country" / "survey" / "survey.csv"),
    )
    shutil.rmtree(root)


def test_the_survey_misses_migrants_and_little_else(country: Country) -> None:
    survey = country.survey
    assert country.estimate(survey["fexp"]) < 0.75 * country.foreigners
    nationals = survey.filter(pl.col("nacionalidad") == "COL")["fexp"].sum()
    assert nationals == pytest.approx(country.population.height - country.foreigners, rel=0.15)
    assert survey.group_by("hogar").agg(pl.col("fexp", "upm").n_unique()).select(
        pl.col("fexp", "upm").max()
    ).row(0) == (1, 1)
    counted = pl.read_csv(country.folder / "survey" / "projection.csv")["total"].sum()
    assert counted == country.population.height


def test_calibrating_to_the_register_finds_the_migrants(country: Country, tmp_path: Path) -> None:
    summary = country.calibrate(tmp_path)
    weights = pl.read_parquet(tmp_path / "weights.parquet")
    before = country.estimate(weights["base_weight"]) - country.foreigners
    after = country.estimate(weights["weight"]) - country.foreigners
    assert abs(after) <= (1 - FAIR) * abs(before)
    assert summary["design_effect"]["after"] <= LARGEST_EFFECT
    assert weights["ratio"].is_between(0.3, 3).all()
    employed = country.population.filter(pl.col("citizenship_code") != "COL")["employed"].sum()
    (told,) = [one for one in summary["estimates"] if one["name"] == "foreigners employed"]
    assert abs(told["after"] - employed) < 0.5 * abs(told["before"] - employed)
    assert {one["date"] for one in summary["benchmarks"]} == {DAY}


def wrong_register(country: Country, factor: float) -> str:
    """Return the true numbers of foreigners times a factor, as a table of the office."""
    nationality = pl.when(pl.col("citizenship_code") == "VEN").then(pl.lit("VEN")).otherwise(pl.lit("OTHER"))
    counts = (
        country.population.filter(pl.col("citizenship_code") != "COL")
        .group_by(nationality.alias("nationality"), "sex")
        .agg(total=pl.len() * factor)
    )
    return counts.sort("nationality", "sex").write_csv()


def test_a_wrong_register_does_less_harm_when_it_says_how_sure_it_is(
    country: Country, tmp_path: Path
) -> None:
    """Totals 30% too high: hard, the survey follows them; soft, with their error, it does so only in part."""
    wrong = wrong_register(country, 1.3)
    table = (REGISTER_BLOCK, 'file = "wrong.csv"\n')
    hard = country.calibrate(tmp_path / "hard", table, wrong=wrong)
    soft = 'file = "wrong.csv"\nsoft = true\nrelative_error = 0.3\ncoverage_error = 0.4\n'
    told = country.calibrate(tmp_path / "soft", (REGISTER_BLOCK, soft), wrong=wrong)
    off = {
        name: country.estimate(pl.read_parquet(tmp_path / name / "weights.parquet")["weight"])
        / country.foreigners
        - 1
        for name in ("hard", "soft")
    }
    assert off["hard"] == pytest.approx(0.3)
    assert abs(off["soft"]) < 0.6 * abs(off["hard"])
    assert told["design_effect"]["after"] <= hard["design_effect"]["after"]
    foreign = [one for one in told["benchmarks"] if one["benchmark"] == "foreigners"]
    assert all(one["soft"] and one["standard_error"] == pytest.approx(0.3 * one["total"]) for one in foreign)
    assert all(one["difference_after"] < -0.05 for one in foreign), "what is left of the difference is told"
    page = (tmp_path / "soft" / "weights_report_en.html").read_text("utf-8")
    assert "<td>soft</td>" in page
    for one in foreign:
        assert f"{100 * one['difference_after']:.2f}".replace("-", "\u2212") in page


# ------------------------------------------------------------------------------------------------------- benchmarks


def test_benchmarks_are_the_stock_of_the_day(country: Country) -> None:
    found = benchmarks_table(country.project, None, None, DAY, ["citizenship_code"])
    stock = query_tables(
        country.project,
        f"""select citizenship_code, sum(estimate) as total, max(standard_error) as standard_error, count(*) as n
        from stock where reference_date = date '{DAY}' and estimate > 0 and citizenship_code is not null
        group by all order by citizenship_code""",
    )
    assert found["citizenship_code"].to_list() == stock["citizenship_code"].to_list()
    # The cells of the stock are kept to seven decimals, and a total is of many.
    assert found["total"].to_list() == pytest.approx(stock["total"].to_list(), abs=1e-6)
    # A cell of the stock by itself; errors of several cells do not add up as if these were drawn apart.
    alone = stock["n"] == 1
    errors = stock["standard_error"].filter(alone).to_list()
    assert found["standard_error"].filter(alone).to_list() == pytest.approx(errors, abs=1e-6)
    assert found["definition"].unique().to_list() == ["residents, 365 of 487 days"]
    assert found["date"].unique().to_list() == [DAY]


def test_a_definition_is_data_in_a_table_and_words_on_a_page() -> None:
    written = written_definition(365, 487, 0.985)
    assert written == "residents, 365 of 487 days, private households (0.985)"
    assert told_definition(written, "es") == "residentes, 365 de 487 días, en viviendas particulares (0,985)"
    assert told_definition(written_definition(183, 365, 1), "es") == "residentes, 183 de 365 días"
    assert told_definition("censados en 2018", "es") == "censados en 2018", "an office's own words stay"


def test_a_table_of_benchmarks_is_one_that_a_specification_reads(country: Country, tmp_path: Path) -> None:
    """Calibrating far from the register, to its exported totals, gives the same weights."""
    spec = country.folder / "survey" / "calibration.toml"
    out = tmp_path / "totals.csv"
    done = command("-C", str(country.project.root), "benchmarks", "--spec", str(spec), "-o", str(out))
    assert done.returncode == 0, done.stderr
    country.calibrate(tmp_path / "near")
    country.calibrate(
        tmp_path / "far", (REGISTER_BLOCK, 'file = "totals.csv"\n'), totals=out.read_text("utf-8")
    )
    near, far = (pl.read_parquet(tmp_path / name / "weights.parquet")["weight"] for name in ("near", "far"))
    assert far.to_list() == pytest.approx(near.to_list(), rel=1e-9)


def test_private_households_are_a_share_with_its_error(country: Country, tmp_path: Path) -> None:
    plain = country.calibrate(tmp_path / "a")
    share = (
        "[register.variables",
        "[register]\nprivate_share = 0.9\nprivate_share_error = 0.05\n\n[register.variables",
    )
    private = country.calibrate(tmp_path / "b", share)
    for one, other in zip(plain["benchmarks"], private["benchmarks"], strict=True):
        factor = 0.9 if one["benchmark"] == "foreigners" else 1
        assert other["total"] == pytest.approx(factor * one["total"])
    foreign = [one for one in private["benchmarks"] if one["benchmark"] == "foreigners"]
    before = [one for one in plain["benchmarks"] if one["benchmark"] == "foreigners"]
    for one, other in zip(before, foreign, strict=True):
        # Of the cells that were joined each has the error of the share by itself, of one half of the people or more.
        grown = other["standard_error"] ** 2 - (0.9 * one["standard_error"]) ** 2
        assert 0.49 * (0.05 * one["total"]) ** 2 < grown < 1.01 * (0.05 * one["total"]) ** 2
    assert "private households (0.9)" in foreign[0]["definition"]


def test_who_has_no_department_is_shared_out_as_compatriots_live() -> None:
    frame = pl.DataFrame(
        {
            "citizenship_code": ["VEN", "VEN", "VEN", "COL"],
            "department_code": ["05", "11", None, None],
            "draw": [0] * 4,
            "value": [0.0] * 4,
            "total": [30.0, 10.0, 8.0, 100.0],
            "variance": [0.0] * 4,
            "final": [30.0, 10.0, 8.0, 100.0],
            "change": [0.0, 0.0, 4.0, 0.0],
        }
    )
    found = (
        share_out(frame, "department_code")
        .group_by("citizenship_code", "department_code")
        .agg(pl.col("total", "variance", "change").sum())
    )
    told = {row[:2]: row[2:] for row in found.iter_rows()}
    # What another linkage changes is shared out like those whom it concerns.
    assert told == {
        ("VEN", "05"): (36, 8 * 0.75 * 0.25, 3),
        ("VEN", "11"): (12, 8 * 0.75 * 0.25, 1),
        ("COL", None): (100, 0, 0),
    }


def test_departments_can_be_benchmarks(country: Country) -> None:
    found = benchmarks_table(country.project, None, None, DAY, ["department_code"])
    assert found["total"].sum() == pytest.approx(country.foreigners, rel=0.15)


@pytest.mark.parametrize(
    ("edit", "key", "says"),
    [
        ((f"date      = {DAY}", "date      = 2031-01-01"), "day_outside_series", "2031"),
        ((f"date      = {DAY}", ""), "missing_key", "date"),
        (('from   = "citizenship_code"', 'from   = "citizenship"'), "no_register_column", "citizenship_code"),
    ],
)
def test_what_the_register_does_not_know(
    country: Country, tmp_path: Path, edit: tuple[str, str], key: str, says: str
) -> None:
    with pytest.raises(RegisterError) as caught:
        country.calibrate(tmp_path, edit)
    assert caught.value.key == key
    assert says in caught.value.message("es")


def test_benchmarks_of_nothing_are_refused(country: Country, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        benchmarks_table(country.project, None, None, None, [])
    with pytest.raises(DeclarationError):
        benchmarks_table(country.project, None, None, DAY, ["sexo"])
