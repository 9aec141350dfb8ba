"""Concepts and tables, as frozen objects: what each variable means, and which columns stand between two stages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

RECORDS = ("crossing", "visa", "permit", "birth", "death", "marriage")
"""The tables that rows of extracts become."""

TYPES: Mapping[str, Any] = {
    "string": pl.String,
    "code": pl.String,
    "date": pl.Date,
    "datetime": pl.Datetime("us"),
    "integer": pl.Int64,
    "number": pl.Float64,
    "boolean": pl.Boolean,
}


@dataclass(frozen=True)
class Concept:
    """A standard variable: what it means, in two languages, and where the definition comes from."""

    name: str
    type: str
    label: Mapping[str, str]
    definition: Mapping[str, str]
    codelist: str | None
    source_standard: str
    identified: bool


@dataclass(frozen=True)
class Column:
    """A column of a table: its concept, and what ingest may expect of it.

    A row is rejected without its ``required`` columns. A source may fill the ``declarable`` ones. Dates lie at or after
    ``earliest`` and, where ``past``, not after today. ``attribute_of`` names a column and an attribute of its code list
    that fill this one where a source does not (a border post has a mode of transport).
    """

    name: str
    concept: Concept
    required: bool = False
    declarable: bool = False
    past: bool = False
    earliest: dt.date = dt.date(1880, 1, 1)
    attribute_of: tuple[str, str] | None = None

    @property
    def dtype(self) -> Any:
        """The Polars type of the column."""
        return TYPES[self.concept.type]

    @property
    def latest(self) -> dt.date:
        """The last date that the column can hold."""
        return dt.datetime.now().astimezone().date() if self.past else dt.date(2100, 12, 31)


@dataclass(frozen=True)
class Check:
    """A rule over one row: where ``sql`` is true the value of ``column`` cannot be."""

    reason: str
    column: str
    sql: str


@dataclass(frozen=True)
class Table:
    """A table between stages: its grain, key, columns and where it may stand.

    ``extra`` is the beginning of the names of further columns, where their number depends on other declarations.
    """

    name: str
    stage: str
    identified: bool
    grain: Mapping[str, str]
    key: tuple[str, ...]
    columns: Mapping[str, Column]
    checks: tuple[Check, ...] = ()
    extra: str = ""

    @property
    def folder(self) -> str:
        """The folder of a run that holds the table."""
        return "identified" if self.identified else "statistical"
