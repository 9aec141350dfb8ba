"""Points the people whom records name at identities: distinct bundles of what is told of a person.

A person who crosses a border ten times on one passport is told of ten times in the same words. So words are read once:
rows are told apart by a hash of all they say of a person, and only what was not met before is read and standardised.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from register.concepts import Check, Column
from register.ingest.block import LINE
from register.ingest.hashing import SEPARATOR, Hasher
from register.ingest.name_knowledge import NameKnowledge
from register.ingest.name_memory import FULL, RAW_NAMES, NameReader
from register.ingest.person_documents import DOCUMENTS, read_number, standardise_document
from register.ingest.somebody import is_somebody
from register.ingest.source import Person, Source
from register.ingest.values import (
    PLACE,
    Memory,
    Reading,
    joined_faults,
    raw_text,
    read_place,
    read_value,
    without_blanks,
)
from register.schema import Schema

NAME_PARTS = {
    # how a declaration calls a part of a name -> the raw column of an identity
    "given": "given_name_raw",
    "surname_1": "surname_1_raw",
    "surnames": "surname_1_raw",
    "surname_2": "surname_2_raw",
    "full": "full_name_raw",
}
# With the folded names, what makes two mentions the same bundle.
BUNDLE = (
    *("birth_date", "birth_date_precision", "sex", "citizenship_code", "birth_country_code"),
    *("document_kind_code", "document_number", "document_issuer_code"),
    *("document_2_kind_code", "document_2_number", "document_2_issuer_code"),
    *PLACE,
)
KEY = "__key"
AT = "__at"
MET_LIMIT = 2_000_000
# Names are standardised when so many people wait for it: a few names take as long as some thousands.
NAMED_AT_ONCE = 240_000
FLAGS = "__flags"
Wrong = dict[str, tuple[pl.Series, str]]
"""By value the rows in which it cannot be, and why."""
Readings = dict[str, Reading]
"""Values that were read, by name."""


@dataclass(frozen=True)
class People:
    """The persons of one role in a block of rows.

    ``identity_id`` and ``flags`` are row by row; null where nobody is named, or nothing is to be said.
    """

    identity_id: pl.Series
    flags: pl.Series


class PersonReader:
    """Reads what records say of the person in one role, remembering what it read.

    Parameters
    ----------
    person, source
        The declaration of the role, and that of its source.
    schema
        Concepts, tables and code lists.
    hasher
        Makes identity ids.
    known_names
        What extracts taught of names, for those written in one column.
    memory
        Readings of the source.
    """

    def __init__(
        self,
        person: Person,
        source: Source,
        schema: Schema,
        hasher: Hasher,
        known_names: NameKnowledge,
        memory: Memory,
    ) -> None:
        self.person = person
        self.schema = schema
        self.hasher = hasher
        self.memory = memory
        self.names = NameReader(person.name_layout, known_names) if person.name_layout else None
        # Where the record itself reads the place, it is the record's to tell what could not be read.
        self.tells_place = PLACE[0] not in source.columns
        self.headers = sorted({column for value in person.every_value() for column in value.columns})
        self.checks = [check for check in source.table.checks if check.column in person.values]
        self.checked = sorted(
            {name for check in self.checks for name in person.values if _speaks_of(check, name)}
        )
        self._met = pl.DataFrame(schema={KEY: pl.UInt64, "identity_id": pl.String, FLAGS: pl.String})
        self._unnamed: list[pl.DataFrame] = []

    def read(self, rows: pl.DataFrame, hashes: pl.DataFrame, records: pl.DataFrame) -> People:
        """Read the person of each row.

        Parameters
        ----------
        rows
            The text of the rows of accepted records.
        hashes
            A hash of each of their cells.
        records
            The same rows as they were read, for the checks of the table.
        """
        wrong, readings = self._check(rows, records)
        keys = hashes.with_columns(self._key(hashes, wrong)).select(KEY).with_row_index(AT)
        distinct = keys.filter(pl.col(KEY).is_first_distinct())
        # What was met before is many, what is here is few: look the many up among the few.
        here = self._met.join(distinct, on=KEY, how="semi", maintain_order="left")
        fresh = distinct.join(here, on=KEY, how="anti", maintain_order="left")
        made = self._make(
            rows.select(LINE, *(header for header in self.headers if header in rows.columns))[fresh[AT]],
            {name: (mask[fresh[AT]], reason) for name, (mask, reason) in wrong.items()},
            {name: reading.at(fresh[AT]) for name, reading in readings.items()},
        )
        new = pl.concat([fresh.select(KEY), made], how="horizontal")
        found = keys.join(pl.concat([here, new]), on=KEY, how="left", maintain_order="left")
        self._met = pl.concat([self._met, new]).tail(MET_LIMIT)
        return People(found["identity_id"], found[FLAGS])

    def unnamed(self, *, at_least: int = 1) -> pl.DataFrame | None:
        """Hand over the identity values met since the last time, for `name`; nothing while they are too few."""
        waiting = sum(bundles.height for bundles in self._unnamed)
        if waiting < at_least:
            return None
        bundles, self._unnamed = pl.concat(self._unnamed, rechunk=True), []
        return bundles

    def name(self, bundles: pl.DataFrame) -> pl.DataFrame:
        """Return bundles with their names standardised. The next rows may be read meanwhile."""
        if self.names:
            bundles = bundles.hstack(self.names.read(bundles))
        return bundles.select(
            (pl.col(name) if name in bundles.columns else pl.lit(None)).cast(column.dtype).alias(name)
            for name, column in self.schema.tables["bundle"].columns.items()
        )

    def _key(self, hashes: pl.DataFrame, wrong: Wrong) -> pl.Expr:
        """Return a hash that stands for all that a row says of the person.

        Among ten million descriptions two share one once in hundreds of thousands of builds. A value that cannot be in
        one record may well be in another, so that it counts what is wrong too.
        """
        present = [header for header in self.headers if header in hashes.columns]
        marks = [
            pl.lit(wrong[name][0]).cast(pl.UInt64) * at
            for at, name in enumerate(self.person.values, start=1)
            if name in wrong
        ]
        return pl.sum_horizontal(pl.lit(0, pl.UInt64), *present, *marks).alias(KEY)

    def _make(self, rows: pl.DataFrame, wrong: Wrong, readings: Readings) -> pl.DataFrame:
        """Read what rows say of the person: identity_id and flags row by row; keep the bundles of the named."""
        raw = self._read_names(rows)
        values, faults = self._read_values(rows, readings)
        for name, (mask, reason) in wrong.items():
            values = values.with_columns(pl.when(~mask).then(pl.col(name)).alias(name))
            faults[name] = faults[name].zip_with(~mask, pl.Series([reason]))
        bundle = self._standardise(raw, values)
        told = is_somebody(bundle).alias(FLAGS)
        names = [pl.col(name).fill_null("") if name in raw.columns else pl.lit("") for name in RAW_NAMES]
        written = bundle.select(pl.concat_str(names, separator=SEPARATOR)).to_series()
        text = [
            pl.col(name).cast(pl.String).fill_null("") if name in bundle.columns else pl.lit("")
            for name in BUNDLE
        ]
        identity_id = self.hasher.identify(
            bundle.select(pl.concat_str(self.hasher.fold(written), *text, separator=SEPARATOR)).to_series()
        ).alias("identity_id")
        self._unnamed.append(bundle.hstack([identity_id]).filter(told))
        return values.select(
            pl.when(told).then(identity_id).alias("identity_id"), self._flags(faults, rows.height)
        )

    def _read_names(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the parts of the name as written, without spaces around them."""
        parts = {NAME_PARTS[part]: value for part, value in self.person.name_parts.items()}
        raw = pl.DataFrame([raw_text(rows, parts[name]).alias(name) for name in RAW_NAMES if name in parts])
        return raw.select(without_blanks(pl.col(name)) for name in raw.columns)

    def full_names(self, rows: pl.DataFrame) -> pl.Series:
        """Return the distinct names that rows write in one column."""
        return self._read_names(rows)[FULL].drop_nulls().unique().sort()

    def _read_values(
        self, rows: pl.DataFrame, readings: Readings
    ) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
        """Read dates and codes, but for those read already; document numbers stay as written."""
        person, identity = self.person, self.schema.tables["identity"].columns
        # A frame without columns has no rows: the line keeps them where a person has a name alone.
        out: dict[str, pl.Series] = {LINE: rows[LINE]}
        faults: dict[str, pl.Series] = {}

        def keep(name: str, reading: Reading) -> None:
            out[name] = reading.values
            faults[name] = reading.reasons

        for name in person.values:
            if name in PLACE:
                continue
            reading = readings[name] if name in readings else self._read_value(rows, name)
            keep(name, reading)
            if reading.precision is not None:
                out[f"{name}_precision"] = reading.precision
        place = {name: person.values[name] for name in PLACE if name in person.values}
        if place:
            found, reasons = read_place(rows, place, self.schema, self.memory, f"{person.role}.{PLACE[0]}")
            out |= {name: found[name] for name in PLACE}
            if self.tells_place:
                faults[PLACE[0]] = reasons
        for number, document in enumerate(person.documents):
            prefix = DOCUMENTS[number]
            written, damaged = read_number(rows, document)
            out[f"{prefix}_number"] = written
            if damaged is not None:
                faults[f"{prefix}_number"] = damaged
            for name, declared in (
                (f"{prefix}_kind_code", document.kind),
                (f"{prefix}_issuer_code", document.issuer),
            ):
                if declared is not None:
                    column = Column(name, identity[name].concept)
                    key = f"{person.role}.{name}"
                    keep(name, read_value(rows, declared, column, self.schema, self.memory, key))
        return pl.DataFrame(out), faults

    def _read_value(self, rows: pl.DataFrame, name: str) -> Reading:
        column = Column(name, self.schema.tables["identity"].columns[name].concept, past=True)
        key = f"{self.person.role}.{name}"
        return read_value(rows, self.person.values[name], column, self.schema, self.memory, key)

    def _flags(self, faults: Mapping[str, pl.Series], height: int) -> pl.Series:
        """Join the reasons of a row, each with the name of its value, and of the role unless it is the only one."""
        prefix = "" if self.person.role == "self" else f"{self.person.role}."
        return joined_faults({f"{prefix}{name}": reasons for name, reasons in faults.items()}, height).alias(
            FLAGS
        )

    def _standardise(self, raw: pl.DataFrame, values: pl.DataFrame) -> pl.DataFrame:
        """Put raw names, values and standardised documents together as columns of a bundle."""
        out = values.hstack(raw)
        for prefix in DOCUMENTS[: len(self.person.documents)]:
            out = out.with_columns(standardise_document(values, prefix))
        if "sex" in out.columns:
            # ISO 5218 knows "not known" and "not applicable"; for comparing people both say nothing.
            out = out.with_columns(pl.when(pl.col("sex").is_in(["1", "2"])).then(pl.col("sex")).alias("sex"))
        return out

    def _check(self, rows: pl.DataFrame, records: pl.DataFrame) -> tuple[Wrong, Readings]:
        """Find the rows in which a value of the person cannot be, such as a birth after the event.

        Return also the values that were read for it.
        """
        wrong: Wrong = {}
        readings = {name: self._read_value(rows, name) for name in self.checked}
        values = [reading.values.alias(name) for name, reading in readings.items()]
        both = records.drop(self.checked, strict=False).hstack(values)
        for check in self.checks:
            mask = both.select(pl.sql_expr(check.sql).fill_null(value=False)).to_series()
            before = wrong.get(check.column)
            if mask.any():
                wrong[check.column] = (
                    (mask, check.reason) if before is None else (mask | before[0], before[1])
                )
        return wrong, readings


def _speaks_of(check: Check, name: str) -> bool:
    return re.search(rf"\b{name}\b", check.sql) is not None
