"""Completed registers: what nobody wrote down is drawn within the series, and counted beside the plain rule."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import polars as pl
import polars.selectors as cs
import pytest
from kit.release import built_project
from polars.testing import assert_frame_equal

from register.commands import make_release
from register.console import Console
from register.engine import Engine
from register.errors import UsageError
from register.estimate import complete
from register.estimate.complete import read_sql
from register.pipeline import build
from register.project import Project, init_project
from register.release.declaration import load_releases
from register.release.sources import Values, linkages_of, make_sources
from register.release.tables import count_cells
from register.rules.codelists import register_codelists
from register.rules.residence import EVENTS, STAYS, Rule, create_tables
from register.run import Run, find_run
from register.schema import Schema
from register.show.results import no_flows
from register.tables import open_tables, parameters_of, query_tables


@pytest.fixture(scope="module")
def project() -> Project:
    return built_project()


def test_extracts_without_rows_make_a_register_of_nobody(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nobody = init_project(tmp_path / "nobody", "col")
    for extract in project.extracts.glob("*.csv"):
        with extract.open(encoding="utf-8") as lines:
            (nobody.extracts / extract.name).write_text(next(lines), "utf-8")
    built = build(nobody, Console("en", quiet=True))
    assert query_tables(nobody, "select count(*) as n from person")["n"][0] == 0
    assert query_tables(nobody, "select count(*) as n from completed_event")["n"][0] == 0
    no_flows(Console("en"), built.manifest["stages"])
    assert "no extract brought border crossings" in " ".join(capsys.readouterr().err.split())
    with pytest.raises(UsageError, match="no table counts anybody"):
        make_release(nobody, None, None, None)


def test_nothing_is_completed_after_the_last_day_observed(project: Project) -> None:
    last = query_tables(project, "select max(event_date) as last from completed_event")["last"][0]
    assert last.isoformat() <= "2022-12-31"
    assert query_tables(project, "select max(year) as last from flow")["last"][0] == 2022


def test_the_figures_are_the_same_under_another_key_and_part_by_part(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ids are made with the key of the project, and decide neither who is one person nor what is drawn.

    Nor do the parts in which completed lives go through the rule.
    """
    monkeypatch.setattr(complete, "MOVEMENTS", 20_000)
    other = init_project(tmp_path / "other", "col")
    shutil.copytree(project.extracts, other.extracts, dirs_exist_ok=True)
    build(other, Console("en", quiet=True))
    assert other.secret() != project.secret()
    assert query_tables(other, "select count(*) as n from movement")["n"][0] > 20_000 / 10 * 2
    for table in ("person", "flow", "stock", "account", "missing_rate"):
        found = [
            query_tables(one, f"from {table}").drop("person_id", strict=False) for one in (project, other)
        ]
        assert_frame_equal(*(frame.sort(~cs.float(), cs.float()) for frame in found), abs_tol=1e-6)


def test_the_first_people_are_a_sample_of_all(project: Project) -> None:
    """The model is estimated from the first people: their number must not go with how much was seen of them."""
    run = find_run(project.runs)
    parameters = parameters_of(project, run)
    with open_tables(project, run) as engine:
        register_codelists(engine.con, project.schema())
        create_tables(engine.con, ("presence",), parameters)
        for name in ("observed", "subject"):
            engine.run(f"create temporary table {name} as {read_sql(name, parameters.values())}")
        people, first, last, spread = engine.rows(
            """
            select count(*), avg(n) filter (2 * turn <= total), avg(n) filter (2 * turn > total), stddev(n)
            from (select person_id, count(*) as n from observed group by all)
            inner join (select person_id, turn, count(*) over () as total from subject) using (person_id)
            """
        )[0]
    # Two halves of a random order: their means differ by three standard errors in one order of four hundred.
    assert abs(first - last) < 3 * 2 * spread / people**0.5


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
    assert flow["standard_error"].to_list() == pytest.approx(parts.to_list(), abs=1e-6)
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


def between(told: list[float]) -> float:
    """Return the variance that disagreement between so many draws adds (Rubin 1987), by Student's distribution."""
    many = len(told)
    return (1 + 1 / many) * sum((value - sum(told) / many) ** 2 for value in told) / (many - 3)


