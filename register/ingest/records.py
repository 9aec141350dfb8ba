"""Turns well-formed rows of an extract into records and mentions, as the source's declaration says.

A row that lacks what its table requires is rejected, with every reason. A value that cannot be read, or cannot be true,
but without which the record still counts, is null and flagged in the record's ``flags``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import polars as pl

from register.concepts import Column
from register.ingest.block import LINE
from register.ingest.cells import prepare_cells
from register.ingest.hashing import Hasher
from register.ingest.name_knowledge import NOTHING, NameKnowledge
from register.ingest.people import NAMED_AT_ONCE, PersonReader
from register.ingest.source import Source, Value
from register.ingest.unfold import ROW
from register.ingest.values import (
    PLACE,
    Memory,
    add_similar,
    joined,
    joined_faults,
    no_reasons,
    raw_text,
    read_place,
    read_value,
)
from register.schema import Schema

CONTENT = "__content"
WITHDRAWN = "__withdrawn"
# Layouts that may write given names and surnames in one column, without a sign between them.
ONE_COLUMN = ("surnames_given", "given_surnames", "portuguese")


@dataclass(frozen=True)
class Records:
    """What a block of rows became.

    ``records``: one row per accepted row: __line, __content (stands for all declared text, to tell duplicates from
    corrections), record_key, the declarable columns, flags; where the source declares it __withdrawn, whether the row
    takes its record back. ``people``: by role, the identity_id of each accepted row, null where nobody is named.
    ``rejected``: __line, reasons.
    """

    records: pl.DataFrame
    people: dict[str, pl.Series]
    rejected: pl.DataFrame


@dataclass(frozen=True)
class Accepted:
    """The rows of a block that are records, before their people are read.

    ``records``: as in `Records`. ``rows`` and ``hashes``: the text of the same rows, and a hash of each cell.
    ``rejected``: as in `Records`.
    """

    records: pl.DataFrame
    rows: pl.DataFrame
    hashes: pl.DataFrame
    rejected: pl.DataFrame


class RecordReader:
    """Reads the rows of one source, block after block, remembering what it read.

    Parameters
    ----------
    source
        The declaration.
    schema
        Concepts, tables and code lists.
    hasher
        Makes identity ids, and keys for records without one.
    known_names
        What extracts taught of names, for those written in one column.
    """

    def __init__(
        self,
        source: Source,
        schema: Schema,
        hasher: Hasher,
        known_names: NameKnowledge = NOTHING,
    ) -> None:
        self.source = source
        self.schema = schema
        self.hasher = hasher
        # People are read while the columns of the next rows are: each with a memory of its own.
        self.memory, self._people_memory = Memory(), Memory()
        self.persons = {
            role: PersonReader(person, source, schema, hasher, known_names, self._people_memory)
            for role, person in source.persons.items()
        }

    def read(self, rows: pl.DataFrame, file: str) -> Records:
        """Read every declared value of rows of a file (`register.ingest.unfold`)."""
        return self.read_people(self.read_columns(rows, file))

    def read_columns(self, rows: pl.DataFrame, file: str) -> Accepted:
        """Read what rows say of the records themselves. The people of other rows may be read meanwhile."""
        rows = prepare_cells(rows, self.source, file)
        hashes = _hashes(rows, self.source)
        work, faults = self._read_columns(rows, hashes)
        work, faults = _check(work, self.source, faults)
        required = {"record_key"} | {
            name for name, column in self.source.table.columns.items() if column.required
        }
        for name in required & set(faults):
            absent = work[name].is_null() & faults[name].is_null()
            if absent.any():
                faults[name] = faults[name].zip_with(~absent, pl.Series(["missing"]))
        reasons = joined_faults(
            {name: fault for name, fault in faults.items() if name in required}, rows.height
        )
        flags = joined_faults(
            {name: fault for name, fault in faults.items() if name not in required}, rows.height
        )
        work = work.with_columns(flags.alias("flags"))
        if self.source.withdrawn is not None:
            withdrawn = (raw_text(rows, self.source.withdrawn) != "").fill_null(value=False).alias(WITHDRAWN)
            work = work.with_columns(withdrawn)
            # What takes a record back need say no more than which.
            is_known = withdrawn & work["record_key"].is_not_null()
            reasons = reasons.zip_with(~is_known, no_reasons(rows.height))
        rejected = pl.DataFrame(schema={LINE: pl.Int64, "reasons": pl.String})
        if reasons.null_count() < rows.height:
            kept = reasons.is_null()
            rejected = pl.DataFrame({LINE: rows[LINE], "reasons": reasons}).filter(~kept)
            work, rows, hashes = work.filter(kept), rows.filter(kept), hashes.filter(kept)
        return Accepted(work, rows, hashes, rejected)

    def read_people(self, accepted: Accepted) -> Records:
        """Read what a block of rows says of people, block after block."""
        rows, work = accepted.rows, accepted.records
        people = {role: person.read(rows, accepted.hashes, work) for role, person in self.persons.items()}
        told = [person.flags for person in people.values() if person.flags.null_count() < rows.height]
        if told:
            every = joined([pl.col("flags"), *(pl.lit(flags) for flags in told)])
            work = work.with_columns(every.alias("flags"))
        return Records(
            work,
            {role: person.identity_id for role, person in people.items()},
            accepted.rejected,
        )

    def similar(self) -> pl.DataFrame:
        """Return what was matched by similarity, as `Memory.similar` does."""
        return add_similar([self.memory.similar(), self._people_memory.similar()])

    def name_bundles(self, *, at_least: int = NAMED_AT_ONCE) -> Iterator[Callable[[], pl.DataFrame]]:
        """Yield, for each role, the work of naming the identity values met since the last time, if enough wait for it.

        It gives the values raw and normalised, by identity_id, and may be done while the next rows are read.
        """
        for person in self.persons.values():
            unnamed = person.unnamed(at_least=at_least)
            if unnamed is not None:
                yield partial(person.name, unnamed)

    def learn_names(self, rows: pl.DataFrame, file: str, known: NameKnowledge) -> NameKnowledge:
        """Add what rows teach of names by those that they write in one column."""
        rows = prepare_cells(rows, self.source, file)
        for person in self.persons.values():
            layout = person.person.name_layout
            if layout in ONE_COLUMN and "full" in person.person.name_parts:
                names = [person.full_names(rows)]
                known = known.learn_full_names(names, surnames_first=layout == "surnames_given")
        return known

    def _read_columns(
        self, rows: pl.DataFrame, hashes: pl.DataFrame
    ) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
        """Read the columns of the record itself, with the reasons of what could not be read."""
        source, table = self.source, self.source.table
        faults: dict[str, pl.Series] = {}
        out = [rows[LINE], hashes.with_columns(_content(hashes))[CONTENT]]
        out.append(self._key(rows))
        if source.key:
            faults["record_key"] = no_reasons(rows.height)
        for name, value in source.columns.items():
            if name in PLACE or value.after is not None:
                continue
            reading = read_value(rows, value, table.columns[name], self.schema, self.memory, name)
            out.append(reading.values.alias(name))
            faults[name] = reading.reasons
        place = {name: source.columns[name] for name in PLACE if name in source.columns}
        if place:
            found, reasons = read_place(rows, place, self.schema, self.memory, PLACE[0])
            out += found.get_columns()
            faults["municipality_code"] = reasons
        work = pl.DataFrame(out)
        for name, value in source.columns.items():
            if value.after is not None:
                dates, faults[name] = _dates_after(rows, value, work[value.after[0]], table.columns[name])
                work = work.with_columns(dates.alias(name))
        derived = [
            self._derive(column)
            for column in table.columns.values()
            if column.declarable and column.name not in work.columns
        ]
        return work.with_columns(derived), faults

    def _key(self, rows: pl.DataFrame) -> pl.Series:
        """Return the office's own key of each record, or where it has none a hash of all that the row says."""
        if self.source.key:
            return record_key(rows, self.source)
        text = rows.select(_declared_text(rows, self.source)).to_series()
        return _of_row(self.hasher.fingerprint(text).alias("record_key"), rows)

    def _derive(self, column: Column) -> pl.Expr:
        """Fill a column that the source does not declare: from an attribute of another column's code, or null."""
        if column.attribute_of is None:
            return pl.lit(None, dtype=column.dtype).alias(column.name)
        code, attribute = column.attribute_of
        concept = self.source.table.columns[code].concept
        codelist = self.schema.codelist(concept.codelist or "")
        if code not in self.source.columns:
            return pl.lit(None, dtype=column.dtype).alias(column.name)
        return (
            pl.col(code)
            .replace_strict(codelist["code"], codelist[attribute], default=None)
            .alias(column.name)
        )


