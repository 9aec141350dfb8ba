"""Looks at what a block of rows says of the person in one role: which fields are filled, and what cannot be."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from register.assess.cells import EDIT, Mark, Reader, variables_of
from register.assess.declaration import Indicators
from register.assess.digits import digit_marks
from register.concepts import Column
from register.ingest.documents import read_documents
from register.ingest.people import NAME_PARTS
from register.ingest.source import Document, Person, Source, Value
from register.ingest.values import PLACE, Reading, raw_text, read_place, without_blanks

#: Fields by which people are told apart, with the bit that a mask has for each.
FIELDS = ("given_name", "surname_1", "surname_2", "birth_date", "document", "sex")
DAYS_IN_YEAR = 365.25


@dataclass(frozen=True)
class Seen:
    """What a block says of one role: marks, the mask of filled fields, and the facts (person, document, birth)."""

    marks: list[Mark]
    mask: pl.Series
    facts: pl.DataFrame


class PersonGauge:
    """Looks at the person of one role.

    Parameters
    ----------
    person, source
        The declaration of the role, and that of its source.
    reader
        Reads values and judges them.
    indicators
        How old a person can be.
    """

    def __init__(self, person: Person, source: Source, reader: Reader, indicators: Indicators) -> None:
        self.person = person
        self.reader = reader
        self.oldest = indicators.parameters["oldest_age"]
        self.identity = reader.schema.tables["identity"].columns
        self.checks = [check for check in source.table.checks if check.column in person.values]
        self.names = {
            NAME_PARTS[part].removesuffix("_raw"): value for part, value in person.name_parts.items()
        }
        documents = [
            f"document{'' if number == 0 else '_2'}_{part}"
            for number, document in enumerate(person.documents)
            for part, value in _parts(document)
            if value is not None and value.constant is None
        ]  # fmt: skip
        # A place that stands in the record itself is told of there.
        self.places = {
            name: person.values[name]
            for name in PLACE
            if name in person.values and name not in source.columns
        }
        told = [
            name
            for name, value in person.values.items()
            if value.constant is None and (name not in PLACE or name in self.places)
        ]
        self.variables = variables_of((*self.names, *told, *documents), person.role)

    def read(self, rows: pl.DataFrame, written: pl.DataFrame, records: pl.DataFrame, event: str) -> Seen:
        """Look at the person of each row.

        Parameters
        ----------
        rows, written
            The cells as they are to be read, and as they were written.
        records
            What was read of the record itself; ``event`` is the column that dates it.
        """
        marks: list[Mark] = []
        names = {
            name: raw_text(rows, value).to_frame("t").select(without_blanks(pl.col("t"))).to_series()
            for name, value in self.names.items()
        }
        filled: dict[str, pl.Series] = {}
        for name, raw in names.items():
            filled[name] = self._is_text(raw)
            marks += self.reader.judge(self._called(name), raw_text(written, self.names[name]), filled[name])
        readings = {
            name: self._read(rows, written, name, marks) for name in self.person.values if name not in PLACE
        }
        values = {name: reading.values for name, reading in readings.items()}
        self._read_place(rows, written, marks)
        birth = values.get("birth_date", pl.repeat(None, rows.height, dtype=pl.Date, eager=True))
        day = records[event].cast(pl.Date)
        birth = self._check(birth, values, records, day, marks)
        nothing = pl.DataFrame(schema=dict.fromkeys(("number", "bare", "kind", "issuer"), pl.String))
        documents = [
            self._document(rows, written, number, each, marks)
            for number, each in enumerate(self.person.documents)
        ]
        own = documents[0] if documents else nothing.clear(rows.height)
        marks += digit_marks(self.person, rows, own)
        filled |= {"birth_date": birth.is_not_null(), "document": own["number"].is_not_null()}
        if "sex" in values:
            filled["sex"] = self.reader.is_known(values["sex"], "sex")
        precision = readings["birth_date"].precision if "birth_date" in readings else None
        unknown = pl.repeat(None, rows.height, dtype=pl.Boolean, eager=True)
        is_full = unknown if precision is None else precision == "day"
        facts = _facts(names, filled, birth, own).with_columns(is_full.alias("is_full"))
        return Seen(marks, _mask(filled, names, rows.height), facts)

    def _called(self, name: str) -> str:
        return variables_of((name,), self.person.role)[0]

    def _is_text(self, raw: pl.Series) -> pl.Series:
        filler = raw.str.to_uppercase().is_in(self.reader.fillers.implode())
        return raw.is_not_null() & ~filler.fill_null(value=False)

    def _read(self, rows: pl.DataFrame, written: pl.DataFrame, name: str, marks: list[Mark]) -> Reading:
        value, column = self.person.values[name], Column(name, self.identity[name].concept, past=True)
        reading = self.reader.read(rows, value, column, f"{self.person.role}.{name}")
        usable = self.reader.is_known(reading.values, column.concept.codelist)
        if value.constant is None and not usable.all():
            quiet = reading.values.is_null() & reading.reasons.is_null()
            known = (
                quiet
                | reading.values.is_not_null()
                | (reading.reasons == "date_placeholder").fill_null(value=False)
            )
            marks += self.reader.judge(self._called(name), raw_text(written, value), usable, known)
        return reading

    def _read_place(self, rows: pl.DataFrame, written: pl.DataFrame, marks: list[Mark]) -> None:
        if not self.places:
            return
        found, _ = read_place(
            rows, self.places, self.reader.schema, self.reader.memory, f"{self.person.role}.{PLACE[0]}"
        )
        for name, value in self.places.items():
            marks += self.reader.judge(
                self._called(name), raw_text(written, value), found[name].is_not_null()
            )

    def _check(
        self,
        birth: pl.Series,
        values: dict[str, pl.Series],
        records: pl.DataFrame,
        day: pl.Series,
        marks: list[Mark],
    ) -> pl.Series:
        """Mark what the table's edits and the oldest age refuse; return birth dates without those."""
        if birth.null_count() == len(birth):
            return birth
        name = self._called("birth_date")
        both = records.drop(list(values), strict=False).hstack([v.alias(k) for k, v in values.items()])
        wrong = [
            both.select(
                pl.sql_expr(check.sql).fill_null(value=False).alias(f"{name}.{check.reason}")
            ).to_series()
            for check in self.checks
            if check.column == "birth_date" and set(re.findall(r"[a-z_]+", check.sql)) & set(both.columns)
        ]
        age = (day - birth).dt.total_days() / DAYS_IN_YEAR
        wrong.append((age > self.oldest).fill_null(value=False).alias(f"{name}.too_old"))
        marks += [(each.name, EDIT, each.arg_true()) for each in wrong if each.any()]
        impossible = pl.DataFrame(wrong).select(pl.any_horizontal(pl.all())).to_series()
        return birth.set(impossible, None) if impossible.any() else birth

    def _document(
        self, rows: pl.DataFrame, written: pl.DataFrame, number: int, document: Document, marks: list[Mark]
    ) -> pl.DataFrame:
        prefix = "document" if number == 0 else "document_2"
        raw = raw_text(rows, document.number)
        given = {"number": raw}
        for part, value in (("kind", document.kind), ("issuer", document.issuer)):
            name = f"{prefix}_{part}_code"
            if value is None:
                given[part] = pl.repeat(None, rows.height, dtype=pl.String, eager=True)
                continue
            reading = self.reader.read(
                rows, value, Column(name, self.identity[name].concept), f"{self.person.role}.{name}"
            )
            given[part] = reading.values
            if value.constant is None:
                quiet = reading.values.is_null() & reading.reasons.is_null()
                usable = self.reader.is_known(reading.values, self.identity[name].concept.codelist)
                marks += self.reader.judge(
                    self._called(name), raw_text(written, value), usable, quiet | reading.values.is_not_null()
                )
        frame = pl.DataFrame(given).select("kind", "number", "issuer")
        read = read_documents(frame)
        usable, raw = read["document_number"].is_not_null(), raw_text(written, document.number)
        # A number that is not empty and of which nothing came is a filler: SIN DOCUMENTO, 0000000.
        marks += self.reader.judge(self._called(f"{prefix}_number"), raw, usable, raw.is_not_null())
        return frame.select(
            read["document_number"].alias("number"), read["document_bare_key"].alias("bare"), "kind", "issuer"
        )


