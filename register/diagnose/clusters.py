"""Persons as clusters of identities: how large, of what shape, and how firmly held together."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from register.link.bridges import find_bridges

#: Upper ends of the classes of size; the last class is open.
SIZES = (1, 2, 3, 4, 5, 10, 20, 50)
#: In the order in which they are shown.
SHAPES = ("single", "pair", "complete", "mesh", "star", "chain", "tree", "held")
WEAKEST = 20
#: Bits above the threshold at which the classes of bridges end; the last class is open.
MARGINS = (2, 4, 8, 16)


@dataclass(frozen=True)
class SizeClass:
    """Persons with ``low`` to ``high`` identities (None: and more), and their records."""

    low: int
    high: int | None
    persons: int
    records: int


@dataclass(frozen=True)
class Shape:
    """Persons of a shape, identities alike in all that is compared counted as one.

    ``single`` one; ``pair`` two, linked; ``complete`` every two linked; ``mesh`` more links than are needed;
    ``star`` all to one; ``chain`` each to the next; ``tree`` another form without a spare link; ``held`` by a decision,
    a document or journeys that complete each other.
    """

    shape: str
    persons: int
    identities: int


@dataclass(frozen=True)
class BridgeClass:
    """Bridges whose weight lies in [low, high) bits (None: and more).

    ``halves`` are those with at least two identities on either side: where they are wrong, two persons were made one.
    """

    low: float
    high: float | None
    bridges: int
    halves: int


@dataclass(frozen=True)
class Bridge:
    """One bridge; ``smaller`` and ``larger`` are the identities on its sides."""

    identity_id_l: str
    identity_id_r: str
    match_weight: float
    smaller: int
    larger: int


def measure_sizes(con: duckdb.DuckDBPyConnection) -> list[SizeClass]:
    """Return persons by their number of identities. Reads ``person``."""
    classes = " ".join(f"when n_identity <= {high} then {high}" for high in SIZES)
    rows = con.execute(
        f"select case {classes} end as high, count(*), sum(n_record)::bigint from person group by 1"
    ).fetchall()
    told = {high: (persons, records or 0) for high, persons, records in rows}
    lows = [1, *(high + 1 for high in SIZES)]
    return [
        SizeClass(low, high, *told.get(high, (0, 0))) for low, high in zip(lows, (*SIZES, None), strict=True)
    ]


def make_links(con: duckdb.DuckDBPyConnection, link: float) -> None:
    """Create ``person_node`` (person_id, node) and ``person_link`` (person_id, l, r, weight): links within persons.

    Identities alike in all that is compared are one node, named by the smallest. Reads ``pair`` and ``membership``.
    """
    con.execute(
        """
        create or replace temp table person_node as
        select distinct m.person_id, coalesce(p.identity_id_l, m.identity_id) as node from membership as m
        left join (select identity_id_l, identity_id_r from pair where match_key = 'identical') as p
            on p.identity_id_r = m.identity_id
        """
    )
    con.execute(
        f"""
        create or replace temp table person_link as
        select a.person_id, identity_id_l as l, identity_id_r as r, match_weight as weight from pair
        join person_node as a on a.node = identity_id_l join person_node as b on b.node = identity_id_r
        where match_key <> 'identical' and match_weight >= {link} and a.person_id = b.person_id
        """
    )


def measure_shapes(con: duckdb.DuckDBPyConnection) -> list[Shape]:
    """Return persons by shape. Reads what `make_links` made."""
    rows = con.execute(
        """
        with nodes as (select person_id, count(*) as n from person_node group by 1),
        degree as (
            select person_id, node, count(*) as many from (
                select person_id, l as node from person_link union all select person_id, r from person_link
            ) group by all
        ),
        most as (select person_id, max(many) as most from degree group by 1),
        edges as (select person_id, count(*) as e from person_link group by 1)
        select case when n = 1 then 'single' when coalesce(e, 0) < n - 1 then 'held' when n = 2 then 'pair'
            when e = n * (n - 1) / 2 then 'complete' when e > n - 1 then 'mesh' when most = 2 then 'chain'
            when most = n - 1 then 'star' else 'tree' end as shape, count(*), sum(n)::bigint
        from nodes left join edges using (person_id) left join most using (person_id) group by 1
        """
    ).fetchall()
    told = {shape: (persons, identities) for shape, persons, identities in rows}
    return [Shape(shape, *told[shape]) for shape in SHAPES if shape in told]


def measure_bridges(con: duckdb.DuckDBPyConnection, link: float) -> tuple[list[BridgeClass], list[Bridge]]:
    """Return bridges by weight, and the weakest of those with company on both sides. Reads what `make_links` made.

    A person of two identities is one link and nothing else: not counted.
    """
    con.execute(
        """
        create or replace temp table larger as
        select l, r from person_link
        where person_id in (select person_id from person_node group by 1 having count(*) > 2)
        """
    )
    find_bridges(con, "larger", "bridge")
    con.execute(
        """
        create or replace temp table bridge as
        select p.l, p.r, p.weight, least(beyond, n - beyond) as smaller, greatest(beyond, n - beyond) as larger
        from bridge as b join person_link as p on (p.l, p.r) in ((b.l, b.r), (b.r, b.l))
        join (select person_id, count(*) as n from person_node group by 1) using (person_id)
        """
    )
    classes = " ".join(f"when weight < {link + high} then {link + high}" for high in MARGINS)
    rows = con.execute(
        f"select case {classes} end as high, count(*), count(*) filter (smaller > 1) from bridge group by 1"
    ).fetchall()
    told = {high if high is None else float(high): (many, halves) for high, many, halves in rows}
    ends = [link, *(link + high for high in MARGINS)]
    found = [
        BridgeClass(low, high, *told.get(high, (0, 0)))
        for low, high in zip(ends, (*ends[1:], None), strict=True)
    ]
    weakest = con.execute(
        f"""
        select l, r, weight, smaller, larger from bridge where smaller > 1
        order by weight, smaller desc, l, r limit {WEAKEST}
        """
    ).fetchall()
    con.execute("drop table larger; drop table bridge")
    return found, [Bridge(*row) for row in weakest]
