"""Turns tallies and facts into the indicators that need no linkage.

Every function returns rows of the table ``indicator`` without source and declaration: period, variable, indicator_id,
value, numerator, denominator. ``_T`` is all periods, or the record as a whole; ``_U`` records without a usable date.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from register.assess.declaration import TOTAL, UNDATED, Indicators
from register.assess.gauge import Gauged
from register.assess.people import FIELDS, bits
from register.engine import Engine

Row = tuple[str, str, str, float, float, float]
COLUMNS = ("period", "variable", "indicator_id", "value", "numerator", "denominator")
KEYS_MASK = sum(1 << FIELDS.index(name) for name in ("given_name", "surname_1", "birth_date", "document"))


def ratio(period: str, variable: str, name: str, numerator: float, denominator: float) -> Iterator[Row]:
    """Yield a share or ratio; nothing where there is nothing to divide by."""
    if denominator:
        yield (period, variable, name, numerator / denominator, numerator, denominator)


def period_of(year: int | None) -> str:
    """Return a year as a period."""
    return UNDATED if year is None else str(year)


def rows_of_files(gauged: Gauged) -> Iterator[Row]:
    """Yield rows parsed and accepted, and the conformity of columns; a file is of the year of most of its events."""
    periods: dict[str, list[Any]] = {}
    for file in gauged.files:
        periods.setdefault(TOTAL, []).append(file)
        if file.year is not None:
            periods.setdefault(str(file.year), []).append(file)
    for period, files in periods.items():
        received = sum(file.received for file in files)
        yield from ratio(period, TOTAL, "rows_parsed", received - sum(f.malformed for f in files), received)
        yield from ratio(period, TOTAL, "rows_accepted", received - sum(f.rejected for f in files), received)
        found, missing, extra = (
            sum(getattr(f, name) for f in files) for name in ("found", "missing", "undeclared")
        )
        yield from ratio(period, TOTAL, "schema_conformity", found, found + missing + extra)


def values(gauged: Gauged) -> Iterator[Row]:
    """Yield completeness, empty cells, fillers and validity of every variable, and edits and check digits."""
    counted: dict[str, dict[tuple[str, str], int]] = {}
    for year, variable, mark, n in gauged.tallies.iter_rows():
        for period in (TOTAL, period_of(year)):
            cell = counted.setdefault(period, {})
            cell[variable, mark] = cell.get((variable, mark), 0) + n
    for period, cell in sorted(counted.items()):
        records = cell.get((TOTAL, "records"), 0)
        for variable in gauged.variables:
            missing, filler, wrong = (
                cell.get((variable, mark), 0) for mark in ("missing", "sentinel", "invalid")
            )
            usable = records - missing - filler - wrong
            yield from ratio(period, variable, "complete", usable, records)
            yield from ratio(period, variable, "missing", missing, records)
            yield from ratio(period, variable, "sentinel", filler, records)
            unread = wrong + cell.get((variable, "rejected_invalid"), 0)
            yield from ratio(period, variable, "valid", usable, usable + unread)
        for variable, mark in sorted(cell):
            if mark == "edit":
                yield from ratio(period, variable, "edit_failures", cell[variable, mark], records)
        for variable in sorted({variable for variable, mark in cell if mark.startswith("digit_")}):
            right, bad = cell.get((variable, "digit_right"), 0), cell.get((variable, "digit_wrong"), 0)
            name = "mrz_check" if variable.startswith("mrz.") else "check_digit"
            yield from ratio(period, variable, name, right, right + bad)


def edits_met(gauged: Gauged) -> Iterator[Row]:
    """Yield the total of failed edits, so that a source without any says so."""
    records = _sum(gauged.tallies, "records")
    yield from ratio(TOTAL, TOTAL, "edit_failures", _sum(gauged.tallies, "edit"), records)


def _sum(tallies: pl.DataFrame, mark: str) -> int:
    return int(tallies.filter(pl.col("mark") == mark)["n"].sum())


def keys(gauged: Gauged, weights: Sequence[float], needed: float) -> Iterator[Row]:
    """Yield linkage keys complete and linkability, by role and together.

    Parameters
    ----------
    weights
        log2(1/u) of each of `FIELDS`.
    needed
        Bits that tell one person from all.
    """
    cells: dict[tuple[str, str], list[int]] = {}
    for year, role, mask, n in gauged.masks.iter_rows():
        own = gauged.roles[role]
        variables = {TOTAL} if len(gauged.roles) == 1 else {TOTAL, own}
        for period in (TOTAL, period_of(year)):
            for variable in variables:
                cell = cells.setdefault((period, variable), [0, 0, 0])
                cell[0] += n
                cell[1] += n * (mask & KEYS_MASK == KEYS_MASK)
                cell[2] += n * (bits(mask, weights) >= needed)
    for (period, variable), (mentions, complete, heavy) in sorted(cells.items()):
        yield from ratio(period, variable, "keys_complete", complete, mentions)
        yield from ratio(period, variable, "linkability", heavy, mentions)


def needed_bits(persons: int, indicators: Indicators) -> float:
    """Return the bits that tell one person from so many."""
    return math.log2(max(2, persons)) + indicators.parameters["margin_bits"]


def duplicates(engine: Engine) -> Iterator[Row]:
    """Yield duplicate rows, keys used again and events keyed twice, over ``fact``."""
    sql = """
        with record as (select year, moment, key, content from fact where role = 0),
        suspect as (select * from record where key in (select key from record group by key having count(*) > 1)),
        told as (
            select year, row_number() over (partition by key, content order by moment) > 1 as is_copy,
                dense_rank() over (partition by key order by content) > 1 as is_reused
            from suspect
        ),
        twin as (
            select year, row_number() over (partition by content order by key) > 1 as is_twin
            from (select distinct year, key, content from record
                  where content in (select content from record group by content having count(distinct key) > 1))
        ),
        of_year as (
            select year, count(*) as n, 0 as copies, 0 as reused, 0 as twins from record group by year
            union all
            select year, 0, count(*) filter (is_copy), count(*) filter (is_reused and not is_copy), 0
            from told group by year
            union all
            select year, 0, 0, 0, count(*) filter (is_twin) from twin group by year
        )
        select year, coalesce(sum(n), 0), coalesce(sum(copies), 0), coalesce(sum(reused), 0), coalesce(sum(twins), 0),
            grouping(year) as is_total
        from of_year group by grouping sets ((year), ()) order by is_total, year
        """
    for year, n, copies, reused, twins, is_total in engine.rows(sql):
        period = TOTAL if is_total else period_of(year)
        yield from ratio(period, TOTAL, "duplicate_rows", float(copies), float(n))
        yield from ratio(period, TOTAL, "reused_keys", float(reused), float(n))
        yield from ratio(period, TOTAL, "repeated_events", float(twins), float(n))


def documents(engine: Engine) -> Iterator[Row]:
    """Yield documents per person, persons per document, and documents with several names.

    Leaves ``label_person`` and ``label_document``: who a name and birth date, and a document, are before any linkage.
    Those that stand together in a record are one; so a person is not divided by a second document or a typing error.
    """
    engine.run(
        "create or replace temp table shown as select distinct person, document from fact"
        " where person is not null and document is not null"
    )
    ((pairs, people, papers, shared),) = engine.rows(
        """
        select count(*), (select count(distinct person) from shown), count(distinct document),
            (select count(*) from (select 1 from shown group by document having count(*) > 1))
        from shown
        """
    )
    engine.run(
        """
        create or replace temp table label_person as
        select person, min(first) as who
        from shown join (select document, min(person) as first from shown group by document) using (document)
        group by person
        """
    )
    engine.run(
        """
        create or replace temp table label_document as
        select document, min(who) as who from shown join label_person using (person) group by document
        """
    )
    engine.run("drop table shown")
    yield from ratio(TOTAL, TOTAL, "documents_per_person", pairs, people)
    yield from ratio(TOTAL, TOTAL, "persons_per_document", pairs, papers)
    yield from ratio(TOTAL, TOTAL, "documents_shared", shared, papers)


def births(engine: Engine, roles: Sequence[str]) -> Iterator[Row]:
    """Yield Whipple's index and the shares born on 1 January and 1 July, each person once in a period.

    The child of a birth record has no age at the event and its date is that of the event; it is left out. A date of
    which only the year is told is no birth on 1 January.
    """
    counted = [str(at) for at, role in enumerate(roles) if role != "child"]
    if not counted:
        return
    sql = f"""
        with once as (
            select year, coalesce(person, document) as who, min(birth) as birth,
                min(year(moment) - year(birth)
                    - (100 * month(moment) + day(moment) < 100 * month(birth) + day(birth))::integer) as age,
                bool_and(is_full) as is_full
            from fact
            where birth is not null and moment is not null and coalesce(person, document) is not null
                and role in ({", ".join(counted)})
            group by grouping sets ((year, coalesce(person, document)), (coalesce(person, document)))
        )
        select year, count(*) filter (is_full), count(*) filter (is_full and month(birth) = 1 and day(birth) = 1),
            count(*) filter (is_full and month(birth) = 7 and day(birth) = 1),
            count(*) filter (age between 23 and 62), count(*) filter (age between 23 and 62 and age % 5 = 0)
        from once group by year order by year
        """
    for year, people, january, july, adults, rounded in engine.rows(sql):
        period = TOTAL if year is None else str(year)
        yield from ratio(period, "birth_date", "born_1_january", january, people)
        yield from ratio(period, "birth_date", "born_1_july", july, people)
        if adults:
            yield (period, "birth_date", "whipple", 500 * rounded / adults, rounded, adults)


def lags(engine: Engine) -> Iterator[Row]:
    """Yield the median and the 90th percentile of the days from event to registration."""
    sql = """
        select year, grouping(year) as is_total, quantile_cont(days, 0.5), quantile_cont(days, 0.9), count(*)
        from (select year, datediff('day', moment::date, registered) as days from fact
              where role = 0 and registered is not null and moment is not null)
        group by grouping sets ((year), ()) having count(*) > 0 order by is_total, year
        """
    for year, is_total, median, ninth, n in engine.rows(sql):
        period = TOTAL if is_total else period_of(year)
        yield (period, "registered_on", "lag_median", float(median), float(median), float(n))
        yield (period, "registered_on", "lag_p90", float(ninth), float(ninth), float(n))


def coverage(engine: Engine, views: Mapping[str, str]) -> Iterator[tuple[str, Row]]:
    """Yield, for each source and each other, the share of the other's documents that the first has too.

    Parameters
    ----------
    views
        The facts of each source, by declaration.
    """
    for name, view in views.items():
        engine.run(
            f'create or replace temp table "number_{name}" as'
            f" select distinct number from {view} where number is not null"
        )
    for name in views:
        for other in views:
            if name != other:
                ((both, n),) = engine.rows(
                    f'select count(*) filter (number in (select number from "number_{name}")), count(*)'
                    f' from "number_{other}"'
                )
                for row in ratio(TOTAL, f"against.{other}", "coverage_by_document", both, n):
                    yield name, row


def frame(rows: Iterable[Row]) -> pl.DataFrame:
    """Return rows as a frame."""
    types = {name: pl.String if at < 3 else pl.Float64 for at, name in enumerate(COLUMNS)}
    return pl.DataFrame(list(rows), schema=types, orient="row")