def _parts(document: Document) -> tuple[tuple[str, Value | None], ...]:
    return (("number", document.number), ("kind_code", document.kind), ("issuer_code", document.issuer))


def _mask(filled: dict[str, pl.Series], names: dict[str, pl.Series], height: int) -> pl.Series:
    """Return which of `FIELDS` are filled, as bits. A full name of three words or more has a second surname."""
    if "full_name" in names:
        words = names["full_name"].str.count_matches(r"\s+").fill_null(0)
        has = filled["full_name"]
        filled = filled | {"given_name": has & (words > 0), "surname_1": has, "surname_2": has & (words > 1)}
    nothing = pl.repeat(value=False, n=height, eager=True)
    bits = [filled.get(name, nothing).cast(pl.Int32) * (1 << at) for at, name in enumerate(FIELDS)]
    return (
        pl.DataFrame([bit.alias(str(at)) for at, bit in enumerate(bits)])
        .select(pl.sum_horizontal(pl.all()).cast(pl.Int32).alias("mask"))
        .to_series()
    )


def _facts(
    names: dict[str, pl.Series], filled: dict[str, pl.Series], birth: pl.Series, own: pl.DataFrame
) -> pl.DataFrame:
    """Return person, document, number and birth of each row; null where they cannot be told.

    ``person`` stands for name and birth date, ``number`` for the bare number of the document, ``document`` for number,
    kind and issuer.
    """
    frame = pl.DataFrame([raw.alias(name) for name, raw in names.items()]).with_columns(
        birth.alias("birth"), own["number"].alias("__number")
    )
    text = [pl.col(name).str.to_uppercase().hash(at) for at, name in enumerate(names)]
    named = [pl.lit(filled[name]) for name in names if name != "surname_2"]
    whole = pl.all_horizontal(pl.lit(value=bool(named)), *named, pl.col("birth").is_not_null())
    number = pl.lit(own["bare"]).hash(21)
    document = number + pl.lit(own["kind"]).hash(22) + pl.lit(own["issuer"]).hash(23)
    has = pl.col("__number").is_not_null()
    return frame.select(
        pl.when(whole)
        .then(pl.sum_horizontal(*text, pl.col("birth").hash(20)))
        .cast(pl.UInt64)
        .alias("person"),
        pl.when(has).then(document).alias("document"),
        pl.when(has).then(number).alias("number"),
        "birth",
    )


def bits(mask: int, weights: Sequence[float]) -> float:
    """Return what the filled fields of a mask weigh together."""
    return sum(weight for at, weight in enumerate(weights) if mask >> at & 1)
