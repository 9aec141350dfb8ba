"""Reads one declared value of a block of rows: text to a date, a code, or text, with a reason for what fails.

Work is done on distinct values and joined back: a column of half a million countries holds two hundred.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from register.concepts import TYPES, Column, Concept
from register.ingest.codes import match_codes
from register.ingest.dates import PLACEHOLDER_DATES, read_dates, read_datetimes
from register.ingest.places import SIMILARITY, match_municipalities
from register.ingest.source import Value
from register.ingest.text import fold_text
from register.schema import Schema

REASON = "reason"
YEARS_AHEAD = 50
PLACE = ("municipality_code", "department_code")
PLACE_LISTS = ("divipola", "department")
_PAIR = "\x1f"


@dataclass(frozen=True)
class Reading:
    """A column that was read: its values, and per row the reason why a value is missing though text was there."""

    values: pl.Series
    reasons: pl.Series
    precision: pl.Series | None = None

    def at(self, places: pl.Series) -> Reading:
        """Return the reading of the rows at some places."""
        precision = None if self.precision is None else self.precision[places]
        return Reading(self.values[places], self.reasons[places], precision)


def raw_text(rows: pl.DataFrame, value: Value) -> pl.Series:
    """Return the text of a declared value, row by row; null where the delivery has no such column."""
    if value.constant is not None:
        return pl.repeat(value.constant, rows.height, dtype=pl.String, eager=True)
    present = [column for column in value.columns if column in rows.columns]
    if not present:
        return no_reasons(rows.height)
    if len(value.columns) == 1 and value.pattern is None:
        return rows[present[0]]
    if len(value.columns) == 1:
        text = pl.col(present[0])
    else:
        parts = [pl.col(header).str.strip_chars() for header in present]
        text = pl.concat_str(
            [pl.when(part != "").then(part) for part in parts], separator=value.join, ignore_nulls=True
        )
        text = pl.when(text != "").then(text)
    if value.pattern is not None:
        text = text.str.extract(value.pattern, 1)
    return rows.select(text.alias("text")).to_series()


@dataclass(frozen=True)
class _Known:
    """Texts that were read, each once, with what was made of them. As categories they are found without a join."""

    table: pl.DataFrame
    texts: pl.Enum

    @staticmethod
    def of(table: pl.DataFrame) -> _Known:
        return _Known(table, pl.Enum(table["value"]))

    def places(self, raw: pl.Series) -> pl.Series:
        """Return the row of the table that each text has; null where it has none."""
        return raw.cast(self.texts, strict=False).to_physical()


_NOTHING = _Known.of(pl.DataFrame(schema={"value": pl.String}))


class Memory:
    """Readings of distinct texts, kept from block to block: the two hundred countries are looked up once.

    A value with more distinct texts than ``limit`` (moments, mostly) is not kept, so that memory does not grow.
    """

    def __init__(self, limit: int = 200_000) -> None:
        self.limit = limit
        self._tables: dict[str, _Known] = {}
        self._similar: list[pl.DataFrame] = []

    def note_similar(self, met: pl.DataFrame) -> None:
        """Note texts matched by similarity, row by row: column_name, text, within, code, score."""
        counted = met.group_by(met.columns).len("n_row")
        self._similar = [add_similar([*self._similar, counted])]

    def similar(self) -> pl.DataFrame:
        """Return what was matched by similarity. Grain: a text of a column; with n_row, how many rows have it."""
        return add_similar(self._similar)

    def spread(
        self, key: str, raw: pl.Series, read: Callable[[pl.Series], pl.DataFrame], outputs: Sequence[str]
    ) -> pl.DataFrame:
        """Apply a reader to the texts of a column not met before and spread its outputs over the rows.

        ``read`` returns one row per text, in the column ``value``, with the outputs beside it.
        """
        known = self._tables.get(key, _NOTHING)
        places = known.places(raw)
        if known is _NOTHING or places.null_count() > raw.null_count():
            made = read(raw.filter(places.is_null()).drop_nulls().unique()).select("value", *outputs)
            known = _Known.of(made if known is _NOTHING else pl.concat([known.table, made]))
            self._tables[key] = known if known.table.height <= self.limit else _Known.of(made.clear())
            places = known.places(raw)
        return known.table.select(pl.col(*outputs).gather(places))


SIMILAR_SCHEMA = pl.Schema(
    {
        **dict.fromkeys(("column_name", "text", "within", "code"), pl.String),
        "score": pl.Float64,
        "n_row": pl.UInt32,
    }
)


def add_similar(tables: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Add up counts of texts matched by similarity, in a fixed order."""
    every = pl.concat([SIMILAR_SCHEMA.to_frame(), *tables])
    keys = [name for name in every.columns if name != "n_row"]
    return every.group_by(keys).agg(pl.col("n_row").sum()).sort(keys)


