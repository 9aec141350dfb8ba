"""Completed registers: what nobody wrote down is drawn within the series, and counted beside the plain rule."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from kit.release import built_project

from register.project import Project
from register.release.declaration import load_releases
from register.release.sources import make_sources
from register.release.tables import count_cells
from register.run import find_run
from register.tables import open_tables, parameters_of, query_tables


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
                partition by person_id, draw, copy order by event_date, direction) as before
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
    parts = sum(flow[f"{name}_error"] ** 2 for name in ("outcome", "missing", "linkage")) ** 0.5
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


def test_a_release_gives_the_error_of_its_totals(project: Project) -> None:
    """Rubin's rule by hand for immigration of a year: what each register says, and the doubt within it."""
    events = query_tables(
        project, "select * from completed_event where year = 2021 and direction = 'immigration'"
    )
    registers = 10
    shared = events.filter(pl.col("draw") == 0)["probability"].sum()
    told = [
        shared + events.filter(pl.col("draw") == number)["probability"].sum()
        for number in range(1, registers + 1)
    ]
    mean = sum(told) / registers
    between = sum((value - mean) ** 2 for value in told) / (registers - 1)
    within = (events["weight"] * events["probability"] * (1 - events["probability"])).sum()

    releases = load_releases(project.schema())
    run = find_run(project.runs)
    with open_tables(project, run) as engine:
        values = make_sources(
            engine,
            lambda: open_tables(project, run),
            releases.schema,
            parameters_of(project, run),
            ["migration"],
        )
        cells = count_cells(engine, releases, releases.tables["T01"], values, project.secret()).frame
    total = cells.filter(
        pl.col("year") == "2021", pl.col("direction") == "immigration",
        *(pl.col(name) == "_T" for name in ("sex", "child", "nationality")),
    )  # fmt: skip
    assert between > 0
    assert total["estimate"][0] == pytest.approx(mean)
    assert total["variance"][0] == pytest.approx(within + (1 + 1 / registers) * between)
