"""The SQL of the residence rule and the naive reference agree on random histories."""

from __future__ import annotations

import datetime as dt
import random

import duckdb
import pytest

from register.rules.residence import IN_ORDER, RULINGS, Parameters, Rule, bind, read_rule, sql
from tests.reference.compare import RULES, compare, random_end, random_history
from tests.reference.residence import ARRIVAL, History, in_order


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_statuses_verdicts_and_finality_agree(rule: Rule) -> None:
    """Alternating and broken histories, statuses given and not, cut-offs everywhere."""
    assert compare(rule, 500, seed=rule.window, batch=250) == []


@pytest.mark.parametrize("rule", RULES[::3], ids=str)
def test_all_three_days_of_finality_agree_in_either_way_of_running(rule: Rule) -> None:
    """Windows that see one person, as on Spark, and windows that stream over all: the same rows."""
    source = random.Random(rule.threshold)
    ends = random_end(source, rule.window)
    histories = [(in_order(random_history(source, rule.window)), source.choice([0, 1])) for _ in range(300)]
    streamed, partitioned = (rulings(histories, rule, ends, stream=stream) for stream in (True, False))
    expected = [
        (
            verdict.status_before,
            verdict.status_after,
            verdict.is_migration,
            verdict.status_before_final,
            verdict.status_after_final,
            verdict.finalised,
        )
        for crossings, status in histories
        for verdict in History(
            crossings, status, threshold=rule.threshold, window=rule.window, ends=ends
        ).verdicts()
    ]
    assert streamed == partitioned == expected


def rulings(
    histories: list[tuple[list, int]], rule: Rule, ends: int, *, stream: bool
) -> list[tuple[int | bool | None, ...]]:
    """Return the rulings on histories, in their order, made from the rule's files one after the other."""
    rows = [
        (person, crossing.day + 1, int(crossing.direction == ARRIVAL), status)
        for person, (crossings, status) in enumerate(histories)
        for crossing in crossings
    ]
    until = dt.date.min + dt.timedelta(ends)
    parameters = Parameters(rule, dt.date.min, until, country="COL")
    with duckdb.connect() as connection:
        connection.execute(
            "create temporary table given (person integer, day integer, side integer, given_status integer)"
        )
        connection.executemany("insert into given values (?, ?, ?, ?)", rows)
        connection.execute(
            """
            create temporary table recorded as
            select
                person, row_number() over () as place, row_number() over () as record, day, side,
                true as is_crossing, null::integer as closes, given_status
            from given
            """
        )
        alternating = bind(read_rule("alternating"), {"order_by": "time"})
        connection.execute(f"create temporary table history as {alternating}")
        for table in RULINGS:
            text = sql(table, parameters, in_order=stream and table in IN_ORDER)
            connection.execute(f"create temporary table {table} as {text}")
        return connection.execute(
            "select status_before, status_after, is_migration, before_day - 1, after_day - 1, verdict_day - 1 "
            "from ruling order by record"
        ).fetchall()
