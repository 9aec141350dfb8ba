"""What must hold of the residence rule for every history."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from itertools import pairwise
from typing import NamedTuple

import polars as pl
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from register.rules.classify import ADDED, classify
from register.rules.residence import PRESETS, Rule

FIRST_DAY = dt.date(2015, 1, 1)
LAST_DAY = 3_000

rules = st.sampled_from([*PRESETS.values(), Rule(21, 40), Rule(8, 10)])
few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Row(NamedTuple):
    person: int
    day: int
    side: int
    initial: int


@st.composite
def registers(draw: st.DrawFn, *, alternating: bool = False, one_a_day: bool = False) -> list[Row]:
    """Several persons' crossings, in order."""
    rows = []
    for person in range(draw(st.integers(1, 6))):
        side, initial = draw(st.integers(0, 1)), draw(st.integers(0, 1))
        day = draw(st.integers(0, 60))
        for _ in range(draw(st.integers(1, 12))):
            rows.append(Row(person, day, side, initial))
            day += draw(st.integers(int(one_a_day), 200))
            if alternating or draw(st.integers(0, 9)):
                side = 1 - side
    return rows


def ruled(rows: list[Row], rule: Rule, until: int = LAST_DAY) -> pl.DataFrame:
    """Return the rulings, row by row."""
    frame = pl.DataFrame(
        {
            "person_id": [row.person for row in rows],
            "date": [FIRST_DAY + dt.timedelta(row.day) for row in rows],
            "direction": ["arrival" if row.side else "departure" for row in rows],
            "initial_status": [row.initial for row in rows],
        }
    )
    return classify(
        frame, threshold=rule.threshold, window=rule.window, observed_until=FIRST_DAY + dt.timedelta(until)
    )


@few
@given(registers(), rules)
def test_migrations_in_less_out_are_the_change_of_status(rows: list[Row], rule: Rule) -> None:
    for _, person in ruled(rows, rule).group_by("person_id"):
        ordered = person.sort("date", maintain_order=True)
        migrations = ordered.filter("is_migration")["direction"].to_list()
        net = migrations.count("arrival") - migrations.count("departure")
        statuses = ordered["status_after"].drop_nulls().to_list()
        last = statuses[-1] if statuses else ordered["status_before"][0]
        assert net == last - ordered["initial_status"][0]


@few
@given(registers(), rules)
def test_the_migrations_of_a_person_alternate(rows: list[Row], rule: Rule) -> None:
    for _, person in ruled(rows, rule).group_by("person_id"):
        directions = person.sort("date", maintain_order=True).filter("is_migration")["direction"].to_list()
        assert all(one != following for one, following in pairwise(directions))


@few
@given(registers(), rules)
def test_on_the_other_side_of_the_border_the_same_crossings_are_migrations(
    rows: list[Row], rule: Rule
) -> None:
    mirrored = [Row(row.person, row.day, 1 - row.side, 1 - row.initial) for row in rows]
    columns = ["is_migration", "finalised_on"]
    assert ruled(rows, rule).select(columns).equals(ruled(mirrored, rule).select(columns))


@few
@given(registers(alternating=True), rules, st.integers(0, LAST_DAY), st.integers(0, LAST_DAY))
def test_observing_longer_never_changes_a_final_verdict(
    rows: list[Row], rule: Rule, one: int, other: int
) -> None:
    sooner, later = (ruled(rows, rule, until) for until in sorted((one, other)))
    for before, after in zip(sooner.iter_rows(named=True), later.iter_rows(named=True), strict=True):
        if before["finalised_on"] is not None:
            assert before["is_migration"] == after["is_migration"]
            assert before["finalised_on"] == after["finalised_on"]


@few
@given(registers(one_a_day=True), rules, st.randoms())
def test_the_order_of_the_file_and_a_repeated_row_change_nothing(
    rows: list[Row], rule: Rule, source: object
) -> None:
    expected = dict(
        zip(rows, ruled(rows, rule).select("is_migration", "finalised_on").iter_rows(), strict=True)
    )
    mixed = [*rows, source.choice(rows)]
    source.shuffle(mixed)
    first: dict[Row, tuple[object, object]] = {}
    for row, ruling in zip(
        mixed, ruled(mixed, rule).select("is_migration", "finalised_on").iter_rows(), strict=True
    ):
        first.setdefault(row, ruling)
    assert first == expected


@few
@given(registers(alternating=True), rules, st.randoms())
def test_neither_do_they_on_days_with_several_crossings(rows: list[Row], rule: Rule, source: object) -> None:
    """But for a person whose every day has as many arrivals as departures: only the file tells which came first."""
    days = Counter((row.person, row.day, row.side) for row in rows)
    uneven = {person for person, day, side in days if days[person, day, side] != days[person, day, 1 - side]}
    rows = [row for row in rows if row.person in uneven]
    assume(rows)
    mixed = list(rows)
    source.shuffle(mixed)
    assert verdicts(rows, rule) == verdicts(mixed, rule)


def verdicts(rows: list[Row], rule: Rule) -> dict[tuple[Row, int], object]:
    """Return what the rule says of each row; of equal rows, in their order."""
    seen: Counter[Row] = Counter()
    answer = {}
    for row, ruling in zip(rows, ruled(rows, rule).select(ADDED).iter_rows(), strict=True):
        answer[row, seen[row]] = ruling
        seen[row] += 1
    return answer
