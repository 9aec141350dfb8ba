"""What a source declaration says, as frozen objects: how one kind of extract becomes a table."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from register.concepts import Table
from register.ingest.date_parts import MONTHS

TEXT_FORMATS = ("csv", "fixed", "json")
FORMATS = (*TEXT_FORMATS, "parquet", "xlsx", "spss", "stata")
ENCODINGS = ("utf-8", "latin-1", "windows-1252", "utf-16", "latin-9", "cp850", "cp437", "mac-roman")
# Cells that a workbook or a Parquet file knows as dates are written out in this form before they are read.
TYPED_FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d")
# Begins the name of a column that holds what a pattern finds in the path of the file.
PATH = "__path:"


@dataclass(frozen=True)
class Value:
    """Where one value comes from and how it is read.

    ``columns`` are the headers in the extract, several where the text is put together of several, with ``join`` between
    them; one that begins with `PATH` is what the rest of its name, a pattern, finds in the path of the file. A
    ``constant`` needs no column. ``pattern`` is a regular expression whose first group is the part of the text that
    counts. ``optional`` says that some deliveries lack the column, ``valid_from`` and ``valid_to`` that deliveries
    before and after do. ``similarity`` is how like a place's name must be to one of the list, 0 to 100, to be taken for
    it; null for the default. Of a date that is told by how long after another it is, ``after`` names that one's column
    and the unit of the number that is read, months (``mo``) or days (``d``).
    """

    columns: tuple[str, ...] = ()
    join: str = " "
    constant: str | None = None
    pattern: str | None = None
    formats: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    codelist: str | None = None
    optional: bool = False
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    similarity: float | None = None
    after: tuple[str, str] | None = None

    @property
    def headers(self) -> tuple[str, ...]:
        """The columns that stand in the extract itself."""
        return tuple(column for column in self.columns if not column.startswith(PATH))

    def is_missing(self, present: frozenset[str], period: tuple[dt.date, dt.date] | None) -> bool:
        """Say whether a delivery lacks a column that it should have.

        Parameters
        ----------
        present
            The headers of the delivery.
        period
            The first and last day of the delivery, where they are known.
        """
        if self.optional:
            return False
        if self.valid_from or self.valid_to:
            first, last = period or (dt.date.max, dt.date.min)
            if last < (self.valid_from or dt.date.min) or first > (self.valid_to or dt.date.max):
                return False
        return not present >= set(self.headers)


@dataclass(frozen=True)
class Document:
    """A document of a person: kind, number and issuer, each a value or absent."""

    number: Value
    kind: Value | None = None
    issuer: Value | None = None


@dataclass(frozen=True)
class Person:
    """One person named in each record, in a role."""

    role: str
    name_layout: str | None
    name_parts: Mapping[str, Value]
    values: Mapping[str, Value]
    documents: tuple[Document, ...]

    def every_value(self) -> Iterator[Value]:
        """Yield every declared value of the person."""
        yield from self.name_parts.values()
        yield from self.values.values()
        for document in self.documents:
            yield from (value for value in (document.number, document.kind, document.issuer) if value)


@dataclass(frozen=True)
class FixedColumn:
    """A column of a fixed-width file: its name, the place of its first character (from 1), and how many it has."""

    name: str
    start: int
    width: int


@dataclass(frozen=True)
class Format:
    """How the bytes of an extract become rows and columns.

    Of several ``delimiters`` each file has the one by which most declared columns are found in it, of several
    ``encodings`` the one that its bytes fit (`register.ingest.kinds.find_encoding`); where lines of both are put
    together, each line.
    ``skipped_lines`` stand before the header, or before the first row where there is no header (``has_header``);
    then ``columns`` are the names of the columns in order. Where their number changes, the header, or the first
    row, is the first line that ``begins`` fits. Lines that ``ignored_lines`` fits (a total below the rows) are no
    rows. ``nulls`` are texts that say nothing. ``trims_decimals`` takes the ".0" off whole numbers,
    ``ends_with_delimiter`` says that a delimiter stands behind the last column too, ``has_short_lines``
    that a line may end before its last columns. ``fixed`` are the columns of a
    fixed-width file. ``sheets`` are names of a workbook's sheets, or patterns of them; the first sheet if there are
    none. ``has_labels`` says that codes are read by the labels that a file of SPSS or Stata gives them. ``records`` is
    the key of the list that holds the records, in a file of JSON with an object around them all. Empty cells of
    ``filled_down`` columns mean what stands above them.
    """

    type: str = "csv"
    delimiters: tuple[str, ...] = (",",)
    encodings: tuple[str, ...] = ("utf-8",)
    quote: str = '"'
    skipped_lines: int = 0
    has_header: bool = True
    columns: tuple[str, ...] = ()
    begins: str | None = None
    ignored_lines: str | None = None
    nulls: tuple[str, ...] = ()
    trims_decimals: bool = False
    ends_with_delimiter: bool = False
    has_short_lines: bool = False
    fixed: tuple[FixedColumn, ...] = ()
    sheets: tuple[str, ...] = ()
    has_labels: bool = False
    records: str = ""
    filled_down: tuple[str, ...] = ()

    @property
    def delimiter(self) -> str:
        """The delimiter, or the first of several."""
        return self.delimiters[0]

    @property
    def encoding(self) -> str:
        """The encoding, or the first of several."""
        return self.encodings[0]

    @property
    def other_encoding(self) -> str | None:
        """In which encoding a line is that is no UTF-8, where one of a byte a sign is declared beside it."""
        of_one_byte = [encoding for encoding in self.encodings if not encoding.startswith("utf")]
        return of_one_byte[0] if of_one_byte and "utf-8" in self.encodings else None

    @property
    def is_typed(self) -> bool:
        """Whether the file itself knows dates and numbers from text."""
        return self.type not in TEXT_FORMATS


@dataclass(frozen=True)
class Source:
    """One source declaration.

    Grain of what it describes: one row of an extract is one record of ``table``; ``persons`` are the people that the
    record names. Where one row of the extract holds several such rows, ``rows`` gives the columns of each by its name,
    and what they are taken from (`register.ingest.unfold`). ``key`` are the parts of the office's own key. ``renamed``
    gives the present name of a column by its former one. ``delivery`` finds the date of a delivery in the path of its
    file. ``max_rejected_share`` stands in for that of the project. Where something is read of ``withdrawn``, the row
    takes its record back.
    """

    name: str
    path: Path
    table: Table
    title: Mapping[str, str]
    files: tuple[str, ...]
    format: Format
    key: tuple[Value, ...]
    columns: Mapping[str, Value]
    persons: Mapping[str, Person]
    ignored: tuple[str, ...]
    renamed: Mapping[str, str] = field(default_factory=dict)
    delivery: re.Pattern[str] | None = None
    max_rejected_share: float | None = None
    rows: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    withdrawn: Value | None = None

    def every_value(self) -> Iterator[Value]:
        """Yield every declared value of a record."""
        yield from self.key
        yield from self.columns.values()
        if self.withdrawn is not None:
            yield self.withdrawn
        for person in self.persons.values():
            yield from person.every_value()

    def row_values(self) -> Iterator[Value]:
        """Yield what the columns are taken from that a row of the extract has several times."""
        for columns in self.rows.values():
            yield from columns.values()

    @property
    def has_document_as_key(self) -> bool:
        """Whether the office's own key of a record is a number that the person shows as a document."""
        documents = (one for person in self.persons.values() for one in person.documents)
        numbers = {header for document in documents for header in document.number.headers}
        return any(not numbers.isdisjoint(value.headers) for value in self.key)

    @cached_property
    def unfolded(self) -> Mapping[str, tuple[str, ...]]:
        """The headers of the extract by the columns that are taken from them, row by row (``rows``)."""
        names = dict.fromkeys(name for columns in self.rows.values() for name in columns)
        return {
            name: tuple(
                header
                for columns in self.rows.values()
                if name in columns
                for header in columns[name].headers
            )
            for name in names
        }

    @cached_property
    def headers(self) -> frozenset[str]:
        """Every header that the declaration knows by its present name."""
        known = {header for value in self.every_value() for header in value.headers} - set(self.unfolded)
        own = {header for value in self.row_values() for header in value.headers}
        return frozenset(known | own | set(self.ignored))

    @cached_property
    def read_columns(self) -> tuple[str, ...]:
        """Every column that a value is read from, those found in the path too, in a fixed order."""
        return tuple(sorted({column for value in self.every_value() for column in value.columns}))

    @property
    def path_patterns(self) -> tuple[str, ...]:
        """The patterns that are looked for in the path of every file, in a fixed order."""
        values = (value for value in (*self.every_value(), *self.row_values()) if not value.optional)
        columns = {column for value in values for column in value.columns if column.startswith(PATH)}
        return tuple(sorted(column.removeprefix(PATH) for column in columns))

    @cached_property
    def declared_columns(self) -> tuple[str, ...]:
        """Every column whose text makes the content of a row, those found in the path too, in a fixed order.

        Of several rows in one only what they are read from: what is said of the others is no content of theirs.
        """
        return self.read_columns if self.rows else tuple(sorted({*self.headers, *self.read_columns}))

    def period(self, name: str) -> tuple[dt.date, dt.date] | None:
        """Return the first and last day that a file's path tells of, or null: a year, a month or a day.

        The pattern ``delivery`` names the groups ``year``, ``month`` and ``day``, the last two where there are such. A
        month may be written as a word, a year with two figures.
        """
        found = self.delivery.search(name) if self.delivery else None
        parts = {part: text for part, text in found.groupdict().items() if text} if found else {}
        if "year" not in parts:
            return None
        if "month" in parts:
            parts["month"] = str(MONTHS.get(parts["month"][:3].upper(), parts["month"]))
        try:
            year, month, day = (int(parts.get(part, "0")) for part in ("year", "month", "day"))
            year += 2000 if year < 100 else 0
            first = dt.date(year, month or 1, day or 1)
            if day:
                return first, first
            after = dt.date(year + (month or 12) // 12, (month or 12) % 12 + 1, 1)
        except ValueError:
            return None
        return first, after - dt.timedelta(days=1)