def counted_of(engine: Engine, project: Project, run: Run, names: list[str]) -> Values:
    """Make what a release counts, as temporary tables; return the parameters that its tables may use."""
    schema, parameters = load_releases(project.schema()).schema, parameters_of(project, run)
    return make_sources(engine, lambda: open_tables(project, run), schema, parameters, names, run.manifest)


def test_a_release_gives_the_error_of_its_totals(project: Project) -> None:
    """Rubin's rule by hand for each year and direction: between registers, between linkages, and the doubt within."""
    releases = load_releases(project.schema())
    run = find_run(project.runs)
    registers, linkages = 10, linkages_of(run.manifest)
    assert linkages == 20
    with open_tables(project, run) as engine:
        values = counted_of(engine, project, run, ["migration"])
        cells = count_cells(engine, releases, releases.tables["T01"], values, project.secret()).frame
    totals = cells.filter(pl.col(name) == "_T" for name in ("sex", "child", "nationality"))
    events = query_tables(project, "select * from completed_event")
    changes = query_tables(
        project,
        """select year, direction, linkage, sum(sign * weight * probability) as change
        from (select * from completed_event union all select * from drawn_event)
        join linkage_change using (person_id) group by all""",
    )

    by_linkage = 0.0
    for total in totals.iter_rows(named=True):
        here = (pl.col("year").cast(pl.String) == total["year"]) & (pl.col("direction") == total["direction"])
        mine, changed = events.filter(here), changes.filter(here)
        shared = mine.filter(pl.col("draw") == 0)["probability"].sum()
        told = [
            shared + mine.filter(pl.col("draw") == number)["probability"].sum()
            for number in range(1, registers + 1)
        ]
        within = (mine["weight"] * mine["probability"] * (1 - mine["probability"])).sum()
        of_linkage = between(
            [changed.filter(pl.col("linkage") == number)["change"].sum() for number in range(1, linkages + 1)]
        )
        assert total["estimate"] == pytest.approx(sum(told) / registers)
        assert total["variance"] == pytest.approx(within + between(told) + of_linkage)
        by_linkage += of_linkage
    assert by_linkage > 0


def link_otherwise(engine: Engine, schema: Schema, linkage: int) -> None:
    """Put the persons of a drawn linkage in the place of those of the register, for the rule to derive them anew."""
    register_codelists(engine.con, schema)
    engine.run(
        f"""
        create temporary table membership as
        select identity_id, coalesce(drawn.person_id, own.person_id) as person_id, own.method
        from membership as own left join (
            select identity_id, person_id from drawn_membership where draw = {linkage}
        ) as drawn using (identity_id)
        """
    )
    engine.run(
        "create temporary table person as"
        " select * from (select * from person union all select * from drawn_person)"
        " where person_id in (select person_id from membership)"
    )


def test_stays_and_crossings_carry_the_error_of_linkage(project: Project) -> None:
    """As if the whole register were derived again under another linkage, which moves crossings and adds none."""
    releases, run = load_releases(project.schema()), find_run(project.runs)
    parameters, linkages = parameters_of(project, run), linkages_of(run.manifest)
    count = "select linkage, year, sum(weight)::double as n from source_spell group by all"
    with open_tables(project, run) as engine:
        values = counted_of(engine, project, run, ["spell", "movement"])
        stays, crossings = (
            count_cells(engine, releases, releases.tables[name], values, project.secret()).frame
            for name in ("T08", "T13")
        )
        counted = engine.frame(count)
    every = crossings.filter(
        pl.col("recorded") == "REC", *(pl.col(c) == "_T" for c in ("sex", "child", "post"))
    )
    assert every["variance"].max() == 0 < every["estimate"].sum()
    assert crossings["variance"].max() > 0  # type: ignore[operator]
    changed = counted.filter(pl.col("linkage") > 0, pl.col("n") != 0)
    year, linkage = changed.sort("year", "linkage").row(0, named=True)["year"], changed["linkage"].min()

    totals = stays.filter(
        pl.col("year") == str(year), *(pl.col(c) == "_T" for c in ("sex", "child", "duration"))
    )
    here = counted.filter(pl.col("year") == year)
    told = [here.filter(pl.col("linkage") == number)["n"].sum() for number in range(1, linkages + 1)]
    assert between(told) > 0

    with open_tables(project, run) as other:
        link_otherwise(other, releases.schema, linkage)
        create_tables(other.con, STAYS, parameters)
        whole = other.frame(
            f"""
            select year(to_date) as year, count(*) as n from stay
            where to_evidence not in ('death', 'birth') and from_evidence in (
                'crossing', 'midpoint', 'permit_expiry', 'stochastic', 'permit', 'act', 'marriage'
            ) and year(to_date) between {values["first_year"]} and {values["last_year"]} group by 1
            """
        )
    both = counted.filter(pl.col("linkage").is_in([0, linkage])).group_by("year").agg(pl.col("n").sum())
    assert_frame_equal(
        both.cast({"n": pl.Int64}), whole.cast({"n": pl.Int64}), check_row_order=False, check_dtypes=False
    )
    assert totals["variance"].sum() > 0


