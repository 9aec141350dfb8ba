"""One engine for all tables: a declaration becomes cells with their margins, and the sums that tie them.

A source (``sources/*.sql``) has one row per thing counted: ``unit_id``, ``weight`` (the probability that it happened,
times the share of its completed register), ``draw`` (the completed register, 0 for all), ``draw_weight`` (its share),
``linkage``, ``is_final`` and the columns that dimensions read. A cell is the sum of weights of the rows that have its
codes; its variance is that of outcomes not yet known, mean over the m completed registers, and what lies
between them (`register.estimate.figures`). Rows of another linkage (``linkage`` above 0) are in no cell; what lies
between linkages is added likewise.
Cells with a total or a group of codes (a margin) equal sums of others: those sums are what an attacker uses, so
they are made here once, for rounding, suppression and audit alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from register.engine import Engine
from register.estimate.figures import spread
from register.release.declaration import TOTAL, UNKNOWN, Dimension, Releases, ReleaseTable
from register.rules.residence import bind

KEYS = 2**60
MEASURED = ("estimate", "variance", "final", "n", "key")
Values = Mapping[str, "int | str"]


@dataclass(frozen=True)
class Cells:
    """The true cells of one table, margins included. Nothing here may be written to a file of the release.

    Parameters
    ----------
    table
        The declaration.
    frame
        Dimensions, estimate, variance, final (certain part of the estimate), n (rows), key (sum of the record keys
        of the rows, modulo 2^60: the same rows give the same key, in any table and any release), group (cells
        of different groups are tied by no sum).
    sums
        sum (its number), parent, child: the cell in row ``parent`` is the sum of the cells ``child`` of that number.
    """

    table: ReleaseTable
    frame: pl.DataFrame
    sums: pl.DataFrame


def count_cells(
    engine: Engine, releases: Releases, table: ReleaseTable, values: Values, secret: str
) -> Cells:
    """Return the cells of a table, margins included.

    Parameters
    ----------
    engine
        With the source of the table made.
    values
        Parameters of the filter: ``country``; ``linkages``, how many were drawn.
    secret
        The project's secret, so that nobody else can compute a record key.
    """
    dimensions = [releases.dimensions[name] for name in table.dimensions]
    columns = ", ".join(f"{bind(d.expression(), values)} as {d.name}" for d in dimensions)
    names = ", ".join(table.dimensions)
    chosen = f"where {bind(table.filter, values)}" if table.filter else ""
    # HMAC in form and in use: the secret comes first, has a fixed length, and the result is cut.
    engine.run(f"""
        create or replace temporary table leaf as
        select {names}, case when linkage = 0 then draw else 0 end as draw, linkage,
            sum(weight)::double as told,
            coalesce(sum(weight * (1 - weight / draw_weight)) filter (linkage = 0), 0)::double as outcome,
            coalesce(sum(weight) filter (linkage = 0 and is_final), 0)::double as final,
            count(*) filter (linkage = 0) as n,
            coalesce(
                sum(('0x' || left(md5('{secret}|' || unit_id), 15))::bigint::hugeint) filter (linkage = 0), 0
            ) % {KEYS}::hugeint as key
        from (select {columns}, unit_id, weight, draw, draw_weight, linkage, is_final
            from source_{table.source} {chosen})
        group by all
        """)
    registers = (
        engine.frame(f"select round(1 / min(draw_weight)) as m from source_{table.source} where linkage = 0")[
            "m"
        ][0]
        or 1.0
    )
    draws = (registers, max(int(values["linkages"]), 1))
    for dimension in dimensions:
        _make_map(engine, dimension)
    crossed = " union all ".join(_margins_sql(table, dimensions, names, draws) for names in table.cross)
    within = ", ".join(table.within)
    frame = engine.frame(f"""
        select *, row_number() over (order by {names}) - 1 as row,
            {f"dense_rank() over (order by {within}) - 1" if within else "0"} as "group"
        from (
            -- Crossed in two ways a cell is added up in two orders, and may differ in its last digit.
            select {names}, {", ".join(f"min({name}) as {name}" for name in MEASURED)} from ({crossed}) group by {names}
        ) order by row
        """).with_columns(pl.col("key", "n", "row", "group").cast(pl.Int64))
    engine.con.register("cell", frame.to_arrow())
    return Cells(table, frame, _sums(engine, table))


def _make_map(engine: Engine, dimension: Dimension) -> None:
    """Make a table from leaf codes to the codes that contain them: itself, its groups, the total."""
    name = dimension.name
    pieces = [f"select {name} as code, {name} as parent from leaf", f"select {name}, '{TOTAL}' from leaf"]
    for code in dimension.codes:
        if code.parts:
            listed = ", ".join(f"'{part}'" for part in code.parts)
            pieces.append(f"select {name}, '{code.code}' from leaf where {name} in ({listed})")
    if dimension.parent:
        pieces.append(
            f"select code, {dimension.parent} from (select {name} as code from leaf) where code <> '{UNKNOWN}'"
        )
    engine.run(f"create or replace temporary table map_{name} as {' union '.join(pieces)}")


def _margins_sql(
    table: ReleaseTable, dimensions: Sequence[Dimension], crossed: Sequence[str], draws: tuple[float, int]
) -> str:
    """Return the query for all cells over the crossed dimensions, the others at their total."""
    selected, joined = [], []
    for dimension in dimensions:
        name = dimension.name
        if name in table.within:
            selected.append(f"leaf.{name}")
        elif name in crossed:
            selected.append(f"map_{name}.parent as {name}")
            joined.append(f"inner join map_{name} on map_{name}.code = leaf.{name}")
        else:
            selected.append(f"'{TOTAL}' as {name}")
    names = ", ".join(table.dimensions)
    # Of m registers each tells m times what it weighs.
    registers, linkages = draws
    missing = spread(f"(case when draw > 0 then told * {registers} else 0.0 end)", str(registers))
    linkage = spread("(case when linkage > 0 then told else 0.0 end)", str(linkages))
    positions = ", ".join(str(position + 1) for position in range(len(selected) + 2))
    # Rounded, so that one set of rows gives one value in every table, whatever the order of the addition.
    return f"""
        select {names}, round(coalesce(sum(told) filter (linkage = 0), 0), 9) as estimate,
            round(sum(outcome) + {missing} + {linkage}, 9) as variance,
            round(sum(final), 9) as final, sum(n) as n, sum(key) % {KEYS}::hugeint as key
        from (
            select {", ".join(selected)}, draw, linkage, sum(told) as told, sum(outcome) as outcome,
                sum(final) as final, sum(n) as n, sum(key) as key
            from leaf {" ".join(joined)} group by {positions}
        ) group by {names} having sum(n) > 0
        """


def _sums(engine: Engine, table: ReleaseTable) -> pl.DataFrame:
    """Return the sums: one per combination and margin, along the first dimension in which the cell is a margin.

    Those along its other dimensions follow from these.
    """
    pieces = []
    for number, crossed in enumerate(table.cross):
        outside = [f"p.{name} = '{TOTAL}'" for name in table.summed if name not in crossed]
        for position, name in enumerate(crossed):
            leaves = [f"p.{other} in (select code from map_{other})" for other in crossed[:position]]
            same = " and ".join(f"p.{other} = c.{other}" for other in table.dimensions if other != name)
            pieces.append(f"""
                select {number} as crossed, p.row as parent, c.row as child
                from cell as p
                inner join map_{name} as m on m.parent = p.{name} and m.code <> m.parent
                inner join cell as c on {same or "true"} and c.{name} = m.code
                where {" and ".join([*outside, *leaves]) or "true"}
                """)
    return engine.frame(f"""
        select dense_rank() over (order by crossed, parent) - 1 as sum, parent, child
        from ({" union all ".join(pieces)}) order by sum, child
        """)
