"""Which links decide who is one person, and how likely each is true.

What decides about two groups of identities is the strongest link between them: of a triangle with two strong sides the
third decides nothing, and ten weak links say no more than the best of them. So in doubt are the links of the maximum
spanning tree of each person (without one she falls apart into two) and, for each two persons, the strongest link
below the threshold (with it they are one).

A deciding link of match weight w is true with chance 1 / (1 + 2^(trust (even - w))). The chance that the model gives to
any pair is another: it knows nothing of the better links that most pairs have, nor of the rules of one life.
"""

from __future__ import annotations

import duckdb

from register.link.clusters import connect
from register.link.rules import Rules

#: A link of so many bits that are to be believed is in no doubt: one in 65,000 is false.
SURE = 16.0


def make_home(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``home`` (person_id, person, and what ``node`` has): a person is told by her smallest node."""
    con.execute(
        """
        create or replace temp table home as
        select n.*, m.person_id, min(n.node) over (partition by m.person_id) as person
        from node as n join membership as m using (identity_id)
        """
    )


def make_trees(con: duckdb.DuckDBPyConnection, rules: Rules) -> None:
    """Create ``block`` (node, block), ``tree`` (person, l, r, weight, chance) and ``tie`` (person, l, r).

    A block is what no draw parts, a tree links the blocks of a person, and ties hold what has no link.

    A tree grows as one of Boruvka's: in each round every piece takes its strongest link to another.
    """
    con.execute(
        f"""
        create or replace temp table within as
        with inner_link as (
            select e.l, e.r, e.weight, a.person,
                e.strength > 0 or e.weight >= {rules.even + SURE / rules.trust} as is_sure
            from edge as e join home as a on a.node = e.l join home as b on b.node = e.r where a.person = b.person
        )
        select * from inner_link semi join (select person from inner_link where not is_sure) using (person)
        """
    )
    connect(con, "(select l, r from within where is_sure)", "sure")
    con.execute(
        """
        create or replace temp table block as
        select h.node, case when w.person is null then h.person else coalesce(s.cluster, h.node) end as block
        from home as h left join (select distinct person from within) as w using (person)
        left join sure as s on s.node = h.node
        """
    )
    con.execute(
        "create or replace temp table piece as select b.node, b.block as piece from block as b join home using (node)"
        " where person in (select person from within)"
    )
    con.execute("create or replace temp table tree (person bigint, l bigint, r bigint, weight double)")
    while True:
        con.execute(
            """
            create or replace temp table chosen as
            with open as (
                select x.piece as x, y.piece as y, l, r, weight, person from within
                join piece as x on x.node = l join piece as y on y.node = r where x.piece <> y.piece
            ),
            best as (
                select * from (select x as piece, * from open union all select y as piece, * from open)
                qualify row_number() over (partition by piece order by weight desc, l, r) = 1
            )
            select distinct x, y, person, l, r, weight from best
            """
        )
        (many,) = con.execute("select count(*) from chosen").fetchall()[0]
        if not many:
            break
        con.execute("insert into tree select person, l, r, weight from chosen")
        connect(con, "(select x as l, y as r from chosen)", "joined")
        con.execute(
            """
            create or replace temp table piece as
            select p.node, coalesce(j.cluster, p.piece) as piece
            from piece as p left join joined as j on j.node = p.piece
            """
        )
        con.execute("drop table joined")
    con.execute(f"create or replace temp table tree as select *, {_chance(rules)} as chance from tree")
    # What one document holds together without a link of its own, no draw parts.
    con.execute(
        """
        create or replace temp table tie as
        select person, l, r from (
            select h.person, min(p.node) as l, min(min(p.node)) over (partition by h.person) as r
            from piece as p join home as h using (node) group by h.person, p.piece
        ) where l <> r
        """
    )
    for name in ("within", "sure", "piece", "chosen"):
        con.execute(f"drop table {name}")


def make_couples(con: duckdb.DuckDBPyConnection, rules: Rules) -> None:
    """Create ``couple`` (x, y, l, r, weight): two persons, and their strongest link below the threshold.

    Left out are those whom a reviewer, or a rule at a link above the threshold, held apart.
    """
    con.execute(
        f"""
        create or replace temp table couple as
        with apart as (
            select least(a.person, b.person) as x, greatest(a.person, b.person) as y from conflict as c
            join home as a on a.identity_id = c.identity_id_l join home as b on b.identity_id = c.identity_id_r
            union
            select least(a.person, b.person), greatest(a.person, b.person) from edge as e
            join home as a on a.node = e.l join home as b on b.node = e.r
            union
            select least(a.person, b.person), greatest(a.person, b.person) from judged as j
            join home as a on a.node = j.l join home as b on b.node = j.r where j.judgement = 'different'
        )
        select least(a.person, b.person) as x, greatest(a.person, b.person) as y, least(a.node, b.node) as l,
            greatest(a.node, b.node) as r, p.match_weight as weight
        from pair as p join home as a on a.identity_id = p.identity_id_l
        join home as b on b.identity_id = p.identity_id_r
        anti join apart on apart.x = least(a.person, b.person) and apart.y = greatest(a.person, b.person)
        where p.match_weight < {rules.link} and a.person <> b.person
        qualify row_number() over (
            partition by least(a.person, b.person), greatest(a.person, b.person)
            order by p.match_weight desc, least(a.node, b.node), greatest(a.node, b.node)
        ) = 1
        """
    )


def share_out(con: duckdb.DuckDBPyConnection, rules: Rules) -> None:
    """Add to ``couple`` the chance of each, ``owner``, and ``low`` to ``high``: a stretch of that length.

    A person is one with one of several others, not with each by itself: of two persons the one with more doubtful
    links owns the link, and of an owner's links at most one is drawn, the one in whose stretch her number falls.
    Together they have at most the chance of one.
    """
    con.execute(
        f"""
        create or replace temp table couple as
        with degree as (
            select person, count(*) as many from (select x as person from couple union all select y from couple)
            group by person
        ),
        owned as (
            select c.*, {_chance(rules)} as chance, case when a.many >= b.many then c.x else c.y end as owner
            from couple as c join degree as a on a.person = c.x join degree as b on b.person = c.y
        ),
        summed as (
            select *, sum(chance) over (partition by owner order by weight desc, l, r) as until,
                greatest(1.0, sum(chance) over (partition by owner)) as whole
            from owned
        )
        select x, y, l, r, weight, owner, chance / whole as chance, (until - chance) / whole as low,
            until / whole as high
        from summed
        """
    )


def _chance(rules: Rules) -> str:
    return f"1.0 / (1.0 + pow(2.0, {rules.trust} * ({rules.even} - weight)))"
