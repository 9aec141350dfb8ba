"""Read dates and times as offices write them: declared formats, partial dates, placeholders.

A format is turned into a pattern, and the parts that it finds into a date. That keeps what a
library's parser would lose: "00/00/1975" is the year 1975, "31/02/1975" is no date at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from register.ingest.date_formats import patterns
from register.ingest.date_parts import find_counted_parts, find_parts

DATE_REASONS: tuple[str, ...] = ("date_unreadable", "date_out_of_range", "date_placeholder")
"""Why a value gave no date."""

PLACEHOLDER_DATES: tuple[date, ...] = (
    date(1, 1, 1), date(1753, 1, 1), date(1800, 1, 1), date(1899, 12, 30), date(1899, 12, 31),
    date(1900, 1, 1), date(2999, 12, 31), date(9999, 12, 31),
)  # fmt: skip
"""Dates that programs write where there is none."""

_PLACEHOLDER_TEXT = (
    r"^(?:[0\W_]+|[9\W_]+|SIN FECHA|SIN DATOS?|SIN INFORMACION|NO REGISTRA|NO APLICA|NO TIENE|NO INFORMA|"
    r"DESCONOCID[AO]|UNKNOWN|NULL|NULO|NONE|NAN|NAT|N/?A|N/?D|S/?F|S/?D|S/?N|[DMAY/\-. ]+|X[X/\-. ]*)$"
)


def read_dates(
    values: pl.Series,
    formats: Sequence[str],
    *,
    earliest: date = date(1880, 1, 1),
    latest: date = date(2100, 12, 31),
    pivot: int | None = None,
    placeholders: Sequence[date] = PLACEHOLDER_DATES,
    partial: bool = True,
) -> pl.DataFrame:
    """Read dates written in one of several formats.

    Parameters
    ----------
    values
        Text, one value a row (distinct values, to be joined back).
    formats
        Tried in order; the first that gives a date within the bounds is taken. Directives:
        ``%d %m %Y %y %b %B`` (month names in Spanish, English or Portuguese, by their first three
        letters), ``%j`` (the day of the year, in three figures), ``%H %I %M %S %f %p %z`` and the
        day of the week ``%A %a``, which are read over; or ``"excel"`` for serial numbers, and ``"epoch"``,
        ``"epoch-05:00"`` for seconds since 1970.
    earliest, latest
        Bounds of what is possible, both included.
    pivot
        Two-digit years up to this one are 20xx, others 19xx; by default the year of `latest`.
    placeholders
        Dates that stand for no date.
    partial
        Accept dates without day, or without day and month: "00/00/1975", "XX/05/1975", "1975-05",
        "1975". Their date is the first day of the month or year.

    Returns
    -------
    pl.DataFrame
        Grain: one input value, in the input's order. Columns: value, date, precision (day, month,
        year; null where there is no date) and reason (one of :data:`DATE_REASONS`; null where there
        is a date or the value is blank).

    Raises
    ------
    ValueError
        If a format has an unknown directive: formats are checked with the declaration.
    """
    found = _read(values, formats, earliest, latest, pivot, placeholders, partial=partial)
    return found.select(
        "value", date=pl.col("_date"), precision=pl.col("_precision"), reason=pl.col("_reason")
    )


def read_datetimes(
    values: pl.Series,
    formats: Sequence[str],
    *,
    earliest: date = date(1880, 1, 1),
    latest: date = date(2100, 12, 31),
    pivot: int | None = None,
    placeholders: Sequence[date] = PLACEHOLDER_DATES,
) -> pl.DataFrame:
    """Read moments written in one of several formats, as :func:`read_dates` reads dates.

    A value that has the date of a format and no time is the start of that day; "24:00" is the start
    of the next. Zone offsets (``%z``) are read over: the register keeps the local time as written.

    Returns
    -------
    pl.DataFrame
        Grain: one input value. Columns: value, datetime, precision (second, minute or day) and reason.
    """
    found = _read(values, formats, earliest, latest, pivot, placeholders, partial=False)
    return found.select(
        "value",
        datetime=pl.col("_date").cast(pl.Datetime("us")) + pl.duration(seconds=pl.col("_seconds")),
        precision=pl.when(pl.col("_date").is_not_null()).then(pl.col("_time_precision")),
        reason=pl.col("_reason"),
    )


def _read(
    values: pl.Series,
    formats: Sequence[str],
    earliest: date,
    latest: date,
    pivot: int | None,
    placeholders: Sequence[date],
    *,
    partial: bool,
) -> pl.DataFrame:
    """Try each format on what the formats before it left unread."""
    work = pl.DataFrame({"value": values.cast(pl.String)}).with_row_index("_row")
    # A spreadsheet shows by an apostrophe that a cell is text, and some write it out.
    text = pl.col("value").str.strip_chars(" \t\u00a0'‘’").str.replace_all(r"\s+", " ")
    work = work.with_columns(_text=pl.when(text != "").then(text))
    done: list[pl.DataFrame] = []
    rest = work.filter(pl.col("_text").is_not_null())
    problems: list[pl.DataFrame] = []
    for pattern, is_count in patterns(formats, partial=partial):
        if rest.is_empty():
            break
        parts = find_counted_parts(rest, pattern) if is_count else find_parts(rest, pattern, pivot, latest)
        judged = _judge(parts, earliest, latest, placeholders)
        is_read = pl.col("_reason").is_null() & pl.col("_date").is_not_null()
        done.append(judged.filter(is_read))
        problems.append(judged.filter(pl.col("_reason").is_not_null()).select("_row", "_reason"))
        rest = judged.filter(~is_read).select("_row", "value", "_text")
    read = (
        pl.concat([part.select("_row", *_RESULT) for part in done]) if done else pl.DataFrame(schema=_SCHEMA)
    )
    work = work.join(read, on="_row", how="left", maintain_order="left")
    return work.with_columns(_reason=_reasons(work, problems))


_RESULT = ("_date", "_precision", "_seconds", "_time_precision")
_SCHEMA = {
    "_row": pl.UInt32, "_date": pl.Date, "_precision": pl.String, "_seconds": pl.Int64,
    "_time_precision": pl.String,
}  # fmt: skip


def _reasons(work: pl.DataFrame, problems: list[pl.DataFrame]) -> pl.Series:
    """Give each value without a date its reason: a placeholder before a bound before anything else."""
    known = pl.concat([pl.DataFrame(schema={"_row": pl.UInt32, "_reason": pl.String}), *problems])
    worst = known.group_by("_row").agg(
        is_placeholder=(pl.col("_reason") == "date_placeholder").any(),
        is_out=(pl.col("_reason") == "date_out_of_range").any(),
    )
    joined = work.join(worst, on="_row", how="left", maintain_order="left")
    placeholder = pl.col("is_placeholder") | pl.col("_text").str.to_uppercase().str.contains(
        _PLACEHOLDER_TEXT
    )
    reason = (
        pl.when(pl.col("_text").is_null() | pl.col("_date").is_not_null())
        .then(None)
        .when(placeholder)
        .then(pl.lit("date_placeholder"))
        .when(pl.col("is_out"))
        .then(pl.lit("date_out_of_range"))
        .otherwise(pl.lit("date_unreadable"))
    )
    return joined.select(reason.alias("_reason")).to_series()


def _judge(parts: pl.DataFrame, earliest: date, latest: date, placeholders: Sequence[date]) -> pl.DataFrame:
    """Make the date, its precision, and the reason where the parts are no date or a refused one."""
    year, month, day = pl.col("_year"), pl.col("_month"), pl.col("_day")
    precision = (
        pl.when(month == 0).then(pl.lit("year")).when(day == 0).then(pl.lit("month")).otherwise(pl.lit("day"))
    )
    filled_month = pl.when(month == 0).then(1).otherwise(month)
    filled_day = pl.when((month == 0) | (day == 0)).then(1).otherwise(day)
    written = pl.format(
        "{}-{}-{}",
        year.cast(pl.String).str.zfill(4),
        filled_month.cast(pl.String).str.zfill(2),
        filled_day.cast(pl.String).str.zfill(2),
    )
    parts = parts.with_columns(_date=written.str.to_date("%Y-%m-%d", strict=False), _precision=precision)
    parts = parts.with_columns(_date=pl.when("_time_ok").then("_date"))
    is_placeholder = pl.col("_date").is_in(list(placeholders)) & (pl.col("_precision") == "day")
    is_placeholder |= year.is_in([0, 1, 9999])
    # A month or a year is within the bounds when any of its days is.
    last_day = (
        pl.when(precision == "year")
        .then(pl.col("_date").dt.offset_by("1y"))
        .when(precision == "month")
        .then(pl.col("_date").dt.offset_by("1mo"))
        .otherwise(pl.col("_date").dt.offset_by("1d"))
        .dt.offset_by("-1d")
    )
    reason = (
        pl.when(~pl.col("_fits"))
        .then(None)
        .when(is_placeholder)
        .then(pl.lit("date_placeholder"))
        .when(pl.col("_date").is_null())
        .then(pl.lit("date_unreadable"))
        .when((last_day < earliest) | (pl.col("_date") > latest))
        .then(pl.lit("date_out_of_range"))
    )
    return parts.with_columns(_reason=reason)
