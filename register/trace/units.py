"""The units of a cell, gathered in ``unit`` (turn, person_id, day, direction, share, is_final).

``turn`` tells units of one person apart. A migration that the completed registers place on different days is one unit.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import Any

from register.engine import Engine
from register.rules.residence import Parameters

#: Codes of releases, also understood for the tables of a run: total and not known.
TOTAL, UNKNOWN = "_T", "_U"
#: A unit that adds so much adds one.
WHOLE = 0.9995


def make_flow(engine: Engine, codes: Mapping[str, str], parameters: Parameters) -> float:
    """Create ``unit`` for a cell of ``flow``, from the migrations of the completed registers; return its error.

    Reads ``age_group`` beside the tables of the run.
    """
    where, values = _conditions(codes)
    engine.run(
        f"""
        create or replace temp table unit as
        select direction as turn, person_id, event_date as day, direction, weight * probability as share,
            status = 'final' as is_final
        from (
            select event.* replace (coalesce(sex, '0') as sex), age_group.code as age_group
            from completed_event as event
            left join age_group on event.age >= age_group.age_from::integer
                and event.age <= coalesce(age_group.age_to::integer, 999)
            where date_diff('day', date '{parameters.observed_from}', make_date(event.year, 1, 1))
                >= {parameters.rule.window}
        ) where {where}
        """,
        values,
    )
    return _error(engine, "flow", where, values)


def make_stock(engine: Engine, codes: Mapping[str, str], parameters: Parameters) -> float:
    """Create ``unit`` for a cell of ``stock``: its residents, each with the day since when, if seen; return its error.

    Reads ``age_group`` beside the tables of the run.
    """
    day = dt.date.fromisoformat(codes["reference_date"])
    where, values = _conditions({name: code for name, code in codes.items() if name != "reference_date"})
    engine.run(
        f"""
        create or replace temp table unit as
        select '' as turn, person_id,
            case when after_date >= date '{parameters.observed_from}' then after_date end as day,
            'arrival' as direction, weight * probability as share, is_final = 1 as is_final
        from (
            select r.person_id, r.after_date, r.weight, r.probability, r.is_final, coalesce(p.sex, '0') as sex,
                age_group.code as age_group, p.citizenship_code, p.birth_country_code
            from completed_residency as r join person as p using (person_id)
            left join age_group on year(date '{day}') - year(p.birth_date)
                    - case when month(p.birth_date) = 1 and day(p.birth_date) = 1 then 0 else 1 end
                between age_group.age_from::integer and coalesce(age_group.age_to::integer, 999)
            where r.after_date < date '{day}' and date '{day}' <= r.until_date
        ) where {where}
        """,
        values,
    )
    return _error(engine, "stock", f"reference_date = date '{day}' and {where}", values)


def _conditions(codes: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Return the condition that holds the told codes, with its parameters."""
    terms, values = ["true"], {}
    for dimension, code in codes.items():
        if code == UNKNOWN:
            terms.append(f"{dimension} is null")
        elif code != TOTAL:
            terms.append(f"{dimension}::varchar = $v_{dimension}")
            values[f"v_{dimension}"] = code
    return " and ".join(terms), values


def _error(engine: Engine, table: str, where: str, values: Mapping[str, str]) -> float:
    """Return the standard error of a cell of a table: its rows' errors add up as squares."""
    ((squared,),) = engine.rows(
        f"select coalesce(sum(standard_error ** 2), 0) from {table} where {where}", values
    )
    return math.sqrt(squared)


def collect(engine: Engine) -> list[dict[str, Any]]:
    """Read ``unit`` with the records behind each (``named``), those that add most first."""
    rows = engine.rows(
        f"""
        with dated as (
            select turn, person_id, day, direction, sum(share) as share, bool_and(is_final) as is_final
            from unit group by all
        ),
        one as (
            select turn, person_id, direction, max(struct_pack(share := share, day := day)).day as day,
                sum(share) as share, bool_and(is_final) and sum(share) > {WHOLE} as is_final
            from dated group by turn, person_id, direction
        ),
        crossed as (
            select b.person_id, c.crossed_at::date as day, c.direction, 'crossing:' || n.name as record
            from crossing as c join mention as m on m.record_id = c.record_id and m.role = 'self'
            join named as n on n.record_id = c.record_id
            join membership as b using (identity_id) where b.person_id in (select person_id from one)
        ),
        told as (
            select u.turn, u.person_id,
                list(record order by record) filter (c.day = u.day and c.direction = case u.direction
                    when 'immigration' then 'arrival' when 'emigration' then 'departure'
                    else u.direction end) as records,
                max(struct_pack(day := c.day, record := c.record)) filter (c.day < u.day) as last_before,
                min(struct_pack(day := c.day, record := c.record))
                    filter (c.day > u.day or u.day is null) as first_after
            from one as u join crossed as c using (person_id) group by u.turn, u.person_id
        )
        select u.person_id, u.day, u.share, u.is_final, coalesce(t.records, []), last_before.record, first_after.record
        from one as u left join told as t using (turn, person_id)
        order by u.is_final desc, round(u.share, 9) desc, u.day nulls first, u.person_id, u.turn
        """
    )
    units = []
    for person, day, share, is_final, records, before, after in rows:
        around = [] if records else [record for record in (before, after) if record]
        unit = {"person_id": person, "day": day, "share": round(share, 9), "is_final": is_final}
        units.append({**unit, "records": records, "around": around})
    return units
