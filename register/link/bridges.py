"""Bridges: links without which a person would fall apart into two."""

from __future__ import annotations

import duckdb


def find_bridges(con: duckdb.DuckDBPyConnection, edges: str, into: str) -> int:
    """Create ``into`` (l, r, beyond): the bridges among ``edges``; return how many there are.

    Parameters
    ----------
    edges
        Relation with l, r: each undirected edge once. Any kind of identifier.
    into
        Name of the table made. ``beyond`` is the number of nodes on the side of ``l``, itself included.

    An edge in a triangle is none. From one end of each other edge a walk goes wherever it can without that edge: where
    it comes to the other end, the edge is none. All walks go on together, one step a round.
    """
    con.execute(
        f"""
        create or replace temp table bridge_step as
        select l as node, r as other from {edges} union select r, l from {edges}
        """
    )
    con.execute(
        f"""
        create or replace temp table {into} as
        with degree as (select node, count(*) as many from bridge_step group by node),
        tied as (
            select distinct e.l, e.r from {edges} as e
            join bridge_step as a on a.node = e.l join bridge_step as b on b.node = e.r and b.other = a.other
        )
        -- the walk starts where fewer ways lead on
        select case when x.many <= y.many then e.l else e.r end as l,
            case when x.many <= y.many then e.r else e.l end as r
        from {edges} as e anti join tied using (l, r)
        join degree as x on x.node = e.l join degree as y on y.node = e.r
        """
    )
    con.execute(f"create or replace temp table bridge_walk as select l, r, l as node from {into}")
    con.execute("create or replace temp table bridge_front as select * from bridge_walk")
    while True:
        con.execute(
            """
            create or replace temp table bridge_front as
            select distinct f.l, f.r, s.other as node from bridge_front as f join bridge_step as s using (node)
            where not (f.node = f.l and s.other = f.r)
            """
        )
        con.execute(
            "create or replace temp table bridge_front as from bridge_front anti join bridge_walk using (l, r, node)"
        )
        con.execute(
            "create or replace temp table bridge_back as select l, r from bridge_front where node = r"
        )
        for table in (into, "bridge_walk", "bridge_front"):
            con.execute(
                f"create or replace temp table {table} as from {table} anti join bridge_back using (l, r)"
            )
        (many,) = con.execute("select count(*) from bridge_front").fetchall()[0]
        if not many:
            break
        con.execute("insert into bridge_walk from bridge_front")
    con.execute(
        f"""
        create or replace temp table {into} as
        select l, r, count(*) as beyond from bridge_walk group by l, r order by l, r
        """
    )
    for table in ("step", "walk", "front", "back"):
        con.execute(f"drop table bridge_{table}")
    (found,) = con.execute(f"select count(*) from {into}").fetchall()[0]
    return int(found)
