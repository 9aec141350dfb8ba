"""Read dates and times as offices write them: declared formats, partial dates, placeholders.

A format is turned into a pattern, and the parts that it finds into a date. That keeps what a
library's parser would lose: "00/00/1975" is the year 1975, "31/02/1975" is no date at all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

import polars as pl

DATE_REASONS: tuple[str, ...] = ("date_unreadable", "date_out_of_range", "date_placeholder")
"""Why a value gave no date."""

PLACEHOLDER_DATES: tuple[date, ...] = (
    date(1, 1, 1), date(1753, 1, 1), date(1800, 1, 1), date(1899, 12, 30), date(1899, 12, 31),
    date(1900, 1, 1), date(2999, 12, 31), date(9999, 12, 31),
)  # fmt: skip
"""Dates that programs write where there is none."""

EXCEL = "excel"
"""The format of a spreadsheet's serial day number: 1 is 31 December 1899."""

_PLACEHOLDER_TEXT = (
    r"^(?:[0\W_]+|[9\W_]+|SIN FECHA|SIN DATOS?|SIN INFORMACION|NO REGISTRA|NO APLICA|NO TIENE|NO INFORMA|"
    r"DESCONOCID[AO]|UNKNOWN|NULL|NULO|NONE|NAN|NAT|N/?A|N/?D|S/?F|S/?D|S/?N|[DMAY/\-. ]+|X[X/\-. ]*)$"
)
_MONTHS = {
    "ENE": 1, "JAN": 1, "FEB": 2, "FEV": 2, "MAR": 3, "ABR": 4, "APR": 4, "MAY": 5, "MAI": 5, "JUN": 6,
    "JUL": 7, "AGO": 8, "AUG": 8, "SEP": 9, "SET": 9, "OCT": 10, "OUT": 10, "NOV": 11, "DIC": 12, "DEC": 12,
    "DEZ": 12,
}  # fmt: skip
_UNKNOWN_PART = r"XX|xx|--|__|\?\?|\*\*"
_PATTERNS = {
    "d": rf"(?P<d>[0-9]{{1,2}}|{_UNKNOWN_PART})",
    "m": rf"(?P<m>[0-9]{{1,2}}|{_UNKNOWN_PART})",
    "Y": r"(?P<Y>[0-9]{4})",
    "y": r"(?P<y>[0-9]{2})",
    "b": r"(?P<b>\p{L}{3})\p{L}*\.?",
    "B": r"(?P<b>\p{L}{3})\p{L}*\.?",
    "H": r"(?P<H>[0-9]{1,2})",
    "I": r"(?P<H>[0-9]{1,2})",
    "M": r"(?P<M>[0-9]{2})",
    "S": r"(?P<S>[0-9]{2})(?:[.,][0-9]+)?",
    "f": r"[0-9]+",
    "A": r"\p{L}+\.?",
    "a": r"\p{L}+\.?",
    "p": r"(?P<p>[AaPp])\.?\s?[Mm]\.?",
    "z": r"(?:Z|[+-][0-9]{2}:?[0-9]{2})",
    "%": "%",
}
_SERIAL = r"^(?P<d>[0-9]{5}(?:\.[0-9]+)?)(?: (?P<f>0?\.[0-9]+|0))?$"
_TIME_LEFT_OVER = r"(?:[ T]+[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?"


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
        letters), ``%H %I %M %S %f %p %z`` and the day of the week ``%A %a``, which are read over; or
        ``"excel"`` for serial numbers.
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


def check_date_format(format_: str) -> str | None:
    """Return what is wrong with a declared format, or null: for the checks of declarations."""
    if format_ == EXCEL:
        return None
    directives = re.findall("%(.)", format_)
    unknown = [directive for directive in directives if directive not in _PATTERNS]
    if unknown:
        return f"%{unknown[0]}"
    if not {"Y", "y"} & set(directives):
        return "%Y"
    return None


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
    text = pl.col("value").str.strip_chars().str.replace_all(r"\s+", " ")
    work = work.with_columns(_text=pl.when(text != "").then(text))
    done: list[pl.DataFrame] = []
    rest = work.filter(pl.col("_text").is_not_null())
    problems: list[pl.DataFrame] = []
    for pattern, is_excel in _patterns(formats, partial=partial):
        if rest.is_empty():
            break
        parts = _excel_parts(rest) if is_excel else _parts(rest, pattern, pivot, latest)
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


def _patterns(formats: Sequence[str], *, partial: bool) -> list[tuple[str, bool]]:
    """Return the patterns to try: each format, then what it becomes without day, and without month."""
    shorter: list[str] = []
    for format_ in formats:
        if partial and "%Y" in format_ and format_ != EXCEL:
            month_form = _without(_tokens(_date_part(format_)), ("%d",))
            shorter += ["".join(month_form), "".join(_without(month_form, ("%m", "%b", "%B")))]
    unique = dict.fromkeys([*formats, *shorter])
    return [("", True) if format_ == EXCEL else (_pattern(format_), False) for format_ in unique]


def _tokens(format_: str) -> list[str]:
    """Divide a format into directives and what stands between them."""
    return re.findall("%.|[^%]+", format_)


def _without(tokens: list[str], dropped: tuple[str, ...]) -> list[str]:
    """Leave a directive out, and the separator that goes with it."""
    places = [place for place, token in enumerate(tokens) if token in dropped]
    if not places:
        return tokens
    place = places[0]
    before = place > 0 and not tokens[place - 1].startswith("%")
    after = place == 0 and len(tokens) > 1 and not tokens[1].startswith("%")
    return tokens[: place - before] + tokens[place + 1 + after :]


def _date_part(format_: str) -> str:
    """Return a format up to its first directive of time."""
    return re.split(r"[ T]*%[HIMSfpz]", format_, maxsplit=1)[0]


def _pattern(format_: str) -> str:
    """Turn a format into a pattern; its time may be missing from a value, or be there unasked."""
    date_part = _date_part(format_)
    time_part = format_[len(date_part) :]
    packed = re.search(r"%[dmY]%[dmY]", date_part) is not None

    def translate(piece: str) -> str:
        out = []
        for token in _tokens(piece):
            if not token.startswith("%"):
                out.append(re.escape(token).replace(r"\ ", r"\s*"))
                continue
            if token[1] not in _PATTERNS:
                raise ValueError(f"unknown directive {token!r} in date format {format_!r}")
            pattern = _PATTERNS[token[1]]
            out.append(pattern.replace("{1,2}", "{2}") if packed and token in ("%d", "%m") else pattern)
        return "".join(out)

    time = f"(?:{translate(time_part)})?" if time_part else _TIME_LEFT_OVER
    return f"^{translate(date_part)}{time}$"


def _parts(rest: pl.DataFrame, pattern: str, pivot: int | None, latest: date) -> pl.DataFrame:
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
    month = _month_number() if "b" in named else part("m", 0)
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
        _day=part("d", 0),
        _seconds=pl.when(has_time).then(hour * 3600 + minute * 60 + second).otherwise(0).cast(pl.Int64),
        _time_ok=~has_time | (in_day & (minute < 60) & (second < 60)),
        _time_precision=pl.when(has_time).then(precision).otherwise(pl.lit("day")),
    ).drop("_groups")


def _month_number() -> pl.Expr:
    name = pl.col("_groups").struct.field("b").str.to_uppercase()
    return name.replace_strict(list(_MONTHS), list(_MONTHS.values()), default=13, return_dtype=pl.Int32)


def _excel_parts(rest: pl.DataFrame) -> pl.DataFrame:
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
