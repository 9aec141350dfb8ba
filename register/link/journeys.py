"""Journeys as evidence: an entry never left on one document and an exit never entered on another complete each other.

A pair that falls short of the threshold by little is linked if nothing in names and birth date speaks against it and
the journeys of the two, put together, leave fewer gaps than each alone: the second passport on which somebody left is
the one missing in the journeys on the first.
"""

from __future__ import annotations

import duckdb

from register.link.clusters import join_clusters
from register.link.itinerary import Itinerary
from register.link.rules import Rules

RULE = "completed_journeys"


def link_completed(con: duckdb.DuckDBPyConnection, rules: Rules, itinerary: Itinerary) -> int:
    """Add to ``edge`` the pairs that their journeys complete, and to ``cluster`` what they join; return how many.

    Reads ``scored``, ``node``, ``cluster`` (of the links above the threshold), ``judged``, ``identity`` and
    ``travelled``. A gap is an arrival after an arrival, or a departure after a departure, within what is one person so
    far. Parameters of the rule: ``bits``, what completing is worth; ``gaps``, how many fewer there must be.
    """
    given = itinerary.rules.get(RULE)
    if not given:
        return 0
    con.execute(
        f"""
        create or replace temp table nearly as
        with short as (
            select s.l, s.r, coalesce(a.cluster, s.l) as x, coalesce(b.cluster, s.r) as y,
                s.weight + {given["bits"]} as weight
            from scored as s anti join judged as j on j.l = s.l and j.r = s.r
            left join cluster as a on a.node = s.l left join cluster as b on b.node = s.r
            where s.weight >= {rules.link - given["bits"]} and s.weight < {rules.link}
        )
        select short.* from short join node as a on a.node = l join node as b on b.node = r
        join identity as i on i.identity_id = a.identity_id join identity as j on j.identity_id = b.identity_id
        where x <> y
            and i.given_key = j.given_key and i.surname_1_key = j.surname_1_key
            and coalesce(i.surname_2_key = j.surname_2_key, true) and coalesce(i.birth_date = j.birth_date, true)
            and coalesce(i.sex = j.sex, true)
        """
    )
    con.execute(
        """
        create or replace temp table trip as
        with concerned as (select x as part from nearly union select y from nearly),
        member as (
            select c.node, c.cluster as part from cluster as c join concerned as o on o.part = c.cluster
            union select part, part from concerned
        )
        select m.part, t.crossed_at, t.turn, t.is_arrival from member as m join travelled as t using (node)
        where t.is_arrival is not null
        """
    )
    con.execute(
        f"""
        create or replace temp table completed as
        with alone as (
            select part, count(*) filter (is_arrival = before) as gaps from (
                select part, is_arrival, lag(is_arrival) over (partition by part order by crossed_at, turn) as before
                from trip
            ) group by part
        ),
        couple as (select distinct x, y from nearly),
        both_trips as (
            select x, y, crossed_at, turn, is_arrival from couple join trip on part = x
            union all select x, y, crossed_at, turn, is_arrival from couple join trip on part = y
        ),
        together as (
            select x, y, count(*) filter (is_arrival = before) as gaps from (
                select x, y, is_arrival, lag(is_arrival) over (partition by x, y order by crossed_at, turn) as before
                from both_trips
            ) group by x, y
        )
        select least(l, r) as l, greatest(l, r) as r, 0 as strength, weight from nearly join together using (x, y)
        join alone as a on a.part = x join alone as b on b.part = y
        where a.gaps + b.gaps - together.gaps >= {given["gaps"]}
        """
    )
    con.execute("insert into edge from completed")
    (added,) = con.execute("select count(*) from completed").fetchall()[0]
    if added:
        join_clusters(con, "completed")
    con.execute("drop table nearly; drop table trip; drop table completed")
    return int(added)
