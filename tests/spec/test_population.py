"""The stock of any day, the rules side by side, and what was imputed, on a country small enough to check by hand."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import json
import shutil
from pathlib import Path

import polars as pl
import pytest
from kit.country import built_country

from register.cli import main
from register.errors import QualityError, UsageError
from register.pipeline import build
from register.population import FIRST_TO_LAST, imputed_by_post, rules_side_by_side, stock_on
from register.project import load_project
from register.rules.residence import PRESETS


def residents(day: str) -> float:
    _, [row] = stock_on(built_country().project, day)
    return round(row["estimate"], 6)


@pytest.mark.parametrize(
    ("day", "people", "why"),
    [
        ("2021-01-01", 5, "Germán, Nubia, Diego, Jorge and Miguel"),
        ("2021-07-01", 5, "Germán has left in May, Luz has come in February"),
        ("2022-05-31", 9, "with Horacio, Amparo, Nataly, who got a permit, and the newborn Mateo"),
        ("2023-06-30", 7, "without Horacio, who left in September 2022"),
    ],
)
def test_the_residents_of_any_day(day: str, people: int, why: str) -> None:
    assert residents(day) == people, why


def test_a_migration_counts_from_the_day_after_it() -> None:
    """The day on which someone comes or goes begins as the day before ended."""
    by_day = {day: residents(f"2021-02-{day:02}") for day in range(1, 29)}
    changes = [day for day in range(2, 29) if by_day[day] != by_day[day - 1]]
    assert len(changes) == 1
    assert by_day[28] == by_day[1] + 1


def test_on_1_january_it_is_the_stock_of_the_build() -> None:
    built = built_country()
    for date in built.values("select distinct reference_date from stock order by 1"):
        by = ("sex", "age_group", "citizenship_code", "birth_country_code")
        _, found = stock_on(built.project, date, by)
        expected = built.rows(
            f"select {', '.join(by)}, estimate from stock where reference_date = date '{date}' order by {', '.join(by)}"
        )
        assert [{name: row[name] for name in by} for row in found] == [
            {name: row[name] for name in by} for row in expected
        ]
        assert [row["estimate"] for row in found] == pytest.approx(
            [row["estimate"] for row in expected], abs=1e-7
        )


@pytest.mark.parametrize(
    ("day", "by", "key"),
    [
        ("2023-06-31", (), "stock_day"),
        ("2019-06-30", (), "stock_outside"),
        ("2025-06-30", (), "stock_outside"),
        ("2023-06-30", ("sexo",), "unknown_dimension"),
    ],
)
def test_what_cannot_be_counted_is_refused(day: str, by: tuple[str, ...], key: str) -> None:
    with pytest.raises(UsageError) as refusal:
        stock_on(built_country().project, day, by)
    assert refusal.value.key == key


def test_every_rule_is_applied_to_one_register() -> None:
    built = built_country()
    _, rows = rules_side_by_side(built.project)
    assert {row["rule"] for row in rows} == {*PRESETS, FIRST_TO_LAST}
    own = {(row["year"], row["immigration"], row["emigration"]) for row in rows if row["rule"] == "12-of-16"}
    counted = built.rows(
        "select year, coalesce(sum(probability) filter (direction = 'immigration'), 0), "
        "coalesce(sum(probability) filter (direction = 'emigration'), 0) from event where year >= 2022 group by year"
    )
    assert own == {tuple(row.values()) for row in counted}


def test_who_works_abroad_for_months_emigrates_by_the_laxer_rule_only() -> None:
    """Jorge is gone from January to May of each year, and in 2024 until the last day observed."""
    _, rows = rules_side_by_side(built_country().project)
    gone = {row["rule"]: row["emigration"] for row in rows if row["year"] == 2024}
    assert gone["6-of-12"] > gone["12-consecutive"] == 0


def test_a_year_whose_migrations_are_all_open_has_nothing_final() -> None:
    _, rows = rules_side_by_side(built_country().project)
    (last,) = [row for row in rows if (row["rule"], row["year"]) == ("12-of-16", 2024)]
    assert last["immigration"] + last["emigration"] > 0
    assert last["share_final"] == 0


def test_imputed_movements_are_counted_by_post() -> None:
    built = built_country()
    _, rows = imputed_by_post(built.project)
    assert (
        sum(row["movements"] for row in rows)
        == built.values("select count(*) from movement where is_in_scope")[0]
    )
    nataly = rows[0]
    assert (nataly["border_post_code"], nataly["proven_entries"], nataly["share_imputed"]) == (None, 1, 1.0)


def test_a_migration_that_is_lost_between_events_and_stock_stops_the_build(tmp_path: Path) -> None:
    """The accounting equation of its year is one person short: nothing may be published."""
    shutil.copytree(built_country().project.root, tmp_path / "p")
    project = load_project(tmp_path / "p")
    [events] = project.runs.rglob("completed_event.parquet")
    pl.read_parquet(events).filter(pl.col("event_date") != dt.date(2021, 2, 5)).write_parquet(events)
    with pytest.raises(QualityError) as refusal:
        build(project, first="flows")
    assert (refusal.value.key, refusal.value.exit_code, refusal.value.where) == (
        "account_open",
        13,
        "account",
    )
    assert (refusal.value.values["year"], refusal.value.values["residual"]) == ("2021", "+1.000000")


@pytest.mark.parametrize("command", [("stock", "2023-06-30"), ("concordance",), ("imputed",)])
@pytest.mark.parametrize("language", ["es", "en"])
def test_the_commands_print_a_table_or_json(command: tuple[str, ...], language: str) -> None:
    root = str(built_country().project.root)
    assert printed("-C", root, "--lang", language, *command).strip()
    assert json.loads(printed("-C", root, "--json", *command))["run"]


def printed(*arguments: str) -> str:
    """Return what a command prints on stdout."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        main(list(arguments))
    return out.getvalue()
