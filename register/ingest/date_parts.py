"""Finds year, month, day and time of day in texts that a pattern fits, or in numbers that count days or seconds."""

from __future__ import annotations

import re
from datetime import date

import polars as pl

from register.ingest.date_formats import EPOCH

MONTHS = {
    "ENE": 1, "JAN": 1, "FEB": 2, "FEV": 2, "MAR": 3, "ABR": 4, "APR": 4, "MAY": 5, "MAI": 5, "JUN": 6,
    "JUL": 7, "AGO": 8, "AUG": 8, "SEP": 9, "SET": 9, "OCT": 10, "OUT": 10, "NOV": 11, "DIC": 12, "DEC": 12,
    "DEZ": 12,
}  # fmt: skip
_SERIAL = r"^(?P<d>[0-9]{5}(?:\.[0-9]+)?)(?: (?P<f>0?\.[0-9]+|0))?$"


def find_parts(rest: pl.DataFrame, pattern: str, pivot: int | None, latest: date) -> pl.DataFrame:
    """Add year, month, day and seconds of the day, where the pattern fits."""
    named = re.findall(r"\?P<(\w)>", pattern)
    text = pl.col("_text")
    found = rest.with_columns(_fits=text.str.contains(pattern), _groups=text.str.extract_groups(pattern))

    def part(name: str, missing: int | None) -> pl.Expr:
        if name not in named:
            return pl.lit(missing, pl.Int32)
        number = pl.col("_groups").struct.field(name).cast(pl.Int32, strict=False)
        # XX and the like count as zero: not known.
        return pl.when(pl.col("_fits")).then(number.fill_null(0))

    if "y" in named:
        last = latest.year % 100 if pivot is None else pivot
        short = part("y", None)
        year = short + pl.when(short <= last).then(2000).otherwise(1900)
    else:
        year = part("Y", None)
    month, day = _month_number() if "b" in named else part("m", 0), part("d", 0)
    if "j" in named:
        month, day = _month_and_day(year, part("j", None))
    hour = part("H", None)
    if "p" in named:
        afternoon = pl.col("_groups").struct.field("p").str.to_uppercase() == "P"
        hour = (
            pl.when(afternoon.is_null())
            .then(hour)
            .otherwise(hour % 12 + pl.when(afternoon).then(12).otherwise(0))
        )
    has_time = pl.col("_groups").struct.field("H").is_not_null() if "H" in named else pl.lit(False)
    minute, second = part("M", 0), part("S", 0)
    in_day = (hour < 24) | ((hour == 24) & (minute == 0) & (second == 0))
    precision = pl.lit("second" if "S" in named else "minute")
    return found.with_columns(
        _year=year,
        _month=month,
        _day=day,
        _seconds=pl.when(has_time).then(hour * 3600 + minute * 60 + second).otherwise(0).cast(pl.Int64),
        _time_ok=~has_time | (in_day & (minute < 60) & (second < 60)),
        _time_precision=pl.when(has_time).then(precision).otherwise(pl.lit("day")),
    ).drop("_groups")


def _month_number() -> pl.Expr:
    name = pl.col("_groups").struct.field("b").str.to_uppercase()
    return name.replace_strict(list(MONTHS), list(MONTHS.values()), default=13, return_dtype=pl.Int32)


def _month_and_day(year: pl.Expr, day_of_year: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Return month and day of a day counted from 1 January; the thirteenth month where the year has no such day."""
    date_ = pl.date(year, 1, 1) + pl.duration(days=day_of_year - 1)
    is_in_year = date_.dt.year() == year
    return pl.when(is_in_year).then(date_.dt.month().cast(pl.Int32)).otherwise(13), date_.dt.day().cast(
        pl.Int32
    )


def find_counted_parts(rest: pl.DataFrame, format_: str) -> pl.DataFrame:
    """Read numbers that count the days of a spreadsheet, or seconds since 1970, as the format says."""
    epoch = re.fullmatch(EPOCH, format_)
    return find_excel_parts(rest) if epoch is None else find_epoch_parts(rest, epoch["zone"] or "+00:00")


def find_epoch_parts(rest: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Read seconds since 1970, or thousandths where there are more than ten figures, in the local time of a zone.

    A number of less than five figures (nothing, a year) counts no seconds: it would be the first hours of 1970.
    """
    number = pl.col("_text").str.extract(r"^(-?[0-9]{5,14})(?:[.,][0-9]+)?$").cast(pl.Int64)
    ahead = (int(zone[1:3]) * 3600 + int(zone[4:]) * 60) * (-1 if zone[0] == "-" else 1)
    seconds = pl.when(number.abs() >= 10**10).then(number // 1000).otherwise(number) + ahead
    day = pl.lit(date(1970, 1, 1)) + pl.duration(days=seconds // 86400)
    return rest.with_columns(
        _fits=number.is_not_null(),
        _year=day.dt.year(),
        _month=day.dt.month().cast(pl.Int32),
        _day=day.dt.day().cast(pl.Int32),
        _seconds=(seconds % 86400).fill_null(0),
        _time_ok=pl.lit(True),
        _time_precision=pl.lit("second"),
    )


def find_excel_parts(rest: pl.DataFrame) -> pl.DataFrame:
    """Read spreadsheet serial numbers, with the time as their fraction, or as a fraction behind them."""
    groups = pl.col("_text").str.replace_all(",", ".", literal=True).str.extract_groups(_SERIAL)
    whole, fraction = (groups.struct.field(name).cast(pl.Float64, strict=False) for name in ("d", "f"))
    serial = whole + fraction.fill_null(0)
    day = pl.lit(date(1899, 12, 30)) + pl.duration(days=serial.floor().cast(pl.Int64))
    seconds = ((serial - serial.floor()) * 86400).round().cast(pl.Int64)
    return rest.with_columns(_fits=serial.is_not_null()).with_columns(
        _year=day.dt.year(),
        _month=day.dt.month().cast(pl.Int32),
        _day=day.dt.day().cast(pl.Int32),
        _seconds=seconds.fill_null(0),
        _time_ok=pl.lit(True),
        _time_precision=pl.when(seconds > 0).then(pl.lit("second")).otherwise(pl.lit("day")),
    )
