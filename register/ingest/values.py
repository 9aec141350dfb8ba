"""Reads one declared value of a block of rows: text to a date, a code, or text, with a reason for what fails.

Work is done on distinct values and joined back: a column of half a million countries holds two hundred.
"""

from __future__ import annotations

from collections.abc import Callable
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


def per_distinct(
    raw: pl.Series, read: Callable[[pl.Series], pl.DataFrame], outputs: list[str]
) -> pl.DataFrame:
    """Apply a reader to the distinct texts of a column and spread its outputs over the rows.

    ``read`` returns one row per distinct text, in the column ``value``, with the outputs beside it.
    """
    distinct = raw.drop_nulls().unique()
    table = read(distinct)
    return (
        pl.DataFrame({"value": raw}, schema={"value": pl.String})
        .join(table.select("value", *outputs), on="value", how="left", maintain_order="left")
        .select(outputs)
    )


def read_value(rows: pl.DataFrame, value: Value, column: Column, schema: Schema) -> Reading:
    """Read a declared value as the type of its column's concept."""
    raw = raw_text(rows, value)
    kind = column.concept.type
    if kind == "date":
        out = per_distinct(
            raw,
            lambda text: read_dates(
                text, value.formats or DEFAULT_DATES, earliest=column.earliest, latest=column.latest
            ),
            ["date", "precision", REASON],
        )
        return Reading(out["date"], out[REASON], out["precision"])
    if kind == "datetime":
        out = per_distinct(
            raw,
            lambda text: read_datetimes(
                text, value.formats or DEFAULT_DATETIMES, earliest=column.earliest, latest=column.latest
            ),
            ["datetime", REASON],
        )
        return Reading(out["datetime"], out[REASON])
    if column.concept.codelist:
        return read_code(raw, value, column.concept, schema)
    text = raw.str.strip_chars()
    return Reading(text.set(text == "", None), pl.repeat(None, len(text), dtype=pl.String, eager=True))


DEFAULT_DATES = ("%Y-%m-%d",)
DEFAULT_DATETIMES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M")


def read_code(raw: pl.Series, value: Value, concept: Concept, schema: Schema) -> Reading:
    """Read codes, labels and aliases of a code list; what the list does not know is null with a reason."""
    assert concept.codelist is not None
    codelist = schema.codelist(concept.codelist)

    def read(texts: pl.Series) -> pl.DataFrame:
        matched = match_codes(texts, codelist, extra=dict(value.values))
        return matched.with_columns(
            pl.when(pl.col("how") == "unknown").then(pl.lit("unknown_code")).alias(REASON)
        )

    out = per_distinct(raw, read, ["code", REASON])
    return Reading(out["code"], out[REASON])


def no_reasons(height: int) -> pl.Series:
    """Return a column of no reasons."""
    return pl.repeat(None, height, dtype=pl.String, eager=True)


def joined(columns: list[pl.Expr], separator: str = ";") -> pl.Expr:
    """Join reasons that are there by a separator; null where there is none."""
    if not columns:
        return pl.lit(None, dtype=pl.String)
    text = pl.concat_str(columns, separator=separator, ignore_nulls=True)
    return pl.when(text != "").then(text)
