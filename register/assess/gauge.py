"""Reads the extracts of one source once, block by block, and keeps what its indicators need: tallies and facts.

Names are looked at for whether they are there and are never kept; a person and a document go into the facts as hashes
that mean nothing outside this measurement. Memory does not grow with the extracts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from register.assess.cells import Cells, Mark, Reader
from register.assess.declaration import TOTAL, Indicators
from register.assess.people import PersonGauge
from register.ingest.account import every_reason
from register.ingest.block import LINE, Block
from register.ingest.cells import prepare_cells
from register.ingest.extracts import Extract
from register.ingest.hashing import Hasher
from register.ingest.header import find_header
from register.ingest.load import ahead
from register.ingest.read import read_blocks
from register.ingest.records import RecordReader
from register.ingest.source import Source
from register.ingest.unfold import unfold
from register.schema import Schema

FACT: dict[str, Any] = {
    "role": pl.Int8,
    "year": pl.Int32,
    "moment": pl.Datetime("us"),
    "registered": pl.Date,
    "direction": pl.String,
    "post": pl.String,
    "person": pl.UInt64,
    "document": pl.UInt64,
    "number": pl.UInt64,
    "birth": pl.Date,
    "is_full": pl.Boolean,
    "key": pl.UInt64,
    "content": pl.UInt64,
}
TALLY: dict[str, Any] = {"year": pl.Int32, "variable": pl.String, "mark": pl.String, "n": pl.Int64}
MASK: dict[str, Any] = {"year": pl.Int32, "role": pl.Int8, "mask": pl.Int32, "n": pl.Int64}


@dataclass
class FileTally:
    """What became of one file: rows, columns, and the year in which most of its events lie."""

    name: str
    received: int = 0
    rejected: int = 0
    malformed: int = 0
    found: int = 0
    missing: int = 0
    undeclared: int = 0
    years: dict[int, int] = field(default_factory=dict)

    @property
    def year(self) -> int | None:
        """The year in which most of the events lie; none if no row was read."""
        return max(self.years, key=lambda year: (self.years[year], -year)) if self.years else None


@dataclass
class Gauged:
    """What was read of one source.

    ``tallies``: year, variable, mark (records, missing, sentinel, invalid, edit:..., digit_right, digit_wrong), n.
    ``masks``: year, role, mask (bits of `register.assess.people.FIELDS` that are filled), n. ``facts``: Parquet, grain
    one person in one record, columns of `FACT`. ``variables``: the declared ones, in the order of the declaration.
    """

    source: Source
    variables: tuple[str, ...]
    roles: tuple[str, ...]
    files: list[FileTally]
    tallies: pl.DataFrame
    masks: pl.DataFrame
    facts: list[Path]

    @property
    def received(self) -> int:
        """Rows received."""
        return sum(file.received for file in self.files)


def event_column(source: Source) -> str:
    """Return the column that dates a record: the first date that its table declares."""
    return next(
        column.name
        for column in source.table.columns.values()
        if column.declarable and column.concept.type in ("date", "datetime")
    )


class Gauge:
    """Reads the extracts of one source.

    Parameters
    ----------
    source, schema
        The declaration, and the concepts and code lists.
    indicators
        What counts as filler.
    secret
        Makes keys for records that have none.
    folder
        Where the facts are kept.
    """

    def __init__(
        self, source: Source, schema: Schema, indicators: Indicators, secret: str, folder: Path
    ) -> None:
        self.source = source
        self.folder = folder
        self.event = event_column(source)
        self.records = RecordReader(replace(source, persons={}), schema, Hasher(secret))
        self.cells = Cells(source, schema, indicators)
        reader = Reader(source, schema, indicators)
        keys = {name for value in source.key for name in value.columns}
        self.told = [(at, name) for at, name in enumerate(source.declared_columns) if name not in keys]
        self.people = [PersonGauge(person, source, reader, indicators) for person in source.persons.values()]
        self._tallies: list[pl.DataFrame] = []
        self._masks: list[pl.DataFrame] = []
        self._facts: list[Path] = []

    def read(self, extracts: Sequence[Extract], advance: Callable[[int], None] = lambda _: None) -> Gauged:
        """Read the extracts; ``advance`` is called with the bytes consumed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        files = []
        for extract in extracts:
            tally = FileTally(extract.name)
            files.append(tally)
            header = find_header(extract)
            if header is None:
                continue
            tally.missing = len(header.missing)
            tally.found = max(0, len(self.source.headers.difference(self.source.ignored)) - tally.missing)
            tally.undeclared = len(header.unknown)
            for block in ahead(read_blocks(extract, header)):
                self._read_block(block, tally)
                advance(block.consumed)
        return Gauged(
            source=self.source,
            variables=(*self.cells.variables, *(name for person in self.people for name in person.variables)),
            roles=tuple(self.source.persons),
            files=files,
            tallies=_add(self._tallies, TALLY),
            masks=_add(self._masks, MASK),
            facts=self._facts,
        )

    def _read_block(self, block: Block, tally: FileTally) -> None:
        tally.received += block.received
        tally.rejected += block.rejected.height
        tally.malformed += block.rejected.height
        if not block.rows.height:
            return
        rows = unfold(block.rows, self.source, tally.name)
        tally.received += rows.height - block.rows.height
        made = self.records.read(rows, tally.name)
        tally.rejected += made.rejected.height
        if made.rejected.height:
            rows = rows.filter(~pl.col(LINE).is_in(made.rejected[LINE].implode()))
            self._tallies.append(_undated(made.rejected["reasons"]))
        if not rows.height:
            return
        # Read as the source says; judged by what was written: a text that the source declares to be nothing is filler.
        read = prepare_cells(rows, self.source, tally.name)
        records = made.records
        year = records[self.event].dt.year().alias("year")
        for value, count in year.drop_nulls().value_counts().iter_rows():
            tally.years[value] = tally.years.get(value, 0) + count
        marks = [(TOTAL, "records", pl.int_range(rows.height, eager=True))]
        marks += self.cells.marks(rows, records)
        facts = []
        for number, person in enumerate(self.people):
            seen = person.read(read, rows, records, self.event)
            marks += seen.marks
            masks = pl.DataFrame([year, seen.mask]).group_by("year", "mask").len("n")
            self._masks.append(masks.with_columns(role=pl.lit(number, pl.Int8)))
            facts.append(self._facts_of(rows, records, year, number, seen.facts))
        self._tallies.append(_count(year, marks))
        path = self.folder / f"{len(self._facts):06d}.parquet"
        pl.concat(facts or [self._facts_of(rows, records, year, 0, pl.DataFrame())]).write_parquet(
            path, compression="lz4", statistics=False
        )
        self._facts.append(path)

    def _facts_of(
        self, rows: pl.DataFrame, records: pl.DataFrame, year: pl.Series, role: int, person: pl.DataFrame
    ) -> pl.DataFrame:
        told = [pl.col(name).hash(at) for at, name in self.told if name in rows.columns]

        def of(name: str) -> pl.Expr:
            return pl.lit(records[name] if name in records.columns else None)

        own = {
            "role": pl.lit(role),
            "year": pl.lit(year),
            "moment": of(self.event),
            "registered": of("registered_on"),
            "direction": of("direction"),
            "post": of("border_post_code"),
            "key": of("record_key").hash(1),
            # Of all that a row says but its key: two rows of one content are one event keyed twice.
            "content": pl.sum_horizontal(pl.lit(0, pl.UInt64), *told),
        }
        given = {name: pl.lit(person[name]) for name in person.columns}
        columns = {**dict.fromkeys(FACT, pl.lit(None)), **own, **given}
        return rows.select(columns[name].cast(dtype).alias(name) for name, dtype in FACT.items())


