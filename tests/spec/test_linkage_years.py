"""Five yearly updates with reviewers' decisions in between: what is new is compared, and nobody else's id moves."""

from __future__ import annotations

import atexit
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import duckdb
from kit.linkage import DECLARED, country, rules

from register.console import Console
from register.link.itinerary import load_itinerary
from register.link.predict import PredictReport, predict
from register.link.resolve import ResolveReport, resolve
from register.pipeline import build
from register.project import init_project
from register.synth import generate

FIRST, LAST = 2019, 2024
DATED = {
    "crossing": "crossed_at::date",
    "visa": "issued_on",
    "permit": "issued_on",
    "birth": "coalesce(registered_on, born_on)",
    "death": "coalesce(registered_on, died_on)",
    "marriage": "coalesce(registered_on, married_on)",
}
DECIDED = ("source_l", "record_key_l", "role_l", "source_r", "record_key_r", "role_r", "judgement")


@dataclass(frozen=True)
class Year:
    """The linkage of the register as it stood at the end of a year."""

    year: int
    con: duckdb.DuckDBPyConnection
    predicted: PredictReport
    resolved: ResolveReport
    decisions: tuple[tuple[str, ...], ...]

    def rows(self, table: str) -> list[tuple[object, ...]]:
        """The rows of a table in the order of their columns."""
        return self.con.execute(f"select * from {table} order by all").fetchall()

    @cached_property
    def person_of(self) -> Mapping[str, str]:
        """The person of each identity."""
        return dict(self.con.execute("select identity_id, person_id from membership").fetchall())


def known_until(year: int, *, newest_first: bool = False) -> duckdb.DuckDBPyConnection:
    """The records of the synthetic country that an office has at the end of a year."""
    tables = f"{country()[0]}/identified"
    con = duckdb.connect(config={"threads": 1 if newest_first else 2})
    con.execute("set enable_progress_bar = false")
    order = "order by record_id desc" if newest_first else ""
    for table, day in DATED.items():
        con.execute(
            f"create table {table} as from '{tables}/{table}.parquet' where year({day}) <= {year} {order}"
        )
    recorded = " union all ".join(f"select record_id from {table}" for table in DATED)
    con.execute(
        f"create table mention as from '{tables}/mention.parquet' semi join ({recorded}) using (record_id) {order}"
    )
    con.execute(
        f"""
        create table identity as select * replace (m.n_mention as n_mention)
        from '{tables}/identity.parquet' join (
            select identity_id, count(*) as n_mention from mention group by 1
        ) as m using (identity_id) {order.replace("record_id", "identity_id")}
        """
    )
    return con


def hand_on(before: Year, con: duckdb.DuckDBPyConnection, *names: str) -> None:
    """Let a year read tables of the year before."""
    for name in names:
        con.register("handed", before.con.sql(f"from {name}").to_arrow_table())
        con.execute(f"create table previous_{name} as from handed")
        con.unregister("handed")


def link(
    year: int, before: Year | None, decisions: tuple[tuple[str, ...], ...], *, everything: bool = False
) -> Year:
    """Link the register of a year; ``everything``: compare all of it, read in another order on one thread."""
    con = known_until(year, newest_first=everything)
    if before:
        hand_on(before, con, "membership", "person")
        if not everything:
            hand_on(before, con, "pair", "compared")
    columns = ", ".join(f"{name} varchar" for name in DECIDED)
    con.execute(f"create table decision (position bigint, {columns})")
    for position, decision in enumerate(decisions):
        con.execute("insert into decision values (?, ?, ?, ?, ?, ?, ?, ?)", [position, *decision])
    prior = before.predicted.prior if before and not everything else None
    predicted = predict(con, rules(), previous_prior=prior)
    resolved = resolve(con, rules(), load_itinerary(DECLARED / "itinerary.toml"), "a secret")
    return Year(year, con, predicted, resolved, decisions)


