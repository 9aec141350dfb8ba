"""The residence rule over many people at once in DuckDB: sorted once, then walked in order, part by part.

The crossings are sorted by person and time; the rule streams over that order (see
:func:`register.rules.residence.sql`) for one part of the people after the other, side by side on the processors, so
that memory is bounded by DuckDB's limit whatever the number of crossings. The few histories with a gap, or with so
many crossings that the next spells do not decide them, are walked again.
"""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from register.engine import Engine
from register.rules.residence import RULINGS, Parameters, Rule, bind, create_tables, read_rule, sql

if TYPE_CHECKING:
    import duckdb

# Two hashes tell persons apart: the first sorts them, the second finds where two persons share the first.
PERSON_KEY = "hash(person_id)"
PERSON_CHECK = "cast(hash(concat('#', person_id)) % 4294967296 as uinteger)"

ROWS_PER_PART = 5_000_000
ROWS_WORTH_A_PART = 100_000


@dataclass(frozen=True)
class Layout:
    """What of a source's form the rule must know: whether statuses are given, whether dates have hours."""

    has_status: bool
    has_hours: bool


def sort_crossings(engine: Engine, layout: Layout) -> bool:
    """Make ``sorted``: the crossings in ``source`` by person and time; say whether every value was usable."""
    _sort(engine, layout, numbered=False)
    bad, shared = engine.rows(
        """
        select
            count(*) filter (key is null or place is null or side is null or status < 0),
            count(*) filter (is_shared)
        from (select *, lag(key) over () = key and lag(check_key) over () <> check_key as is_shared from sorted)
        """
    )[0]
    if shared and not bad:
        _sort(engine, layout, numbered=True)
    return not bad


def rule_sorted(engine: Engine, rule: Rule, observed_until: dt.date, layout: Layout) -> None:
    """Make the view ``ruling`` from ``sorted``: record (the row of ``source``, from 1), statuses and verdict."""
    parameters = Parameters(rule, dt.date.min, observed_until, country="XXX")
    threads = int(engine.rows("select current_setting('threads')")[0][0])
    rows, low, high = engine.rows(
        "select count(*), coalesce(min(key), 0), coalesce(max(key), 0) from sorted"
    )[0]
    n_part = max(threads if rows > ROWS_WORTH_A_PART else 1, -(-rows // ROWS_PER_PART))
    bounds = [int(low) + (int(high) + 1 - int(low)) * part // n_part for part in range(n_part + 1)]

    def work(part: int) -> None:
        with engine.con.cursor() as cursor:
            _rule_part(cursor, part, bounds[part], bounds[part + 1] - 1, parameters, layout)

    with ThreadPoolExecutor(max_workers=threads) as pool:
        list(pool.map(work, range(n_part)))
    engine.run("drop table sorted")
    parts = " union all ".join(f"select * from ruling_{part}" for part in range(n_part))
    engine.run(f"create or replace view ruling as {parts}")


def _sort(engine: Engine, layout: Layout, *, numbered: bool) -> None:
    """Make ``sorted``; with ``numbered`` persons are told apart by numbers instead of hashes.

    ``place`` is the day and the row's number; it, ``key`` and ``side`` are null, and ``status`` negative, where the
    source has no usable value.
    """
    status = (
        "case when initial_status is null then null when try_cast(initial_status as integer) in (0, 1) "
        "then try_cast(initial_status as integer) else -1 end"
        if layout.has_status
        else "null"
    )
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
            case when person_id is not null then cast({"number" if numbered else PERSON_KEY} as ubigint) end as key,
            {"0" if numbered else PERSON_CHECK} as check_key,
            cast(date_diff('day', date '0001-01-01', try_cast(date as date)) as bigint) * 4294967296 + record as place,
            case cast(direction as varchar) when 'arrival' then 1 when 'departure' then 0 end as side,
            cast({status} as integer) as status
        from (select *, row_number() over () as record from source) {numbers}
        order by key, {"try_cast(date as timestamp), record" if layout.has_hours else "place"}
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
    """Make ``ruling_<part>`` for the persons with keys from first to last."""
    cursor.execute(
        f"""
        create temporary view history as
        select
            cast(count(case when is_first then 1 end) over (rows unbounded preceding) as integer) as person,
            row_number() over () as place,
            place % 4294967296 as record,
            cast(place // 4294967296 as integer) as day,
            side,
            true as is_crossing,
            cast(null as integer) as closes,
            status as given_status
        from (
            select *, coalesce(lag(key) over () <> key, true) as is_first
            from sorted
            where key between {first}::ubigint and {last}::ubigint
        )
        """
    )
    _walk(cursor, part, parameters)
    _walk_again(cursor, part, parameters, order_by="time" if layout.has_hours else "day")


def _walk(cursor: duckdb.DuckDBPyConnection, part: int, parameters: Parameters) -> None:
    """Rule on every history that the next spells decide; put the other persons' into ``again``."""
    cursor.execute(f"create temporary view spell as {sql('spell', parameters, in_order=True)}")
    cursor.execute("create temporary view decided as select * from spell")
    cursor.execute(f"create temporary table walked as {sql('walk', parameters, in_order=True)}")
    cursor.execute("""
        create temporary table doubtful as
        select person, bool_or(is_gap) as has_gap from walked where is_doubtful or is_gap group by person
        """)
    cursor.execute("create temporary view walk as select * from walked")
    create_tables(cursor, ["late"], parameters)
    cursor.execute(
        f"create or replace table ruling_{part} as {_RESULT} "
        f"from ({sql('ruling', parameters)}) as ruling anti join doubtful using (person)"
    )
    cursor.execute(
        """
        create temporary table again as
        select
            walked.person, walked.place, walked.record, walked.day, walked.side, true as is_crossing,
            cast(null as integer) as closes, walked.given_status, doubtful.has_gap
        from walked
        inner join doubtful on doubtful.person = walked.person
        """
    )
    cursor.execute("drop table late; drop view walk; drop table walked; drop table doubtful")
    cursor.execute("drop view decided; drop view spell; drop view history")


def _walk_again(
    cursor: duckdb.DuckDBPyConnection, part: int, parameters: Parameters, *, order_by: str
) -> None:
    """Rule on the persons in ``again``, gaps filled and hard crossings searched."""
    cursor.execute("create temporary view recorded as select * exclude (has_gap) from again where has_gap")
    alternating = bind(read_rule("alternating"), {"order_by": order_by})
    cursor.execute(
        f"""
        create temporary table history as
        select * replace (row_number() over (order by person, place) as place)
        from (select * exclude (has_gap) from again where not has_gap union all by name ({alternating}))
        order by place
        """
    )
    create_tables(cursor, RULINGS, parameters)
    cursor.execute(f"insert into ruling_{part} {_RESULT} from ruling")


_RESULT = """
    select
        record,
        cast(status_before as tinyint) as status_before,
        cast(status_after as tinyint) as status_after,
        is_migration,
        date '0001-01-01' + verdict_day as finalised_on
"""
