"""How much of a linkage is wrong, as its chances promise, on a country with twice the faults whose truth is known."""

from __future__ import annotations

import shutil
from math import sqrt
from pathlib import Path

import duckdb
import pytest
from kit import SECRET
from kit.linkage import rules

from register.concepts import RECORDS
from register.console import Console
from register.engine import literal
from register.estimate.figures import spread
from register.link.itinerary import load_itinerary
from register.link.redraw import RedrawReport, redraw
from register.pipeline import build
from register.project import KEY_FILE, init_project
from register.synth import generate

FAULTS = """
[crossing]
name = 0.20
birth_date = 0.03
document = 0.02
sex = 0.008
[permit]
name = 0.10
birth_date = 0.016
document = 0.016
no_origin_document = 0.20
[people]
twin = 0.02
sibling = 0.06
homonym = 0.02
"""
TABLES = ("pair", "membership", "conflict", "mention", "identity", "person", *RECORDS)
DRAWS = 40


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[duckdb.DuckDBPyConnection, RedrawReport]:
    """The linked country with its drawn linkages, and ``who`` (identity_id, true_id)."""
    folder = tmp_path_factory.mktemp("faulty")
    (folder / "faults.toml").write_text(FAULTS, "utf-8")
    generate(folder / "country", people=3000, seed=8, years=(2018, 2024), faults=folder / "faults.toml")
    project = init_project(folder / "project", "col")
    # Identities have ids of the key, and draws are of the ids.
    (project.root / KEY_FILE).write_text(SECRET, "ascii")
    for extract in (folder / "country" / "extracts").iterdir():
        shutil.copy(extract, project.extracts / extract.name)
    report = build(project, Console("en", quiet=True), until="resolve")
    con = duckdb.connect()
    for name in TABLES:
        path = next(Path(report.path).rglob(f"{name}.parquet"))
        con.execute(f"create view {name} as from {literal(path)}")
    found = redraw(con, rules(), load_itinerary(project.linkage_rules / "itinerary.toml"), DRAWS)
    truth = folder / "country" / "truth" / "mention.parquet"
    con.execute(
        f"""
        create table who as
        select identity_id, arg_max(true_id, (n, true_id)) as true_id from (
            select m.identity_id, t.true_id, count(*) as n
            from mention as m join {literal(truth)} as t using (source, record_key, role) group by all
        ) group by identity_id
        """
    )
    return con, found


def test_as_many_links_are_false_and_missed_as_promised(
    drawn: tuple[duckdb.DuckDBPyConnection, RedrawReport],
) -> None:
    con, report = drawn
    ((false, missed),) = con.execute(
        """
        select
            (select sum(n - 1) from (
                select count(distinct true_id) as n from membership join who using (identity_id) group by person_id)),
            (select sum(n - 1) from (
                select count(distinct person_id) as n from membership join who using (identity_id) group by true_id))
        """
    ).fetchall()
    expected = report.false_expected + report.missed_expected
    assert expected > 2
    assert abs(false + missed - expected) <= 3 * sqrt(expected)


def test_the_interval_with_linkage_holds_the_truth_more_often_than_the_bare_figure(
    drawn: tuple[duckdb.DuckDBPyConnection, RedrawReport],
) -> None:
    """How many people there are, by sex and half a decade of birth: a figure that only linkage can make wrong."""
    con, _ = drawn
    rows = con.execute(
        f"""
        with someone as (
            select person_id, sex, birth_date from person union all select person_id, sex, birth_date from drawn_person
        ),
        placed as (select *, coalesce(sex, '0') || year(birth_date) // 5 as cell from someone),
        own as (select cell, count(*) as n from placed semi join person using (person_id) group by cell),
        change as (
            select cell, linkage, sum(sign) as change from placed join linkage_change using (person_id) group by all
        ),
        error as (
            select cell, sqrt({spread("change", str(DRAWS))}) as error from change group by cell
        ),
        true_one as (
            select cell, count(*) as n from (
                select true_id, coalesce(mode(sex order by sex), '0')
                    || year(mode(birth_date order by birth_date)) // 5 as cell
                from who join identity using (identity_id) group by true_id
            ) group by cell
        )
        select own.n - coalesce(true_one.n, 0), coalesce(error, 0)
        from own left join true_one using (cell) left join error using (cell)
        """
    ).fetchall()
    bare = sum(off == 0 for off, _ in rows)
    covered = sum(abs(off) <= 1.96 * error + 1e-9 for off, error in rows)
    assert bare < covered
    assert covered >= 0.75 * len(rows)


def test_a_person_of_a_draw_is_of_identities_that_the_register_has(
    drawn: tuple[duckdb.DuckDBPyConnection, RedrawReport],
) -> None:
    con, report = drawn
    assert report.persons_drawn > 0
    ((wrong,),) = con.execute(
        """
        select count(*) from drawn_membership as d
        left join membership as m using (identity_id) where m.person_id is distinct from d.former_person_id
        """
    ).fetchall()
    assert wrong == 0
    # In a draw an identity has one person, and whoever loses one identity is gone with all.
    ((torn,),) = con.execute(
        """
        select count(*) from membership as m
        join (select distinct draw, former_person_id as person_id from drawn_membership) as gone using (person_id)
        anti join drawn_membership as d on d.draw = gone.draw and d.identity_id = m.identity_id
        """
    ).fetchall()
    assert torn == 0
