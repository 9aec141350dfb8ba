"""From `pair` to `membership`: clusters, cut where no one person could live them.

The order is: what reviewers decided, links above the threshold, then the itinerary rules. A cluster that
breaks a rule is taken apart and grown again from its strongest link down, leaving out every link that would
bring an impossible pair together: it is cut at its weakest links. Everything is SQL over whole tables; ties
are broken by identity ids, so neither the number of threads nor the order of files changes a result.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from register.link import compile as compiled
from register.link.clusters import connect
from register.link.confidence import Expected, expect
from register.link.itinerary import Itinerary, find_impossible
from register.link.journeys import link_completed
from register.link.persons import make_persons
from register.link.records import drop_records, make_records
from register.link.rules import Rules

#: Tables the rules may read; an extract that an office does not have counts as empty.
_EMPTY = {
    "mention": "record_id varchar, source varchar, record_key varchar, role varchar, identity_id varchar",
    "crossing": "record_id varchar, crossed_at timestamp, direction varchar, border_post_code varchar",
    "visa": "record_id varchar, issued_on date",
    "permit": "record_id varchar, issued_on date",
    "birth": "record_id varchar, born_on date, registered_on date",
    "death": "record_id varchar, died_on date, registered_on date",
    "marriage": "record_id varchar, married_on date, registered_on date",
    "decision": "position bigint, source_l varchar, record_key_l varchar, role_l varchar, source_r varchar,"
    " record_key_r varchar, role_r varchar, judgement varchar",
    "previous_membership": "identity_id varchar, person_id varchar",
    "previous_mention": "record_id varchar, role varchar, identity_id varchar",
    "previous_person": "person_id varchar, first_seen_on date",
}


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
    links_cut = _links_cut(con)
    report = make_persons(con, key)
    _conflicts(con, itinerary)
    expected = expect(
        con,
        """
        select probability as p, coalesce(a.cluster, l) as one, coalesce(b.cluster, r) as other from scored
        left join cluster as a on a.node = l left join cluster as b on b.node = r where not is_identical
        """,
        """
        select coalesce(a.cluster, l) as one, coalesce(b.cluster, r) as other from told
        left join cluster as a on a.node = l left join cluster as b on b.node = r
        """,
    )
    drop_records(con)
    for name in [
        *added,
        *("node", "scored", "edge", "cluster", "core", "impossible", "judged", "grown", "told"),
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


def add_absent(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Create the tables that an office does not have, empty; return their names."""
    present = {row[0] for row in con.execute("select table_name from information_schema.tables").fetchall()}
    added = [name for name in _EMPTY if name not in present]
    for name in added:
        con.execute(f"create temp table {name} ({_EMPTY[name]})")
    return added


def make_links(con: duckdb.DuckDBPyConnection, rules: Rules, itinerary: Itinerary) -> int:
    """Create ``node``, ``judged``, ``edge``, ``cluster`` and the records; return how many links journeys completed."""
    _make_edges(con, rules)
    make_records(con)
    connect(con, "edge", "cluster")
    return link_completed(con, rules, itinerary)


def _make_edges(con: duckdb.DuckDBPyConnection, rules: Rules) -> None:
    """Create ``node``, ``scored`` and ``edge``: identities numbered in the order of their ids, their pairs and links.

    The links are those of reviewers and model; ``strength`` orders them: 2 a reviewer's, 1 of identities alike in all
    that is compared, 0 the model's.
    """
    con.execute(
        """
        create or replace temp table node as
        select row_number() over (order by identity_id) as node, identity_id from identity
        """
    )
    con.execute(
        """
        create or replace temp table judged as
        with asked as (
            select source_l as source, record_key_l as record_key, role_l as role from decision
            union select source_r, record_key_r, role_r from decision
        ),
        known as materialized (
            select source, record_key, role, node from mention
            semi join asked using (source, record_key, role) join node using (identity_id)
        )
        select least(a.node, b.node) as l, greatest(a.node, b.node) as r,
            arg_max(d.judgement, d.position) as judgement, count(distinct d.judgement) > 1 as is_contested
        from decision as d
        join known as a on a.source = d.source_l and a.record_key = d.record_key_l and a.role = d.role_l
        join known as b on b.source = d.source_r and b.record_key = d.record_key_r and b.role = d.role_r
        where a.node <> b.node group by 1, 2
        """
    )
    con.execute(
        """
        create or replace temp table scored as
        select least(a.node, b.node) as l, greatest(a.node, b.node) as r, p.match_weight as weight,
            p.match_probability as probability, p.match_key = 'identical' as is_identical
        from pair as p join node as a on a.identity_id = p.identity_id_l
        join node as b on b.identity_id = p.identity_id_r
        """
    )
    con.execute(
        f"""
        create or replace temp table edge as
        select l, r, is_identical::tinyint as strength, weight from scored anti join judged using (l, r)
        where weight >= {rules.link}
        union all select l, r, 2, 0 from judged where judgement = 'same'
        """
    )


