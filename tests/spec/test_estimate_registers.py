"""Completed registers: what nobody wrote down is drawn within the series, and counted beside the plain rule."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from kit.release import built_project

from register.commands import query_tables
from register.project import Project


@pytest.fixture(scope="module")
def project() -> Project:
    return built_project()


def test_nothing_is_completed_after_the_last_day_observed(project: Project) -> None:
    last = query_tables(project, "select max(event_date) as last from completed_event")["last"][0]
    assert last.isoformat() <= "2022-12-31"
    assert query_tables(project, "select max(year) as last from flow")["last"][0] == 2022


def test_every_draw_of_a_person_alternates(project: Project) -> None:
    repeated = query_tables(
        project,
        """select count(*) as n from (
            select direction, lag(direction) over (
                partition by person_id, draw order by event_date, direction) as before
            from completed_event where status = 'final' and weight < 1
        ) as told where direction = before""",
    )["n"][0]
    assert repeated == 0


def test_the_plain_rule_stands_beside_the_estimate(project: Project) -> None:
    told = query_tables(
        project, "select year, direction, sum(plain_estimate) as plain from flow group by all order by all"
    )
    recorded = query_tables(
        project,
        f"""select year, direction, sum(probability) as plain from event
        where year >= {told["year"].min()} group by all order by all""",
    )
    both = told.filter(pl.col("plain") > 0)
    assert both["plain"].to_list() == pytest.approx(recorded["plain"].to_list())


def test_the_error_has_its_parts(project: Project) -> None:
    flow = query_tables(project, "select * from flow")
    parts = (flow["outcome_error"] ** 2 + flow["missing_error"] ** 2).sqrt()
    assert flow["standard_error"].to_list() == pytest.approx(parts.to_list())
    assert flow["missing_error"].max() > 0


def test_the_estimate_is_nearer_to_the_truth_than_the_plain_rule(project: Project) -> None:
    """The country leaves out crossings as borders do; without them visitors become migrants."""
    truth = pl.read_parquet(Path(project.root).parent / "country" / "truth" / "event.parquet")
    true = truth.group_by(pl.col("event_date").dt.year().alias("year"), "direction").len("true")
    told = query_tables(
        project,
        """select year, direction, sum(estimate) as estimate, sum(plain_estimate) as plain from flow
        where year < 2022 group by all""",
    ).join(true, on=["year", "direction"], how="left")
    off = told.select(pl.sum(name) / pl.sum("true") - 1 for name in ("estimate", "plain")).row(0)
    assert abs(off[0]) < abs(off[1])
