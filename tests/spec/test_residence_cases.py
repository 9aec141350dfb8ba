"""The outcomes that Stats NZ publishes for its rule hold, statuses and days to finality.

Three of the published cases set the initial status anew in the middle of a history (24, 26) or for a second person
(29). Their statuses and verdicts hold too; the days of finality of 24 and 26 are left out: there the office counts the
wait of later crossings from the day on which the new status was finalised, which is no part of the written rule and
which a file of crossings does not tell.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from register.rules.classify import classify
from register.rules.residence import RULINGS, Parameters, Rule, create_tables

# Row by row, the statuses that the cases set elsewhere than on the first.
SET_ANEW: dict[str, list[int | None]] = {
    "24": [None, None, 1, None, None],
    "26": [None, None, 0, None, None],
    "29": [None, None, None, None, None, 1, 1, 1],
}
LATER_FINALITY = ("24", "26")


@pytest.fixture(scope="module")
def cases(shared: Path) -> list[dict[str, Any]]:
    published: list[dict[str, Any]] = json.loads(
        (shared / "oracles" / "residence_cases.json").read_text("utf-8")
    )["cases"]
    return published


def crossings_of(case: dict[str, Any]) -> pl.DataFrame:
    status = SET_ANEW.get(case["case"], [case["initial"][0]["resident"]] * len(case["crossings"]))
    return pl.DataFrame(
        {
            "person_id": case["persons"],
            "date": [crossing["date"] for crossing in case["crossings"]],
            "direction": [crossing["direction"] for crossing in case["crossings"]],
            "initial_status": pl.Series(status, dtype=pl.Int32),
        }
    )


def test_every_published_status_and_verdict_holds(cases: list[dict[str, Any]]) -> None:
    wrong = []
    for case in cases:
        ruled = classify(
            crossings_of(case),
            threshold=case["threshold"],
            window=case["window"],
            observed_until=dt.date(2030, 12, 31),
        )
        for number, row in enumerate(ruled.iter_rows(named=True), 1):
            published = case["expect"][str(number)]
            ours = (row["status_before"], row["status_after"], int(row["is_migration"]))
            theirs = tuple(
                published[key] for key in ("res_status_before", "res_status_after", "is_long_term_mig")
            )
            if ours != theirs:
                wrong.append((case["case"], number, ours, theirs))
    assert len(cases) == 29
    assert wrong == []


def test_every_published_day_of_finality_holds(cases: list[dict[str, Any]]) -> None:
    """All three: of the status before, of the status after and of the verdict."""
    wrong, compared = [], 0
    for case in cases:
        if case["case"] in LATER_FINALITY:
            continue
        days = days_of_finality(crossings_of(case), Rule(case["threshold"], case["window"]))
        for number, ours in enumerate(days, 1):
            published = case["expect"][str(number)]
            if "days_LTM" in published:
                compared += 1
                theirs = tuple(published[key] for key in ("days_res_before", "days_res_after", "days_LTM"))
                if ours != theirs:
                    wrong.append((case["case"], number, ours, theirs))
    assert compared > 70
    assert wrong == []


def days_of_finality(crossings: pl.DataFrame, rule: Rule) -> list[tuple[int, int, int]]:
    """Return the three days of finality of each crossing, counted from the person's first."""
    with duckdb.connect() as connection:
        connection.register("crossing", crossings)
        connection.execute(
            """
            create temporary table history as
            select
                person_id::integer as person,
                row_number() over () as place,
                row_number() over () as record,
                date_diff('day', date '0001-01-01', date::date)::integer as day,
                (direction = 'arrival')::integer as side,
                true as is_crossing,
                null::integer as closes,
                initial_status as given_status
            from crossing
            """
        )
        create_tables(
            connection, RULINGS, Parameters(rule, dt.date.min, dt.date(2030, 12, 31), country="NZL")
        )
        return connection.execute(
            """
            select before_day - first, after_day - first, verdict_day - first
            from (select *, min(day) over (partition by person) as first from ruling)
            order by record
            """
        ).fetchall()
