"""Reads one declared value of a block of rows: text to a date, a code, or text, with a reason for what fails.

Work is done on distinct values and joined back: a column of half a million countries holds two hundred.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from register.ingest.codes import match_codes
from register.ingest.dates import read_dates, read_datetimes
from register.ingest.declaration import Value
from register.schema import Column, Concept, Schema

REASON = "reason"


@dataclass(frozen=True)
class Reading:
    """A column that was read: its values, and per row the reason why a value is missing though text was there."""

    values: pl.Series
    reasons: pl.Series
    precision: pl.Series | None = None


def raw_text(rows: pl.DataFrame, value: Value) -> pl.Series:
    """Return the text of a declared value, row by row; null where the delivery has no such column."""
    if value.constant is not None:
        return pl.repeat(value.constant, rows.height, dtype=pl.String, eager=True)
    for header in value.headers:
        if header in rows.columns:
            return rows[header]
    return pl.repeat(None, rows.height, dtype=pl.String, eager=True)


class Memory:
    """Readings of distinct texts, kept from block to block: the two hundred countries are looked up once.

    A value with more distinct texts than ``limit`` (moments, mostly) is not kept, so that memory does not grow.
    """

    def __init__(self, limit: int = 200_000) -> None:
        self.limit = limit
        self._tables: dict[str, pl.DataFrame] = {}

    def spread(
        self, key: str, raw: pl.Series, read: Callable[[pl.Series], pl.DataFrame], outputs: Sequence[str]
    ) -> pl.DataFrame:
        """Apply a reader to the texts of a column not met before and spread its outputs over the rows.

        ``read`` returns one row per text, in the column ``value``, with the outputs beside it.
        """
        texts = pl.DataFrame({"value": raw}, schema={"value": pl.String})
        fresh = texts.drop_nulls().unique()
        known = self._tables.get(key)
        if known is not None:
            fresh = fresh.join(known, on="value", how="anti")
        if known is None or fresh.height:
            made = read(fresh["value"]).select("value", *outputs)
            known = made if known is None else pl.concat([known, made])
        self._tables[key] = known.clear() if known.height > self.limit else known
        return texts.join(known, on="value", how="left", maintain_order="left").select(outputs)


def read_value(
    rows: pl.DataFrame, value: Value, column: Column, schema: Schema, memory: Memory, key: str
) -> Reading:
    """Read a declared value as the type of its column's concept. ``key`` names the value in the memory."""
    raw = raw_text(rows, value)
    kind = column.concept.type
    first, last = column.earliest, column.latest
    if kind == "date":
        formats = value.formats or DEFAULT_DATES
        out = memory.spread(
            key,
            raw,
            lambda text: read_dates(text, formats, earliest=first, latest=last),
            ["date", "precision", REASON],
        )
        return Reading(out["date"], out[REASON], out["precision"])
    if kind == "datetime":
        formats = value.formats or DEFAULT_DATETIMES
        out = memory.spread(
            key,
            raw,
            lambda text: read_datetimes(text, formats, earliest=first, latest=last),
            ["datetime", REASON],
        )
        return Reading(out["datetime"], out[REASON])
    if column.concept.codelist:
        return read_code(raw, value, column.concept, schema, memory, key)
    text = raw.str.strip_chars()
    return Reading(text.set(text == "", None), no_reasons(len(text)))


DEFAULT_DATES = ("%Y-%m-%d",)
DEFAULT_DATETIMES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M")


def read_code(
    raw: pl.Series, value: Value, concept: Concept, schema: Schema, memory: Memory, key: str
) -> Reading:
    """Read codes, labels and aliases of a code list; what the list does not know is null with a reason."""
    assert concept.codelist is not None
    codelist = schema.codelist(concept.codelist)

    def read(texts: pl.Series) -> pl.DataFrame:
        unknown = pl.when(pl.col("how") == "unknown").then(pl.lit("unknown_code")).alias(REASON)
        return match_codes(texts, codelist, extra=dict(value.values)).with_columns(unknown)

    out = memory.spread(key, raw, read, ["code", REASON])
    return Reading(out["code"], out[REASON])


def no_reasons(height: int) -> pl.Series:
    """Return a column of no reasons."""
    return pl.repeat(None, height, dtype=pl.String, eager=True)


def joined(columns: Sequence[str]) -> pl.Expr:
    """Join the reasons in some columns by ";"; null where there is none."""
    text = pl.concat_str([pl.col(name) for name in columns], separator=";", ignore_nulls=True)
    return pl.when(text != "").then(text)
