"""From `pair` to `membership`: clusters, cut where no one person could live them.

The order is: what reviewers decided, links above the threshold, then the itinerary rules.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from register.link import compile as compiled
from register.link.confidence import Expected, expect
from register.link.cut import apply_decisions, cut, make_cores
from register.link.edges import add_absent, make_links
from register.link.itinerary import Itinerary, find_impossible
from register.link.persons import make_persons
from register.link.records import drop_records
from register.link.rules import Rules


@dataclass(frozen=True)
class ResolveReport:
    """How the clusters came out: counts only.

    ``ids_changed`` is the share of identities known from the run before, by themselves or by corrected records, whose
    person has another id now; None in a first run. ``links_completed`` are pairs short of the threshold whose journeys
    complete each other. ``expected`` is the precision and recall that the model's own probabilities promise.
    """

    identities: int
    persons: int
    clusters_cut: int
    links_cut: int
    links_completed: int
    conflicts: dict[str, int]
    changes: dict[str, int]
    ids_changed: float | None
    expected: Expected


def resolve(con: duckdb.DuckDBPyConnection, rules: Rules, itinerary: Itinerary, key: str) -> ResolveReport:
    """Create ``membership``, ``person``, ``conflict`` and ``person_change``.

    See the package's docstring for the tables read. ``key`` is the project's secret for opaque ids.
    """
    added = add_absent(con)
    completed = make_links(con, rules, itinerary)
    make_cores(con)
    find_impossible(con, itinerary, compiled.identities(rules))
    apply_decisions(con)
    clusters_cut = cut(con)
    (links_cut,) = con.execute("select count(*) from parted").fetchall()[0]
    report = make_persons(con, key)
    _conflicts(con, itinerary)
    con.execute(
        "create or replace temp table overruled as select l, r from parted union select l, r from judged"
    )
    expected = expect(
        con,
        # A link that nothing parted is within one person: of the many it need not be asked in which.
        f"""
        with asked as (from scored where not is_identical),
        held as (select l, r, probability from asked where weight >= {rules.link}),
        doubted as (
            select l, r, probability from asked where weight < {rules.link}
            union all from held semi join overruled using (l, r)
        )
        select probability as p, l as one, l as other from held anti join overruled using (l, r)
        union all
        select probability, coalesce(a.cluster, l), coalesce(b.cluster, r) from doubted
        left join cluster as a on a.node = l left join cluster as b on b.node = r
        """,
        """
        select coalesce(a.cluster, l) as one, coalesce(b.cluster, r) as other from told
        left join cluster as a on a.node = l left join cluster as b on b.node = r
        """,
    )
    drop_records(con)
    for name in [
        *added,
        *("node", "scored", "edge", "cluster", "core", "impossible", "judged", "grown", "parted", "told"),
        *("overruled", "undivided"),
    ]:
        con.execute(f"drop table {name}")
    conflicts = dict(con.execute("select rule, count(*) from conflict group by 1 order by 1").fetchall())
    return ResolveReport(
        identities=report.identities,
        persons=report.persons,
        clusters_cut=clusters_cut,
        links_cut=links_cut,
        links_completed=completed,
        conflicts=conflicts,
        changes=report.changes,
        ids_changed=report.ids_changed,
        expected=expected,
    )


def _conflicts(con: duckdb.DuckDBPyConnection, itinerary: Itinerary) -> None:
    """Create ``conflict``, and ``told`` by nodes: what was held apart against the model, and what no cut could part."""
    days = itinerary.rules.get("after_death", {}).get("days", 0)
    con.execute(
        f"""
        create or replace temp table told as
            select i.rule, i.l, i.r, 'parted' as detail from impossible as i
            join grown as a on a.node = i.l
            join grown as b on b.node = i.r where a.was = b.was and a.part <> b.part
            union all
            select i.rule, i.l, i.r, 'kept' from impossible as i
            join cluster as a on a.node = i.l join cluster as b on b.node = i.r where a.cluster = b.cluster
            union all
            select 'decision', l, r, 'contested' from judged where is_contested
            union all
            select 'decision', node, node, 'one identity' from undivided
            union all
            select distinct 'after_death', node, node, 'one identity' from seen join travelled using (node)
            where crossed_at::date > died_on + {days}
        """
    )
    con.execute(
        """
        create or replace table conflict as
        select rule, p.person_id, identity_id_l, identity_id_r, detail from (
            select rule, least(a.identity_id, b.identity_id) as identity_id_l,
                greatest(a.identity_id, b.identity_id) as identity_id_r, detail
            from told join node as a on a.node = l join node as b on b.node = r
        ) join membership as p on p.identity_id = identity_id_l
        order by all
        """
    )