def read_value(
    rows: pl.DataFrame, value: Value, column: Column, schema: Schema, memory: Memory, key: str
) -> Reading:
    """Read a declared value as the type of its column's concept. ``key`` names the value in the memory."""
    raw = raw_text(rows, value)
    kind = column.concept.type
    if kind in ("date", "datetime"):
        return _read_moments(raw, value.formats, column, memory, key)
    if column.concept.codelist:
        return read_code(raw, value, column.concept, schema, memory, key)
    text = raw.str.strip_chars()
    return Reading(text.set(text == "", None), no_reasons(len(text)))


def _read_moments(
    raw: pl.Series, declared: Sequence[str], column: Column, memory: Memory, key: str
) -> Reading:
    """Read dates, or moments. Those written as the first format says are read at once, the others by distinct value."""
    kind, first, last = column.concept.type, column.earliest, column.latest
    formats = declared or (DEFAULT_DATES if kind == "date" else DEFAULT_DATETIMES)
    # Of two-digit years, "27" may lie ahead where a permit ends, and cannot where a person is born.
    pivot = (dt.datetime.now().year + (0 if column.past else YEARS_AHEAD)) % 100

    def read(texts: pl.Series) -> pl.DataFrame:
        reader = read_dates if kind == "date" else read_datetimes
        return reader(texts, formats, earliest=first, latest=last, pivot=pivot)

    plain = _read_plain(raw, formats[0], kind, first, last)
    is_left = raw.is_not_null() & plain.is_null()
    out = pl.DataFrame([plain, no_reasons(len(raw)).alias(REASON)])
    out = out.with_columns(precision=pl.when(pl.col(kind).is_not_null()).then(pl.lit("day")))
    if is_left.any():
        left = memory.spread(key, raw.filter(is_left), read, out.columns)
        out = pl.concat([out, left])[take_behind(is_left)]
    return Reading(out[kind], out[REASON], out["precision"] if kind == "date" else None)


def _read_plain(raw: pl.Series, form: str, kind: str, first: dt.date, last: dt.date) -> pl.Series:
    """Read what has exactly the first declared format: nearly all, and in one quick pass.

    What this leaves null (another format, a part left out, a day that does not exist, a placeholder) is for
    `register.ingest.dates` to read or to give a reason for; everything, if the format has parts of no fixed form.
    """
    directives = set(re.findall("%(.)", form))
    needed, allowed = ("dmY", "dmY") if kind == "date" else ("dmYHM", "dmYHMS")
    if not set(needed) <= directives <= set(allowed):
        return pl.repeat(None, len(raw), dtype=TYPES[kind], eager=True).alias(kind)
    moments = raw.str.strptime(TYPES[kind], form, strict=False, cache=False)
    day = moments.dt.date()
    usable = day.is_between(first, last) & ~day.is_in(
        [date for date in PLACEHOLDER_DATES if first <= date <= last]
    )
    nothing = pl.Series([None], dtype=moments.dtype)
    return moments.zip_with(usable.fill_null(value=False), nothing).alias(kind)


DEFAULT_DATES = ("%Y-%m-%d",)
DEFAULT_DATETIMES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M")


def read_code(
    raw: pl.Series, value: Value, concept: Concept, schema: Schema, memory: Memory, key: str
) -> Reading:
    """Read codes, labels and aliases of a code list; what the list does not know is null with a reason."""
    codelist = schema.codelist(value.codelist or concept.codelist or "")

    def read(texts: pl.Series) -> pl.DataFrame:
        unknown = pl.when(pl.col("how") == "unknown").then(pl.lit("unknown_code")).alias(REASON)
        return match_codes(texts, codelist, extra=dict(value.values)).with_columns(unknown)

    out = memory.spread(key, raw, read, ["code", REASON])
    return Reading(out["code"], out[REASON])


