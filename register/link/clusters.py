"""Clusters: what links hold together, directly or through others."""

from __future__ import annotations

import duckdb


def connect(con: duckdb.DuckDBPyConnection, edges: str, into: str) -> None:
    """Create ``into`` (node, cluster): the connected components of ``edges`` (l, r), named by their smallest node.

    Only nodes that have an edge are listed. Every node follows its smallest neighbour, and that one's, down to a node
    that has no smaller one. What is left between such nodes is a smaller graph, connected in the same way.
    """
    step, parent, left, above = (f"{into}_{name}" for name in ("step", "parent", "left", "above"))
    con.execute(
        f"create or replace temp table {step} as select least(l, r) as l, greatest(l, r) as r from {edges}"
    )
    con.execute(
        f"""
        create or replace temp table {parent} as
        select r as node, min(l) as parent from {step} where l < r group by r
        """
    )
    further = f"select count(*) from {parent} as p semi join {parent} as q on q.node = p.parent"
    while con.execute(further).fetchall()[0][0]:
        con.execute(
            f"""
            create or replace temp table {parent} as
            select p.node, coalesce(q.parent, p.parent) as parent
            from {parent} as p left join {parent} as q on q.node = p.parent
            """
        )
    con.execute(
        f"""
        create or replace temp table {left} as
        select distinct coalesce(a.parent, l) as l, coalesce(b.parent, r) as r from {step}
        left join {parent} as a on a.node = l left join {parent} as b on b.node = r
        where coalesce(a.parent, l) <> coalesce(b.parent, r)
        """
    )
    (many,) = con.execute(f"select count(*) from {left}").fetchall()[0]
    if many:
        connect(con, left, above)
    else:
        con.execute(f"create or replace temp table {above} as select l as node, r as cluster from {left}")
    con.execute(
        f"""
        create or replace temp table {into} as
        select f.node, coalesce(a.cluster, f.parent) as cluster from (
            from {parent} union all select distinct l, l from {step} anti join {parent} on node = l
        ) as f left join {above} as a on a.node = f.parent
        """
    )
    for table in (step, parent, left, above):
        con.execute(f"drop table {table}")


def join_clusters(con: duckdb.DuckDBPyConnection, edges: str) -> None:
    """Let ``cluster``, the components of some links, be those of the same links and of ``edges`` (l, r) besides."""
    con.execute(
        f"""
        create or replace temp table bond as
        select coalesce(a.cluster, e.l) as l, coalesce(b.cluster, e.r) as r from {edges} as e
        left join cluster as a on a.node = e.l left join cluster as b on b.node = e.r
        where a.cluster is distinct from b.cluster or a.cluster is null
        """
    )
    connect(con, "bond", "joined")
    con.execute(
        """
        create or replace temp table cluster as
        select c.node, coalesce(j.cluster, c.cluster) as cluster from cluster as c
        left join joined as j on j.node = c.cluster
        union all
        select node, cluster from joined anti join cluster using (node)
        """
    )
    con.execute("drop table bond; drop table joined")