def review(year: Year) -> tuple[tuple[str, ...], ...]:
    """What reviewers decide in a year: two links are none, two other pairs are one person. No second thoughts."""
    named = (
        "select source, record_key, role, identity_id from mention qualify row_number() over ({}) = 1".format(
            "partition by identity_id order by record_id, role"
        )
    )
    chosen = year.con.execute(
        f"""
        with named as ({named}),
        decided as (
            select person_id from mention join membership using (identity_id) join decision
            on (source, record_key, role) in ((source_l, record_key_l, role_l), (source_r, record_key_r, role_r))
        ),
        weighed as (
            select p.*, a.person_id = b.person_id as is_one from pair as p
            join membership as a on a.identity_id = identity_id_l join membership as b on b.identity_id = identity_id_r
            where match_key <> 'identical' and a.person_id not in (from decided) and b.person_id not in (from decided)
        ),
        chosen as (
            (select identity_id_l, identity_id_r, 'different' as judgement from weighed where is_one
                order by match_weight, identity_id_l limit 2)
            union all
            (select identity_id_l, identity_id_r, 'same' from weighed where not is_one
                order by match_weight desc, identity_id_l limit 2)
        )
        select l.source, l.record_key, l.role, r.source, r.record_key, r.role, judgement
        from chosen join named as l on l.identity_id = identity_id_l join named as r on r.identity_id = identity_id_r
        order by all
        """
    ).fetchall()
    return tuple(tuple(map(str, row)) for row in chosen)


@cache
def updated() -> tuple[Year, ...]:
    """The first year and five updates."""
    years = [link(FIRST, None, ())]
    while years[-1].year < LAST:
        before = years[-1]
        years.append(link(before.year + 1, before, before.decisions + review(before)))
    for year in years:
        atexit.register(year.con.close)
    return tuple(years)


@cache
def rebuilt() -> tuple[Year, ...]:
    """Every other of the updates, everything compared again."""
    steps = list(zip(updated(), updated()[1:], strict=False))
    return tuple(link(now.year, before, now.decisions, everything=True) for before, now in steps[::2])


def test_a_yearly_update_gives_what_comparing_everything_gives() -> None:
    for now, whole in zip(updated()[1::2], rebuilt(), strict=True):
        assert now.predicted.known > 0 == whole.predicted.known
        for table in ("pair", "compared", "membership", "person", "conflict", "person_change"):
            assert now.rows(table) == whole.rows(table), (now.year, table)


def test_a_new_year_costs_what_is_new_in_it() -> None:
    for now, whole in zip(updated()[1::2], rebuilt(), strict=True):
        fresh = 1 - now.predicted.known / now.predicted.distinct
        share = sum(now.predicted.comparisons.values()) / sum(whole.predicted.comparisons.values())
        assert share <= 2 * fresh, "new with old and new with new: never more than twice the share of the new"
        assert now.predicted.candidates < whole.predicted.candidates


def company(person_of: Mapping[str, str]) -> dict[str, frozenset[str]]:
    groups: dict[str, set[str]] = {}
    for identity, person in person_of.items():
        groups.setdefault(person, set()).add(identity)
    return {person: frozenset(group) for person, group in groups.items()}


def test_nobody_whose_records_kept_their_company_changes_id() -> None:
    for before, now in zip(updated(), updated()[1:], strict=False):
        then = company(before.person_of)
        known = {identity for identity in now.person_of if identity in before.person_of}
        assert known == set(before.person_of), "extracts only grow here"
        same = company({identity: person for identity, person in now.person_of.items() if identity in known})
        kept = [person for person, group in same.items() if group in set(then.values())]
        assert len(kept) > 0.95 * len(then)
        assert [person for person in kept if then.get(person) != same[person]] == []


def test_the_share_of_changed_ids_is_told_and_each_is_accounted_for() -> None:
    for before, now in zip(updated(), updated()[1:], strict=False):
        moved = [name for name, person in before.person_of.items() if now.person_of[name] != person]
        assert now.resolved.ids_changed == len(moved) / len(before.person_of)
        assert len(moved) < 0.01 * len(before.person_of)
        told = {
            person
            for person, change, _ in now.rows("person_change")
            if change in ("merged", "split", "moved")
        }
        for name in moved:
            assert told & {before.person_of[name], now.person_of[name]}