def no_reasons(height: int) -> pl.Series:
    """Return a column of no reasons."""
    return pl.repeat(None, height, dtype=pl.String, eager=True)


def joined_faults(faults: Mapping[str, pl.Series], height: int) -> pl.Series:
    """Join the reasons of each row as "name:reason;name:reason"; null where there is none."""
    told = {name: reasons for name, reasons in faults.items() if reasons.null_count() < height}
    if not told:
        return no_reasons(height)
    frame = pl.DataFrame(list(told.values()), schema=list(told))
    marks = [pl.lit(f"{name}:") + pl.col(name) for name in told]
    return frame.select(joined(marks)).to_series()


def joined(texts: Sequence[pl.Expr]) -> pl.Expr:
    """Join texts by ";"; null where there is none."""
    text = pl.concat_str(texts, separator=";", ignore_nulls=True)
    return pl.when(text != "").then(text)


def without_blanks(text: pl.Expr) -> pl.Expr:
    """Return text without spaces around it; null where nothing is left."""
    stripped = text.str.strip_chars()
    return pl.when(stripped != "").then(stripped)


def take_behind(is_behind: pl.Series) -> pl.Series:
    """Return where each row stands in a frame that has the marked rows once more, in order, behind all the others."""
    height = len(is_behind)
    place = (
        pl.when(is_behind)
        .then(is_behind.cum_sum().cast(pl.Int64) + (height - 1))
        .otherwise(pl.int_range(height))
    )
    return pl.select(place).to_series()


def read_place(
    rows: pl.DataFrame, place: Mapping[str, Value], schema: Schema, memory: Memory, key: str
) -> tuple[pl.DataFrame, pl.Series]:
    """Read municipality and department together: a municipality's name is unique only within its department.

    A name met by similarity is used and flagged, and noted in the memory so that the office can confirm it.
    """
    absent = Value()
    declared = [place.get(name, absent) for name in PLACE]
    both = pl.DataFrame(
        {
            "municipality": raw_text(rows, declared[0]),
            "department": raw_text(rows, declared[1]),
        }
    )
    text = both.select(pl.concat_str(pl.col(both.columns).fill_null(""), separator=_PAIR)).to_series()

    def read(texts: pl.Series) -> pl.DataFrame:
        parts = texts.str.split_exact(_PAIR, 1).struct.unnest()
        parts = parts.select(pl.all().replace("", None)).rename(
            dict(zip(parts.columns, both.columns, strict=True))
        )
        parts = parts.with_columns(
            _mapped(pl.col(name), value.values) for name, value in zip(both.columns, declared, strict=True)
        )
        lists = (value.codelist or own for value, own in zip(declared, PLACE_LISTS, strict=True))
        least = SIMILARITY if declared[0].similarity is None else declared[0].similarity
        found = match_municipalities(parts, *(schema.codelist(name) for name in lists), threshold=least)
        is_certain = pl.col("how").is_in(["code", "name", "label", "alias"]) | pl.col("how").is_null()
        reason = pl.when(~is_certain).then("how").alias(REASON)
        return found.with_columns(reason, texts.alias("value"))

    out = memory.spread(key, text, read, [*PLACE, REASON, "score"])
    similar = out[REASON] == "similar"
    if similar.any():
        noted = both.hstack(out).filter(similar)
        memory.note_similar(
            noted.select(
                pl.lit(key).alias("column_name"),
                pl.col("municipality").alias("text"),
                pl.col("department").alias("within"),
                pl.col("municipality_code").alias("code"),
                "score",
            )
        )
    return out.select(PLACE), out[REASON]


def _mapped(text: pl.Expr, values: Mapping[str, str]) -> pl.Expr:
    """Put the codes of a declaration's own values in their place; an empty code says that nothing is known."""
    if not values:
        return text
    raw = pl.Series(list(values), dtype=pl.String).to_frame("raw").select(fold_text(pl.col("raw")))["raw"]
    return fold_text(text).replace_strict(raw, list(values.values()), default=text).replace("", None)