def record_key(rows: pl.DataFrame, source: Source) -> pl.Series:
    """Return the office's own key, its parts joined by hyphens; null where a part is missing.

    A part that holds a hyphen itself stands in quotes: "1-2" and "3" are another key than "1" and "2-3". Where a row of
    the extract holds several records, the name of each follows its key.
    """
    raw = [raw_text(rows, value).str.strip_chars().alias(str(at)) for at, value in enumerate(source.key)]
    parts = [pl.when(part != "").then(part) for part in (pl.col(series.name) for series in raw)]
    if len(parts) > 1:
        quoted = (
            pl.when(part.str.contains('[-"]'))
            .then(pl.format('"{}"', part.str.replace_all('"', '""', literal=True)))
            .otherwise(part)
            for part in parts
        )
        text = pl.concat_str(list(quoted), separator="-")
    else:
        text = parts[0]
    return _of_row(pl.DataFrame(raw).select(text.alias("record_key")).to_series(), rows)


def _of_row(key: pl.Series, rows: pl.DataFrame) -> pl.Series:
    """Add to keys the name of the row among those that one row of the extract holds."""
    return rows.select((key + ":" + pl.col(ROW)).alias(key.name)).to_series() if ROW in rows.columns else key


def _dates_after(
    rows: pl.DataFrame, value: Value, dates: pl.Series, column: Column
) -> tuple[pl.Series, pl.Series]:
    """Return the dates that lie as long after others as a text says, and why there is none where it says anything."""
    unit = value.after[1] if value.after else ""
    text = raw_text(rows, value).str.strip_chars()
    number = text.str.extract(r"^([0-9]{1,5})(?:[.,]0+)?$").cast(pl.Int64)
    distance = pl.format("{}" + unit, pl.lit(number))
    unread = (text != "") & number.is_null()
    date = pl.lit(dates).dt.offset_by(distance)
    is_out = (date > column.latest).fill_null(value=False)
    found = pl.select(
        pl.when(~is_out).then(date).alias("date"),
        pl.when(pl.lit(unread))
        .then(pl.lit("duration_unreadable"))
        .when(is_out)
        .then(pl.lit("date_out_of_range"))
        .alias("reason"),
    )
    return found["date"], found["reason"]