def _count(year: pl.Series, marks: Sequence[Mark]) -> pl.DataFrame:
    """Count marks by year."""
    counted = [
        year.gather(rows)
        .value_counts(name="n")
        .select(
            pl.col("year").cast(TALLY["year"]),
            pl.lit(variable).alias("variable"),
            pl.lit(mark).alias("mark"),
            pl.col("n").cast(TALLY["n"]),
        )
        for variable, mark, rows in marks
    ]
    return pl.concat(counted)


def _undated(reasons: pl.Series) -> pl.DataFrame:
    """Count the values for which rows were rejected: no record came of them, but they were received."""
    found = []
    for reason, count in every_reason(reasons.drop_nulls()).items():
        variable, _, why = reason.partition(":")
        mark = {"missing": "missing", "date_placeholder": "sentinel"}.get(why, "invalid")
        if variable != "record_key":
            found.append((None, variable, f"rejected_{mark}", count))
    return pl.DataFrame(found, schema=TALLY, orient="row")


def _add(frames: Sequence[pl.DataFrame], schema: dict[str, Any]) -> pl.DataFrame:
    keys = [name for name in schema if name != "n"]
    every = pl.concat(
        [
            pl.DataFrame(schema=schema),
            *(frame.select(pl.col(n).cast(t) for n, t in schema.items()) for frame in frames),
        ]
    )
    return every.group_by(keys).agg(pl.col("n").sum()).sort(keys, nulls_last=True)
