"""Crossings and their rulings as whole numbers of 63 bits: sorting those costs half of sorting rows.

    crossing: day (22) | row of the source (35) | none (3) | status set before it, plus 1 (2) | side (1)
    ruling: row of the source (35) | day on which it was final (22) | status before (2) | after (2) | migration (2)

Rows count from 0, days from 0001-01-01. A status or a migration is 0 or 1, and 2 where it is unknown; no day is 0.
"""

from __future__ import annotations

# The side that a crossing leads to, from the source's text.
DIRECTION = """case cast(direction as varchar) when 'arrival' then 1 when 'departure' then 0
    else case lower(trim(cast(direction as varchar))) when 'arrival' then 1 when 'departure' then 0 end end"""

_STATUS = """case when initial_status is null then 0
    when try_cast(initial_status as integer) in (0, 1) then try_cast(initial_status as integer) * 2 + 2 end"""


def pack_crossing(row_place: str, *, has_status: bool) -> str:
    """Return SQL for a crossing of the source as a number: null if a value of it is none."""
    return f"""
        (cast(date_diff('day', date '0001-01-01', try_cast(date as date)) as bigint) << 41)
        | ({row_place} << 6)
        | ({_STATUS if has_status else "0"})
        | {DIRECTION}"""


def unpack_crossing(*, has_status: bool) -> str:
    """Return SQL for the columns of ``history`` (see spell.sql) but the person's, from ``place`` and ``record``."""
    status = "nullif(record >> 1 & 3, 0) - 1" if has_status else "null"
    return f"""
        place,
        record,
        cast(record >> 41 as integer) as day,
        cast(record & 1 as integer) as side,
        true as is_crossing,
        cast(null as integer) as closes,
        cast({status} as integer) as given_status"""


def pack_ruling() -> str:
    """Return SQL for a row of ``ruling`` as a number."""
    return """
        ((record >> 6 & 34359738367) << 28)
        | (coalesce(verdict_day, 0) << 6)
        | (coalesce(status_before, 2) << 4)
        | (coalesce(status_after, 2) << 2)
        | coalesce(cast(is_migration as integer), 2)"""


def unpack_ruling(ruled: str) -> str:
    """Return SQL for the columns of a ruling, from that which holds it packed."""
    return f"""
        nullif(cast({ruled} >> 4 & 3 as tinyint), 2::tinyint) as status_before,
        nullif(cast({ruled} >> 2 & 3 as tinyint), 2::tinyint) as status_after,
        cast(nullif(cast({ruled} & 3 as tinyint), 2::tinyint) as boolean) as is_migration,
        date '0001-01-01' + cast(nullif({ruled} >> 6 & 4194303, 0) as integer) as finalised_on"""