def _declared(rows: pl.DataFrame, source: Source) -> list[tuple[int, str]]:
    """Return the declared columns that a delivery has, numbered alike in every delivery."""
    return [(at, name) for at, name in enumerate(source.declared_columns) if name in rows.columns]


def _hashes(rows: pl.DataFrame, source: Source) -> pl.DataFrame:
    """Return a hash of every declared cell, null where it is empty, beside the line: alike in every column order."""
    return rows.select(
        LINE,
        *(
            pl.when(pl.col(name).is_not_null()).then(pl.col(name).hash(at)).alias(name)
            for at, name in _declared(rows, source)
        ),
    )


def _content(hashes: pl.DataFrame) -> pl.Expr:
    """Return a hash of all declared text of a row."""
    cells = [name for name in hashes.columns if name != LINE]
    return pl.sum_horizontal(pl.lit(0, pl.UInt64), *cells).alias(CONTENT)


def _declared_text(rows: pl.DataFrame, source: Source) -> pl.Expr:
    """Join all declared text of a row, each column after its name: the same in every build."""
    return pl.concat_str(
        [pl.lit(f"{header}=") + pl.col(header).fill_null("") for _, header in _declared(rows, source)],
        separator="\x1f",
    )


def _check(
    work: pl.DataFrame, source: Source, faults: dict[str, pl.Series]
) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
    """Apply the table's checks on the record's own values; what cannot be is null, with its reason."""
    for check in source.table.checks:
        if check.column not in source.columns:
            continue
        wrong = work.select(pl.sql_expr(check.sql).fill_null(value=False)).to_series()
        if wrong.any():
            work = work.with_columns(pl.when(~wrong).then(pl.col(check.column)).alias(check.column))
            faults[check.column] = faults[check.column].zip_with(~wrong, pl.Series([check.reason]))
    return work, faults
