"""Clusters cut where no one person could live them.

A cluster that breaks a rule is taken apart and grown again from its strongest link down, leaving out every link that
would bring an impossible pair together: it is cut at its weakest links. Everything is SQL over whole tables; ties are
broken by identity ids, so neither the number of threads nor the order of files changes a result.
"""

from __future__ import annotations

import duckdb

from register.link.clusters import connect


def make_cores(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``core`` (node, core): the identities of a cluster that show one document, named by the smallest.

    Reads ``cluster``, ``edge``, ``node``, ``judged`` and ``identity``.
    """
    con.execute(
        """
        create or replace temp table showing as
        select c.cluster, c.node, hash(number) as number, birth_date from cluster as c join node using (node)
        -- a reviewer can part what one document holds together
        anti join (select unnest([l, r]) as node from judged where judgement = 'different') using (node)
        join (
            select identity_id, birth_date, document_number as number from identity
            where document_number is not null
            union all
            select identity_id, birth_date, document_2_number from identity where document_2_number is not null
        ) using (identity_id)
        """
    )
    _make_stray(con)
    con.execute(
        """
        create or replace temp table shared as
        with bearer as (from showing anti join stray using (node)),
        held as (
            select cluster, number, min(node) as first from bearer group by all having min(node) < max(node)
        )
        select distinct node as l, first as r from bearer join held using (cluster, number) where node <> first
        """
    )
    connect(con, "shared", "tied")
    con.execute(
        """
        create or replace temp table core as
        select c.node, coalesce(t.cluster, c.node) as core from cluster as c left join tied as t using (node)
        """
    )
    con.execute("drop table showing; drop table stray; drop table shared; drop table tied")


def _make_stray(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``stray`` (node): identities whose number is keyed wrong, a father's on a record of his son.

    Nobody else who shows the number was born in that year or one mistyped for it, and names and birth date make a
    stronger link with somebody who shows another number than they and the number make with anybody who shows it.
    """
    con.execute(
        """
        create or replace temp table stray as
        with odd as (
            select cluster, number from showing group by all having min(year(birth_date)) < max(year(birth_date))
        ),
        doubtful as (select distinct node from showing semi join odd using (cluster, number)),
        fellow as (
            select distinct a.node, s.node as other, true as is_fellow,
                case when year(a.birth_date) = year(s.birth_date) then true else a.birth_date is null
                    or damerau_levenshtein(year(a.birth_date)::varchar, year(s.birth_date)::varchar) <= 1 end as is_near
            from showing as a semi join doubtful using (node)
            join showing as s using (cluster, number) where a.node <> s.node
        ),
        alone as (select node from fellow group by node having not coalesce(bool_or(is_near), true)),
        linked as (
            select l as node, r as other, weight from edge semi join alone on node = l
            union all select r, l, weight from edge semi join alone on node = r
        )
        select node from linked left join fellow using (node, other) group by node
        having max(weight) filter (is_fellow is null) > coalesce(max(weight) filter (is_fellow), 0)
        """
    )


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
    """Grow the clusters that hold an impossible pair again; return how many there were, and leave ``parted`` (l, r).

    ``parted`` are the links that now lead from one cluster to another.

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
    con.execute(
        """
        create or replace temp table parted as
        select l, r from link join grown as a on a.node = l join grown as b on b.node = r where a.part <> b.part
        """
    )
    con.execute("drop table broken; drop table link; drop table joined")
    return int(broken)
