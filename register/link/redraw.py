"""What other linkages the pairs allow: m draws of the links in doubt, each resolved by the rules of one life.

A link is a probability. In each draw the links that decide (``register.link.doubt``) hold with their chance; a link
that would make one person of two who cannot be one is never drawn, and what a draw brings together is resolved as the
register is. Everything else, and everybody without a link in doubt, stays as it is.

The number that decides is a hash of what the link's identities say, the draw and the seed: no order of rows, no number
of threads, no key of the project and no earlier run changes a draw.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from register.link import compile as compiled
from register.link.clusters import connect
from register.link.cut import apply_decisions, cut, make_cores
from register.link.doubt import make_couples, make_home, make_trees, share_out
from register.link.edges import add_absent, make_links
from register.link.itinerary import Itinerary, find_impossible
from register.link.persons import make_person
from register.link.records import drop_records, make_records
from register.link.rules import Rules

#: Strength and weight of what no draw parts: reviewers' links, and those in no doubt.
HELD = "2::tinyint as strength, 0.0::double as weight"


@dataclass(frozen=True)
class RedrawReport:
    """What could be otherwise: counts only.

    ``links_doubted`` are links that hold a person together, of which ``false_expected`` are false; ``couples`` are
    persons that may be one, of which ``missed_expected`` are. ``persons_changed`` is the mean over draws of the persons
    of the register with other company, and ``persons_drawn`` the number of different persons that draws made.
    """

    draws: int
    links_doubted: int
    false_expected: float
    couples: int
    missed_expected: float
    persons_changed: float
    persons_drawn: int


def redraw(
    con: duckdb.DuckDBPyConnection, rules: Rules, itinerary: Itinerary, draws: int, seed: int = 0
) -> RedrawReport:
    """Create ``drawn_membership``, ``drawn_person`` and ``linkage_change``.

    Reads what `register.link.resolve.resolve` reads, and its ``membership`` and ``conflict``.

    ``drawn_membership`` (draw, identity_id, person_id, former_person_id) holds identities whose company in a draw is
    another than in the register; a drawn person's id is a hash of her identities, so that she is the same in every
    draw. ``drawn_person`` describes her as ``person`` does. ``linkage_change`` (linkage, person_id, sign) tells who
    comes (1) and who goes (-1) in each draw.
    """
    added = add_absent(con)
    make_links(con, rules, itinerary)
    make_home(con)
    make_trees(con, rules)
    make_couples(con, rules)
    con.execute("create or replace temp table answer as select l, r, judgement from judged")
    _drop_impossible(con, rules, itinerary)
    share_out(con, rules)
    ((links, false), (couples, missed)) = con.execute(
        """
        select count(*), coalesce(sum(1 - chance), 0) from tree
        union all select count(*), coalesce(sum(chance), 0) from couple
        """
    ).fetchall()
    _draw(con, draws, seed)
    _resolve_draws(con, rules, itinerary)
    _people(con)
    ((changed, people),) = con.execute(
        "select count(*) filter (sign < 0) / greatest($draws, 1), count(distinct person_id) filter (sign > 0)"
        " from linkage_change",
        {"draws": draws},
    ).fetchall()
    drop_records(con)
    for name in (
        *(*added, "node", "scored", "judged", "edge", "cluster", "core", "impossible", "grown", "parted"),
        *("undivided", "home", "block", "tie", "tree", "couple", "answer", "drawn", "changed", "whole"),
        "gathered",
    ):
        con.execute(f"drop table {name}")
    return RedrawReport(
        draws, links, round(float(false), 4), couples, round(float(missed), 4), float(changed), people
    )


def _drop_impossible(con: duckdb.DuckDBPyConnection, rules: Rules, itinerary: Itinerary) -> None:
    """Leave in ``couple`` those that no rule would part: each is tried as if it were a draw of its own."""
    con.execute(
        "create or replace temp table drawn as"
        " select row_number() over (order by x, y) as draw, l, r, weight, true as is_linked from couple"
    )
    _resolve_draws(con, rules, itinerary)
    con.execute(
        """
        create or replace temp table couple as
        select c.* from couple as c join drawn using (l, r) semi join (
            select draw from whole join gathered using (node) group by draw having min(cluster) = max(cluster)
        ) using (draw)
        """
    )


def _draw(con: duckdb.DuckDBPyConnection, draws: int, seed: int) -> None:
    """Create ``drawn`` (draw, l, r, weight, is_linked): the links that come out otherwise than in the register."""

    def number(*identities: str) -> str:
        """Return SQL for the number in [0, 1) that a draw gives to identities."""
        told = ", ".join(f"{name}.content" for name in identities)
        return f"('0x' || left(md5(concat_ws('|', {int(seed)}, draw, {told})), 13))::bigint / pow(2.0, 52)"

    con.execute(
        f"""
        create or replace temp table drawn as
        with draw as (select unnest(range(1, {int(draws)} + 1)) as draw)
        select draw, t.l, t.r, t.weight, false as is_linked from tree as t cross join draw
        join home as a on a.node = t.l join home as b on b.node = t.r
        where {number("a", "b")} >= t.chance
        union all
        select draw, l, r, weight, true from (
            select draw, c.*, {number("a")} as number from couple as c cross join draw
            join home as a on a.node = c.owner
        ) where number >= low and number < high
        """
    )


def _resolve_draws(con: duckdb.DuckDBPyConnection, rules: Rules, itinerary: Itinerary) -> None:
    """Create ``whole`` and ``gathered`` (node, cluster): the changed persons of all draws, resolved at once.

    A node is here an identity in one draw; ``whole`` tells which. Only who gained company can break a rule.
    """
    con.execute(
        """
        create or replace temp table changed as
        select distinct draw, person from (
            select draw, l as node from drawn union all select draw, r from drawn
        ) join home using (node)
        """
    )
    con.execute(
        """
        create or replace temp table whole as
        select row_number() over (order by c.draw, h.node) as node, c.draw, h.node as was, h.identity_id, h.bearing,
            h.person, h.person_id, count(*) over (partition by c.draw, h.person) as size
        from changed as c join home as h using (person)
        """
    )
    con.execute(
        f"""
        create or replace temp table edge as
        with kept as (
            select c.draw, b.block as l, b.node as r, {HELD} from block as b join home using (node)
            join changed as c using (person) where b.node <> b.block
            union all
            select c.draw, t.l, t.r, {HELD} from tie as t join changed as c using (person)
            union all
            select c.draw, t.l, t.r, 0, t.weight from tree as t join changed as c using (person)
            anti join drawn as d on d.draw = c.draw and d.l = t.l and d.r = t.r
            union all
            select draw, l, r, 0, weight from drawn where is_linked
        )
        select least(a.node, b.node) as l, greatest(a.node, b.node) as r, strength, weight from kept as k
        join whole as a on a.draw = k.draw and a.was = k.l join whole as b on b.draw = k.draw and b.was = k.r
        """
    )
    con.execute(
        """
        create or replace temp table judged as
        select a.node as l, b.node as r, j.judgement from answer as j
        join whole as a on a.was = j.l join whole as b on b.was = j.r and b.draw = a.draw
        """
    )
    con.execute("create or replace temp table node as select node, identity_id, bearing from whole")
    make_records(con)
    connect(con, "edge", "gathered")
    con.execute(
        """
        create or replace temp table cluster as
        select node, cluster from gathered semi join (
            select cluster from gathered join whole using (node) group by 1 having min(person) < max(person)
        ) using (cluster)
        """
    )
    make_cores(con)
    find_impossible(con, itinerary, compiled.identities(rules))
    apply_decisions(con)
    cut(con)
    con.execute(
        """
        create or replace temp table gathered as
        select w.node, coalesce(c.cluster, g.cluster, w.node) as cluster from whole as w
        left join gathered as g using (node) left join cluster as c using (node)
        """
    )


def _people(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``drawn_membership``, ``drawn_person`` and ``linkage_change`` from what came out otherwise."""
    con.execute(
        """
        create or replace table drawn_membership as
        with other as (
            select cluster, 'd' || left(md5(string_agg(identity_id, '|' order by identity_id)), 16) as person_id
            from gathered join whole using (node) group by cluster
            having min(person) < max(person) or count(*) < max(size)
        )
        select w.draw, w.identity_id, o.person_id, w.person_id as former_person_id
        from whole as w join gathered using (node) join other as o using (cluster) order by 1, 2
        """
    )
    # A node is an identity again.
    con.execute(
        """
        create or replace temp table node as
        select row_number() over (order by identity_id) as node, identity_id
        from (select distinct identity_id from drawn_membership)
        """
    )
    make_records(con)
    con.execute(
        "create or replace temp table member as"
        " select distinct node, person_id, dense_rank() over (order by person_id) as person"
        " from drawn_membership join node using (identity_id)"
    )
    make_person(con, "member", "drawn_person")
    con.execute("drop table member")
    con.execute(
        """
        create or replace table linkage_change as
        select distinct draw as linkage, person_id, 1 as sign from drawn_membership
        union all select distinct draw, former_person_id, -1 from drawn_membership
        order by 1, 2
        """
    )
