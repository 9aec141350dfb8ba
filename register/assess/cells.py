"""Tells of every cell of a block whether it is usable, empty, filler, or something that cannot be read or be true."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from register.assess.declaration import Indicators
from register.concepts import Column
from register.ingest.source import Source, Value
from register.ingest.values import PLACE, Memory, Reading, raw_text, read_value
from register.schema import Schema

MISSING, SENTINEL, INVALID, EDIT = "missing", "sentinel", "invalid", "edit"
Mark = tuple[str, str, pl.Series]
"""A variable, what is to be said of it, and the rows of which it is to be said, by their place."""


class Reader:
    """Reads declared values with a memory, and judges them.

    Parameters
    ----------
    source
        Its format may name further texts that say nothing.
    schema
        Concepts and code lists.
    indicators
        What counts as filler.
    """

    def __init__(self, source: Source, schema: Schema, indicators: Indicators) -> None:
        self.schema = schema
        self.memory = Memory()
        own = (text.strip().upper() for text in source.format.nulls)
        self.fillers = pl.Series([*indicators.fillers, *own], dtype=pl.String)
        self.unknown = indicators.unknown_codes

    def read(self, rows: pl.DataFrame, value: Value, column: Column, key: str) -> Reading:
        """Read one declared value of each row."""
        return read_value(rows, value, column, self.schema, self.memory, key)

    def judge(
        self, name: str, raw: pl.Series, usable: pl.Series, placeholder: pl.Series | None = None
    ) -> list[Mark]:
        """Return what is wrong with the cells of a variable of which nothing came.

        Parameters
        ----------
        name
            Of the variable.
        raw
            The text, as written.
        usable
            Whether a value came of it.
        placeholder
            Whether the reading knew it for a filler.
        """
        at = (~usable).arg_true()
        if not len(at):
            return []
        text = raw.gather(at).cast(pl.String).str.strip_chars()
        empty = (text.is_null() | (text == "")).fill_null(value=True)
        filler = text.str.to_uppercase().is_in(self.fillers.implode()).fill_null(value=False)
        if placeholder is not None:
            filler = filler | placeholder.gather(at).fill_null(value=False)
        kinds = ((MISSING, empty), (SENTINEL, ~empty & filler), (INVALID, ~empty & ~filler))
        return [(name, mark, at.filter(those)) for mark, those in kinds if those.any()]

    def is_known(self, values: pl.Series, codelist: str | None) -> pl.Series:
        """Say which values are there and say something: a code that means "not known" does not."""
        known = values.is_not_null()
        codes = self.unknown.get(codelist or "", ())
        return known & ~values.is_in(list(codes)).fill_null(value=False) if codes else known


class Cells:
    """The columns of the record itself, which `register.ingest.records.RecordReader` has read."""

    def __init__(self, source: Source, schema: Schema, indicators: Indicators) -> None:
        self.source = source
        self.reader = Reader(source, schema, indicators)
        self.variables = tuple(source.columns)

    def marks(self, rows: pl.DataFrame, records: pl.DataFrame) -> list[Mark]:
        """Return the marks of every declared column, and of the table's edits that records failed."""
        marks: list[Mark] = []
        flags = records["flags"]
        reasons = self._reasons(flags)
        for name, value in self.source.columns.items():
            raw = raw_text(rows, value)
            concept = self.source.table.columns[name].concept
            usable = self.reader.is_known(records[name], concept.codelist)
            if usable.all():
                continue
            failed = [why for why in reasons.get(name, ()) if why in self._edits(name)]
            found = self._placeholder(flags, name, concept.codelist, records[name], reasons)
            marks += self.reader.judge(name, raw, usable, found)
            marks += [
                (f"{name}.{why}", EDIT, flags.str.contains(f"{name}:{why}", literal=True).arg_true())
                for why in failed
            ]
        return marks

    def _edits(self, name: str) -> set[str]:
        return {check.reason for check in self.source.table.checks if check.column == name}

    def _placeholder(
        self,
        flags: pl.Series,
        name: str,
        codelist: str | None,
        values: pl.Series,
        reasons: dict[str, set[str]],
    ) -> pl.Series | None:
        """Say where the reading met a filler: a date such as 1900-01-01, or a text or code that means "not known"."""
        if codelist is not None:
            # A coded text that came to nothing without a reason is one of those that mean "not known".
            told = f"{PLACE[0] if name in PLACE else name}:"
            quiet = values.is_null() & ~flags.str.contains(told, literal=True).fill_null(value=False)
            return values.is_not_null() | quiet
        if "date_placeholder" not in reasons.get(name, ()):
            return None
        return flags.str.contains(f"{name}:date_placeholder", literal=True)

    @staticmethod
    def _reasons(flags: pl.Series) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for text in flags.drop_nulls().unique():
            for each in str(text).split(";"):
                name, _, why = each.partition(":")
                found.setdefault(name, set()).add(why)
        return found


def variables_of(names: Sequence[str], role: str) -> tuple[str, ...]:
    """Return names of a person's variables; the only person of a record needs no role in front."""
    return tuple(name if role == "self" else f"{role}.{name}" for name in names)