def make_cores(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``core`` (node, core): the identities of a cluster that show one document, named by the smallest."""
    con.execute(
        """
        create or replace temp table showing as
        select c.node, min(c.node) over (partition by c.cluster, hash(number)) as first from cluster as c
        join node using (node)
        -- a reviewer can part what one document holds together
        anti join (select unnest([l, r]) as node from judged where judgement = 'different') using (node)
        join (
            select identity_id, document_number as number from identity where document_number is not null
            union select identity_id, document_2_number from identity where document_2_number is not null
        ) using (identity_id)
        """
    )
    con.execute(
        "create or replace temp table shared as select distinct node as l, first as r from showing where node <> first"
    )
    connect(con, "shared", "tied")
    con.execute(
        """
        create or replace temp table core as
        select c.node, coalesce(t.cluster, c.node) as core from cluster as c left join tied as t using (node)
        """
    )
    con.execute("drop table showing; drop table shared; drop table tied")


def apply_decisions(con: duckdb.DuckDBPyConnection) -> None:
    """Reviewers come first: pairs they held to be two are impossible, pairs they held to be one are not."""
    con.execute("insert into impossible select 'decision', l, r from judged where judgement = 'different'")
    con.execute(
        """
        create or replace temp table impossible as
        select distinct rule, least(l, r) as l, greatest(l, r) as r from impossible
        anti join (select l, r from judged where judgement = 'same'
            union select r, l from judged where judgement = 'same') as same using (l, r)
        """
    )


def cut(con: duckdb.DuckDBPyConnection) -> int:
    """Grow the clusters that hold an impossible pair again; return how many there were.

    In each round two groups join if each is the other's strongest allowed link. A link that would join an
    impossible pair is gone for good, since groups only grow; so the rounds give what taking the links one by
    one from the strongest to the weakest would give. Identities that show one document are together from the
    start.
    """
    con.execute(
        """
        create or replace temp table broken as
        select distinct l.cluster from impossible as i
        join cluster as l on l.node = i.l join cluster as r on r.node = i.r where l.cluster = r.cluster
        """
    )
    (broken,) = con.execute("select count(*) from broken").fetchall()[0]
    con.execute(
        """
        create or replace temp table grown as
        select c.node, k.core as part, c.cluster as was from cluster as c join core as k using (node)
        semi join broken using (cluster)
        """
    )
    con.execute(
        """
        create or replace temp table link as
        select e.l, e.r, e.strength, e.weight from edge as e join grown as g on g.node = e.l
        """
    )
    while True:
        con.execute(
            """
            create or replace temp table joined as
            with barred as (
                select distinct least(a.part, b.part) as x, greatest(a.part, b.part) as y
                from impossible as i join grown as a on a.node = i.l join grown as b on b.node = i.r
            ),
            open as (
                select least(a.part, b.part) as x, greatest(a.part, b.part) as y, strength, weight, l, r
                from link join grown as a on a.node = l join grown as b on b.node = r where a.part <> b.part
            ),
            -- a reviewer's link joins what rules would part
            allowed as (
                select o.* from open as o
                left join barred as b using (x, y) where b.x is null or o.strength = 2
            ),
            strongest as (
                select x, y, strength, weight, l, r from allowed
                qualify row_number() over (partition by x, y order by strength desc, weight desc, l, r) = 1
            ),
            choice as (
                select part, x, y from (
                    select x as part, * from strongest union all select y as part, * from strongest
                ) qualify row_number() over (partition by part order by strength desc, weight desc, l, r) = 1
            )
            select x, y from choice group by x, y having count(*) = 2
            """
        )
        (many,) = con.execute("select count(*) from joined").fetchall()[0]
        if not many:
            break
        con.execute(
            """
            create or replace temp table grown as
            select g.node, coalesce(j.x, g.part) as part, g.was from grown as g
            left join joined as j on j.y = g.part
            """
        )
    con.execute(
        """
        create or replace temp table grown as
        select node, min(node) over (partition by part) as part, was from grown
        """
    )
    con.execute(
        """
        create or replace temp table cluster as
        select node, cluster from cluster anti join broken using (cluster)
        union all select node, part from grown
        """
    )
    con.execute("drop table broken; drop table link; drop table joined")
    return int(broken)


def _links_cut(con: duckdb.DuckDBPyConnection) -> int:
    (many,) = con.execute(
        """
        select count(*) from edge as e join cluster as a on a.node = e.l join cluster as b on b.node = e.r
        where a.cluster <> b.cluster
        """
    ).fetchall()[0]
    return int(many)


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
            select distinct 'after_death', node, node, 'one identity' from seen join travelled using (node)
            where crossed_at::date > died_on + {days}
        """
    )
    con.execute(
        """
        create or replace table conflict as
        select rule, p.person_id, a.identity_id as identity_id_l, b.identity_id as identity_id_r, detail
        from told join node as a on a.node = l join node as b on b.node = r
        join membership as p on p.identity_id = a.identity_id
        order by all
        """
    )
