"""The residence rule over many people at once in DuckDB: sorted once, then walked in order, part by part.

The crossings are sorted by person and time; the rule streams over that order (see
:func:`register.rules.residence.sql`) for one part of the people after the other, side by side on the processors, so
that memory is bounded by DuckDB's limit whatever the number of crossings. The few histories with a gap, or that the
next spells do not decide, are walked again with everything searched. What is sorted are whole numbers (see
:mod:`register.rules.packed`): the crossings by person and time, and at the end their rulings by row received.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from register.engine import Engine
from register.rules.packed import pack_crossing, pack_ruling, unpack_crossing, unpack_ruling
from register.rules.residence import RULINGS, Parameters, Rule, bind, create_tables, read_rule, sql

if TYPE_CHECKING:
    import duckdb

# Two hashes tell persons apart: the first sorts them, the second finds where two persons share the first.
PERSON_KEY = "hash(person_id)"
PERSON_CHECK = "cast(hash('#' || cast(person_id as varchar)) >> 32 as uinteger)"

ROWS_PER_PART = 5_000_000
ROWS_WORTH_A_PART = 100_000

# A person's number is the key without the bits that a day takes on the rule's clock (see spell.sql). Two persons to
# whom that leaves one number are walked again.
_DAY_BITS = 22
_PERSON = f"cast(key >> {_DAY_BITS + 1} as bigint)"

# What is left in doubt when only the next spells are looked at: see ruling.sql. The greater number holds the smaller.
_LATE, _HARD, _GAP = 1, 2, 3
_DOUBT = f"""cast(
    case when is_gap then {_GAP} when needs_search then {_HARD} when is_late then {_LATE} else 0 end as utinyint
)"""


@dataclass(frozen=True)
class Layout:
    """What of a source's form the rule must know.

    Parameters
    ----------
    has_status, has_hours
        Whether statuses are given, whether dates have hours.
    row_place
        The column of ``numbered`` that counts the rows.
    """

    has_status: bool
    has_hours: bool
    row_place: str


@dataclass(frozen=True)
class Sorted:
    """What stands in ``sorted``: rows, lowest and highest number of a person, whether two persons share one."""

    rows: int
    first: int
    last: int
    has_neighbours: bool


def sort_crossings(engine: Engine, layout: Layout) -> Sorted | None:
    """Make ``sorted``: the crossings in ``source`` by person and time; None if some value was not usable."""
    for numbered in (False, True):
        _sort(engine, layout, numbered=numbered)
        rows, bad, shared, near, first, last = engine.rows(
            f"""
            select
                count(*),
                count(*) filter (key is null or record is null),
                count(*) filter (key = previous_key and check_key <> previous_check_key),
                count(*) filter (key <> previous_key and {_PERSON} = {_PERSON.replace("key", "previous_key")}),
                coalesce(min({_PERSON}), 0),
                coalesce(max({_PERSON}), 0)
            from (
                select *, lag(key) over () as previous_key, lag(check_key) over () as previous_check_key from sorted
            )
            """
        )[0]
        if bad:
            return None
        if not shared:
            break
    return Sorted(int(rows), int(first), int(last), bool(near))


def rule_sorted(engine: Engine, found: Sorted, rule: Rule, observed_until: dt.date, layout: Layout) -> None:
    """Make ``ruling`` from ``sorted``: statuses and verdict of each row received, in the order received."""
    parameters = Parameters(rule, dt.date.min, observed_until, country="XXX")
    n_part = max(engine.threads if found.rows > ROWS_WORTH_A_PART else 1, -(-found.rows // ROWS_PER_PART))
    width = found.last + 1 - found.first
    bounds = [found.first + width * part // n_part for part in range(n_part + 1)]
    engine.run(
        f"""
        create or replace table neighbour as
        select distinct {_PERSON} as person
        from (select key, lag(key) over () as previous_key from sorted)
        where key <> previous_key and {_PERSON} = {_PERSON.replace("key", "previous_key")}
        """
        if found.has_neighbours
        else "create or replace table neighbour (person bigint)"
    )

    def rule_part(cursor: duckdb.DuckDBPyConnection, part: int) -> None:
        _rule_part(cursor, part, bounds[part], bounds[part + 1] - 1, parameters, layout)

    engine.side_by_side(rule_part, range(n_part))
    engine.run("drop table sorted")
    parts = " union all ".join(
        f"select ruled from walked_{part} anti join again_{part} using (person) "
        f"union all select ruled from searched_{part}"
        for part in range(n_part)
    )
    engine.run(f"create or replace table ruled as select ruled from ({parts}) order by ruled")
    for part in range(n_part):
        engine.run(f"drop table walked_{part}; drop table again_{part}; drop table searched_{part}")
    engine.run(f"create or replace view ruling as select {unpack_ruling('ruled')} from ruled")


def _sort(engine: Engine, layout: Layout, *, numbered: bool) -> None:
    """Make ``sorted``; with ``numbered`` persons are told apart by numbers instead of hashes.

    ``record`` is the crossing, packed; it and ``key`` are null where the source has no usable value.
    """
    columns = f"person_id, date, direction, {layout.row_place}"
    columns += ", initial_status" if layout.has_status else ""
    key = f"number << {_DAY_BITS + 1}" if numbered else PERSON_KEY
    numbers = (
        "inner join (select person_id, row_number() over () as number from (select distinct person_id from source)) "
        "as person using (person_id)"
        if numbered
        else ""
    )
    engine.run(
        f"""
        create or replace table sorted as
        select
            case when person_id is not null then cast({key} as ubigint) end as key,
            {"0" if numbered else PERSON_CHECK} as check_key,
            {pack_crossing(layout.row_place, has_status=layout.has_status)} as record
        from (select {columns} from numbered) as numbered {numbers}
        order by key, {"try_cast(date as timestamp), record" if layout.has_hours else "record"}, check_key
        """
    )


def _rule_part(
    cursor: duckdb.DuckDBPyConnection,
    part: int,
    first: int,
    last: int,
    parameters: Parameters,
    layout: Layout,
) -> None:
    """Make ``walked``, ``again`` and ``searched`` of a part: the persons with numbers from first to last."""
    cursor.execute(
        f"""
        create temporary view part as
        select *, {_PERSON} as person, row_number() over () as place
        from sorted
        where key between {first << _DAY_BITS + 1}::ubigint and {(last + 1 << _DAY_BITS + 1) - 1}::ubigint
        """
    )
    _walk(cursor, part, parameters, layout)
    _walk_again(cursor, part, parameters, layout)


def _walk(cursor: duckdb.DuckDBPyConnection, part: int, parameters: Parameters, layout: Layout) -> None:
    """Rule on every history as far as the next spells decide it; put the persons left in doubt into ``again``."""
    cursor.execute(
        f"create temporary view history as select {unpack_crossing(has_status=layout.has_status)}, person from part"
    )
    cursor.execute(f"create temporary view spell as {sql('spell', parameters, in_order=True)}")
    cursor.execute("create temporary view decided as select * from spell")
    cursor.execute(f"create temporary view walk as {sql('walk', parameters, in_order=True)}")
    cursor.execute("create temporary view late as select 0 as record, 0 as known_day where false")
    cursor.execute(
        f"create or replace table walked_{part} as "
        f"select person, {_DOUBT} as doubt, "
        f"{pack_ruling()} as ruled from ({sql('ruling', parameters)})"
    )
    cursor.execute(
        f"""
        create or replace table again_{part} as
        select person, max(doubt) = {_GAP} as has_gap
        from (
            select person, doubt, ruled & 3 = 1 as is_migration from walked_{part} where doubt > 0 or ruled & 3 = 1
            union all
            select person, {_GAP}, false from neighbour
        )
        group by person
        having max(doubt) > {_LATE} or (max(doubt) = {_LATE} and bool_or(is_migration))
        """
    )
    cursor.execute("drop view late; drop view walk; drop view decided; drop view spell; drop view history")


def _walk_again(cursor: duckdb.DuckDBPyConnection, part: int, parameters: Parameters, layout: Layout) -> None:
    """Rule on the persons in ``again``, gaps filled and hard crossings searched."""
    cursor.execute(
        f"""
        create temporary table again as
        select
            {unpack_crossing(has_status=layout.has_status)},
            cast(count(case when is_first then 1 end) over (order by place) as bigint) as person,
            has_gap
        from (
            select *, coalesce(lag(key) over (order by place) <> key, true) as is_first
            from part inner join again_{part} using (person)
        )
        """
    )
    cursor.execute("create temporary view recorded as select * exclude (has_gap) from again where has_gap")
    alternating = bind(read_rule("alternating"), {"order_by": "time" if layout.has_hours else "day"})
    cursor.execute(
        f"""
        create temporary table history as
        select * replace (row_number() over () as place)
        from (
            select *
            from (select * exclude (has_gap) from again where not has_gap union all by name ({alternating}))
            order by person, place
        )
        """
    )
    create_tables(cursor, RULINGS, parameters)
    cursor.execute(f"create or replace table searched_{part} as select {pack_ruling()} as ruled from ruling")
