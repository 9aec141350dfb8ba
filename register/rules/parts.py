"""The residence rule over many people at once in DuckDB: part by part, each sorted once and walked in order.

People are dealt into parts by a hash of their ids. A part is sorted by person and time and its rules stream over
that order (see :func:`register.rules.residence.sql`), so that memory is bounded by DuckDB's limit whatever the
number of crossings, and parts run side by side. The few histories with a gap, or with so many crossings that the
next spells do not decide them, are walked again.
"""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from register.engine import Engine
from register.rules.residence import RULINGS, Parameters, Rule, bind, create_tables, read_rule, sql

if TYPE_CHECKING:
    import duckdb

# Two hashes tell persons apart: the first sorts them, the second finds where two persons share the first.
PERSON_KEY = "hash(person_id)"
PERSON_CHECK = "cast(hash(concat('#', person_id)) % 4294967296 as uinteger)"

ROWS_PER_PART = 5_000_000


def stage(engine: Engine, has_status: bool, *, numbered: bool = False) -> None:
    """Make ``crossing_row``: one row per row of ``source``, by its number, with what the rule needs.

    ``problem`` names the first column without a usable value. With ``numbered`` persons are numbered instead of
    hashed.
    """
    status = "try_cast(initial_status as integer)" if has_status else "cast(null as integer)"
    wrong_status = (
        "when initial_status is not null and coalesce(try_cast(initial_status as integer), -1) not in (0, 1) "
        "then 'initial_status'"
        if has_status
        else ""
    )
    given = f"select row_number() over () as record, person_id, date, direction, {status} as status" + (
        ", initial_status from source" if has_status else " from source"
    )
    key = PERSON_KEY
    if numbered:
        engine.run(
            "create or replace table person_number as select person_id, row_number() over () as number "
            "from (select distinct person_id from source)"
        )
        given = f"select given.*, number from ({given}) as given inner join person_number using (person_id)"
        key = "number"
    engine.run(
        f"""
        create or replace table crossing_row as
        select
            record,
            {key} as key,
            {PERSON_CHECK} as check_key,
            cast(date_diff('day', date '0001-01-01', cast(crossed_at as date)) as integer) as day,
            epoch_us(crossed_at) - epoch_us(date_trunc('day', crossed_at)) as hour,
            cast(case when direction = 'arrival' then 1 else 0 end as integer) as side,
            status,
            case
                when person_id is null then 'person_id'
                when crossed_at is null then 'date'
                when direction is null or direction not in ('arrival', 'departure') then 'direction'
                {wrong_status}
            end as problem
        from (select *, try_cast(date as timestamp) as crossed_at from ({given}))
        """
    )


def rule_parts(engine: Engine, rule: Rule, observed_until: dt.date, has_status: bool) -> None:
    """Make the view ``ruling`` from ``crossing_row``: record, statuses, verdict and its day."""
    parameters = Parameters(rule, dt.date.min, observed_until, country="XXX")
    threads = int(engine.rows("select current_setting('threads')")[0][0])
    rows, has_hours = engine.rows("select count(*), coalesce(bool_or(hour <> 0), false) from crossing_row")[0]
    n_part = max(threads if rows > ROWS_PER_PART // 50 else 1, -(-rows // ROWS_PER_PART))

    def work(part: int) -> int:
        with engine.con.cursor() as cursor:
            return _rule_part(cursor, part, n_part, parameters, has_hours=has_hours)

    with ThreadPoolExecutor(max_workers=threads) as pool:
        n_collision = sum(pool.map(work, range(n_part)))
    if n_collision:
        stage(engine, has_status, numbered=True)
        with ThreadPoolExecutor(max_workers=threads) as pool:
            list(pool.map(work, range(n_part)))
    parts = " union all ".join(f"select * from ruling_{part}" for part in range(n_part))
    engine.run(f"create or replace view ruling as {parts}")


def _rule_part(
    cursor: duckdb.DuckDBPyConnection, part: int, n_part: int, parameters: Parameters, *, has_hours: bool
) -> int:
    """Make ``ruling_<part>``; return how many rows show two persons of one hash."""
    order = "hour, record" if has_hours else "record"
    cursor.execute(
        f"""
        create temporary table sorted as
        select key, check_key, cast(day as bigint) * 4294967296 + record as place, side, status
        from crossing_row
        where key % {n_part} = {part}
        order by key, {"day, " + order if has_hours else "place"}
        """
    )
    cursor.execute(
        """
        create temporary view history as
        select
            cast(count(case when is_first then 1 end) over (rows unbounded preceding) as integer) as person,
            row_number() over () as place,
            place % 4294967296 as record,
            cast(place // 4294967296 as integer) as day,
            side,
            true as is_crossing,
            cast(null as integer) as closes,
            status as initial_status,
            case when not is_first and status is distinct from previous_status then status end as restart_status
        from (
            select
                *,
                coalesce(lag(key) over () <> key, true) as is_first,
                lag(status) over () as previous_status
            from sorted
        )
        """
    )
    n_collision = cursor.execute(
        "select count(*) from (select lag(key) over () = key and lag(check_key) over () <> check_key as is_shared "
        "from sorted) where is_shared"
    ).fetchall()[0][0]
    if n_collision:
        return int(n_collision)
    _walk(cursor, part, parameters)
    _walk_again(cursor, part, parameters, order_by="time" if has_hours else "day")
    return 0


def _walk(cursor: duckdb.DuckDBPyConnection, part: int, parameters: Parameters) -> None:
    """Rule on every history that the next spells decide; leave the persons in ``doubtful``."""
    cursor.execute(f"create temporary view spell as {sql('spell', parameters, in_order=True)}")
    cursor.execute("create temporary view decided as select * from spell")
    cursor.execute(f"create temporary table walked as {sql('walk', parameters, in_order=True)}")
    cursor.execute("create temporary table doubtful as select distinct person from walked where is_doubtful")
    cursor.execute(
        "create temporary view walk as select * from walked where person not in (select person from doubtful)"
    )
    create_tables(cursor, ["late"], parameters)
    cursor.execute(f"create or replace table ruling_{part} as {_RESULT} from ({sql('ruling', parameters)})")
    cursor.execute("drop table late; drop view walk; drop table walked; drop view decided; drop view spell")


def _walk_again(
    cursor: duckdb.DuckDBPyConnection, part: int, parameters: Parameters, *, order_by: str
) -> None:
    """Rule on the persons in ``doubtful``, gaps filled and hard crossings searched."""
    cursor.execute(
        "create temporary table recorded as select * from history "
        "where person in (select person from doubtful) order by place"
    )
    cursor.execute("drop view history; drop table sorted; drop table doubtful")
    alternating = bind(read_rule("alternating"), {"order_by": order_by})
    cursor.execute(f"create temporary table history as {alternating}")
    create_tables(cursor, RULINGS, parameters)
    cursor.execute(f"insert into ruling_{part} {_RESULT} from ruling")
    for table in ("recorded", "history", *RULINGS):
        cursor.execute(f"drop table {table}")


_RESULT = """
    select
        record,
        cast(status_before as tinyint) as status_before,
        cast(status_after as tinyint) as status_after,
        is_migration,
        date '0001-01-01' + verdict_day as finalised_on
"""