def test_every_rule_carries_the_error_of_linkage(project: Project) -> None:
    """Migrations of another linkage, whoever they are, by a rule that is not the project's: as if derived of all."""
    releases, run = load_releases(project.schema()), find_run(project.runs)
    parameters = parameters_of(project, run)
    with open_tables(project, run) as engine:
        values = counted_of(engine, project, run, ["concordance"])
        own, told = (
            engine.frame(
                f"""select split_part(unit_id, '@', 1) as event_id, weight::double as probability
                from {source} order by 1"""
            )
            for source in (
                f"source_concordance where linkage = 0 and rule = '{parameters.rule.name}'",
                f"(select event_id as unit_id, probability as weight from event where year >= {values['first_year']})",
            )
        )
        assert_frame_equal(own, told)
        final = engine.frame(
            """select linkage, year, direction, sum(weight)::bigint as n from source_concordance
            where rule = '6-of-12' and is_final group by all"""
        )
        cells = count_cells(engine, releases, releases.tables["T16"], values, project.secret()).frame
    changed = final.filter(pl.col("linkage") > 0, pl.col("n") != 0).sort("year", "direction", "linkage")
    linkage, year, direction, _ = changed.row(0)
    (total,) = cells.filter(
        pl.col("year") == str(year),
        pl.col("direction") == direction,
        *(pl.col(name) == "_T" for name in ("sex", "child")),
        rule="6-of-12",
    )["variance"]
    here = final.filter(year=year, direction=direction)
    of_linkage = between([here.filter(linkage=k)["n"].sum() for k in range(1, linkages_of(run.manifest) + 1)])
    assert total == pytest.approx(of_linkage)
    assert of_linkage > 0
    given = replace(parameters, rule=Rule.preset("6-of-12"))
    with open_tables(project, run) as other:
        link_otherwise(other, releases.schema, linkage)
        create_tables(other.con, (*STAYS, *EVENTS), given)
        whole = other.frame(
            f"""select year, direction, count(*) as n from event
            where status = 'final' and year >= {final["year"].min()} group by all"""
        )
    both = final.filter(pl.col("linkage").is_in([0, linkage])).group_by("year", "direction").agg(pl.sum("n"))
    assert_frame_equal(both, whole, check_row_order=False, check_dtypes=False)


def test_people_of_other_linkages_weigh_nothing_in_the_register(project: Project) -> None:
    ((mixed, lived),) = query_tables(
        project,
        """select
            (select count(*) from (
                select person_id from completed_event union select person_id from completed_residency
            ) semi join drawn_person using (person_id)) as mixed,
            (select count(*) from drawn_residency semi join drawn_person using (person_id)) as lived""",
    ).rows()
    assert mixed == 0
    assert lived > 0


def test_sums_are_kept_without_the_decimals_that_the_order_of_adding_decides(project: Project) -> None:
    """Threads add in any order: what differs then, some 1e-10, must not stand in the tables."""
    for table, digits in (("flow", 7), ("stock", 7), ("account", 7), ("completed_event", 12)):
        numbers = query_tables(project, f"select * from {table}").select(pl.col(pl.Float64))
        assert numbers.width > 0
        assert numbers.equals(numbers.with_columns(pl.all().round(digits)))