def test_decisions_hold_in_every_later_year() -> None:
    for now in updated()[1:]:
        person_of = {
            (source, key, role): person
            for source, key, role, person in now.con.execute(
                "select source, record_key, role, person_id from mention join membership using (identity_id)"
            ).fetchall()
        }
        assert len(now.decisions) == 4 * (now.year - FIRST)
        for decision in now.decisions:
            left, right, judgement = decision[:3], decision[3:6], decision[6]
            assert (person_of[left] == person_of[right]) == (judgement == "same"), decision


def test_a_build_keeps_the_pairs_of_the_build_before_unless_told_to_redo_everything(tmp_path: Path) -> None:
    generate(tmp_path / "country", people=100, seed=5, years=(2020, 2022))
    project = init_project(tmp_path / "project", "col")
    extracts = sorted((tmp_path / "country" / "extracts").iterdir())
    late = [path for path in extracts if "2022" in path.name]
    assert late
    quiet = Console("en", quiet=True)
    for path in set(extracts) - set(late):
        shutil.copy(path, project.extracts / path.name)
    first = build(project, quiet, run_name="one", until="resolve").manifest["stages"]["link"]
    for path in late:
        shutil.copy(path, project.extracts / path.name)
    same_run = build(project, quiet, run_name="one", until="resolve").manifest["stages"]["link"]
    next_run = build(project, quiet, run_name="two", until="resolve").manifest["stages"]["link"]
    pairs = project.runs / "two" / "tables" / "identified" / "pair.parquet"
    kept = pairs.read_bytes()
    anew = build(project, quiet, run_name="two", until="resolve", force=True).manifest["stages"]["link"]
    assert [stage["pairs_kept_from"] for stage in (first, same_run, next_run, anew)] == [
        None,
        "one",
        "one",
        None,
    ]
    assert 0 < same_run["report"]["known"] < same_run["report"]["distinct"]
    assert next_run["report"]["candidates"] == 0
    assert anew["report"]["candidates"] > 0
    assert pairs.read_bytes() == kept
    with (project.linkage_rules / "people.toml").open("a") as rules_file:
        rules_file.write("# another rule may be another pair\n")
    changed = build(project, quiet, run_name="two", until="resolve").manifest["stages"]["link"]
    assert changed["pairs_kept_from"] is None


def test_a_name_corrected_in_a_later_delivery_changes_no_id(tmp_path: Path) -> None:
    """People known by one record alone: the identity is another when their names are, the record is the same."""
    generate(tmp_path / "country", people=100, seed=5, years=(2020, 2022))
    project = init_project(tmp_path / "project", "col")
    for path in (tmp_path / "country" / "extracts").iterdir():
        shutil.copy(path, project.extracts / path.name)
    quiet = Console("en", quiet=True)
    tables = build(project, quiet, run_name="one", until="resolve").path / "tables" / "identified"
    persons = f"""
        select record_key, role, person_id from '{tables}/mention.parquet' join '{tables}/membership.parquet'
        using (identity_id)
    """
    alone = duckdb.sql(
        f"""
        select record_key, person_id from ({persons}) where role = 'self'
            and person_id in (select person_id from ({persons}) group by 1 having count(*) = 1)
            and record_key in (select record_key from '{tables}/crossing.parquet') order by 1
        """
    ).fetchall()
    assert len(alone) > 2
    keys = {key for key, _ in alone}
    for path in sorted(project.extracts.glob("migracion_movimientos_*.csv")):
        header, *lines = (line.split(";") for line in path.read_text("latin-1").splitlines())
        surname = header.index("PRIMER_APELLIDO")
        of_them = [line for line in lines if line[0] in keys]
        for line in of_them:
            line[surname] += "S"
        if of_them:
            later = "\n".join(";".join(line) for line in (header, *of_them)) + "\n"
            path.with_name(f"{path.stem}_corregido.csv").write_text(later, "latin-1")
    build(project, quiet, run_name="one", until="resolve")
    assert duckdb.sql(f"select count(*) from '{tables}/superseded.parquet'").fetchall()[0][0] >= len(alone)
    now = dict(duckdb.sql(f"select record_key, person_id from ({persons}) where role = 'self'").fetchall())
    assert {key: now[key] for key in keys} == dict(alone)
    changed = duckdb.sql(f"select * from '{tables}/person_change.parquet'").fetchall()
    assert changed == []
