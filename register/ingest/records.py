"""Turns well-formed rows of an extract into records and mentions, as the source's declaration says.

A row that lacks what its table requires is rejected, with every reason. A value that cannot be read, or cannot be true,
but without which the record still counts, is null and flagged in the record's ``flags``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from register.ingest.declaration import Person, Source, Value
from register.ingest.documents import standardise_documents
from register.ingest.hashing import Hasher
from register.ingest.names import standardise_names
from register.ingest.places import match_municipalities
from register.ingest.read import LINE
from register.ingest.values import Memory, joined, no_reasons, raw_text, read_code, read_value
from register.schema import Column, Schema

PLACE = ("municipality_code", "department_code")
NAME_PARTS = {
    # how a declaration calls a part of a name -> the raw column of an identity
    "given": "given_name_raw",
    "surname_1": "surname_1_raw",
    "surnames": "surname_1_raw",
    "surname_2": "surname_2_raw",
    "full": "full_name_raw",
}
KEYS = ["__a", "__b"]
MET_LIMIT = 2_000_000
PEOPLE_SCHEMA = {LINE: pl.Int64, "role": pl.String, "identity_id": pl.String}
RAW_NAMES = ("given_name_raw", "surname_1_raw", "surname_2_raw", "full_name_raw")
NORMALISED = (
    *("given_name", "surname_1", "surname_2", "given_1", "given_2", "married_name"),
    *("given_key", "surname_1_key", "surname_2_key", "name_doubt"),
    *("birth_date", "birth_date_precision", "sex", "citizenship_code", "birth_country_code"),
    *("document_kind_code", "document_number", "document_issuer_code", "document_key"),
    *("document_2_kind_code", "document_2_number", "document_2_issuer_code", "document_2_key"),
    *("municipality_code", "department_code"),
)
# With the raw names, what makes two mentions the same bundle.
BUNDLE = (
    *("birth_date", "birth_date_precision", "sex", "citizenship_code", "birth_country_code"),
    *("document_kind_code", "document_number", "document_issuer_code"),
    *("document_2_kind_code", "document_2_number", "document_2_issuer_code"),
    *("municipality_code", "department_code"),
)


@dataclass(frozen=True)
class Records:
    """What a block of rows became.

    ``records``: one row per accepted row: __line, record_key, the declared columns, flags, content (all declared
    text joined, to tell duplicates from corrections). ``people``: one row per person named: __line, record_key,
    role, identity_id. ``bundles``: identity values not met before, raw and normalised, by identity_id.
    ``rejected``: __line, reasons.
    """

    records: pl.DataFrame
    people: pl.DataFrame
    bundles: pl.DataFrame
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
        Frequencies of words as given names and surnames, for names written in one column.
    """

    def __init__(
        self,
        source: Source,
        schema: Schema,
        hasher: Hasher,
        known_names: pl.DataFrame | None = None,
    ) -> None:
        self.source = source
        self.schema = schema
        self.hasher = hasher
        self.known_names = known_names
        self.memory = Memory()
        self._met: dict[str, pl.DataFrame] = {}

    def read(self, rows: pl.DataFrame) -> Records:
        """Read every declared value of a block of rows (`register.ingest.read.Block`)."""
        source = self.source
        work = rows.select(LINE).with_columns(_content(rows, source))
        key = _record_key(rows, source) if source.key else self.hasher.fingerprint(work["content"])
        work = work.with_columns(key.alias("record_key"))
        faults: dict[str, pl.Series] = {}
        if source.key:
            missing = work["record_key"].is_null()
            faults["record_key"] = no_reasons(rows.height).set(missing, "missing")
        work, column_faults = self._read_columns(work, rows)
        faults |= column_faults
        people: list[pl.DataFrame] = []
        for person in source.persons.values():
            frame, person_faults = self._read_person(rows, work, person)
            people.append(frame)
            prefix = "" if person.role == "self" else f"{person.role}."
            faults |= {f"{prefix}{name}": reasons for name, reasons in person_faults.items()}
        work, row_faults = _check_row(work, source, faults)
        faults |= row_faults
        work, rejected, kept = _part(work, faults, source)
        if kept is not None:
            people = [frame.filter(kept) for frame in people]
        named, bundles = self._name(people)
        named = named.join(work.select(LINE, "record_key"), on=LINE, how="left", maintain_order="left")
        return Records(work, named, bundles, rejected)

    def _read_columns(
        self, work: pl.DataFrame, rows: pl.DataFrame
    ) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
        """Read the columns of the record itself."""
        source, table = self.source, self.source.table
        faults: dict[str, pl.Series] = {}
        for name, value in source.columns.items():
            if name in PLACE:
                continue
            reading = read_value(rows, value, table.columns[name], self.schema, self.memory, name)
            work = work.with_columns(reading.values.alias(name))
            faults[name] = reading.reasons
        place = {name: source.columns[name] for name in PLACE if name in source.columns}
        if place:
            found, reasons = _read_place(rows, place, self.schema)
            work = work.with_columns(found)
            faults["municipality_code"] = reasons
        for column in table.columns.values():
            if column.declarable and column.name not in work.columns:
                work = work.with_columns(self._derive(work, column))
        return work, faults

    def _derive(self, work: pl.DataFrame, column: Column) -> pl.Expr:
        """Fill a column that the source does not declare: from an attribute of another column's code, or null."""
        if column.attribute_of is None:
            return pl.lit(None, dtype=column.dtype).alias(column.name)
        code, attribute = column.attribute_of
        concept = self.source.table.columns[code].concept
        assert concept.codelist is not None
        codelist = self.schema.codelist(concept.codelist)
        return (
            pl.col(code)
            .replace_strict(codelist["code"], codelist[attribute], default=None)
            .alias(column.name)
        )

    def _read_person(
        self, rows: pl.DataFrame, work: pl.DataFrame, person: Person
    ) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
        """Read one role's values, still raw where distinct bundles are standardised later."""
        faults: dict[str, pl.Series] = {}
        frame = pl.DataFrame({LINE: rows[LINE]}).with_columns(pl.lit(person.role).alias("role"))
        for part, value in person.name_parts.items():
            text = raw_text(rows, value).str.strip_chars()
            frame = frame.with_columns(text.set(text == "", None).alias(NAME_PARTS[part]))
        for name, value in person.values.items():
            if name in PLACE:
                continue
            column = Column(name, self.schema.tables["identity"].columns[name].concept, past=True)
            reading = read_value(rows, value, column, self.schema, self.memory, f"{person.role}.{name}")
            frame = frame.with_columns(reading.values.alias(name))
            faults[name] = reading.reasons
            if reading.precision is not None:
                frame = frame.with_columns(reading.precision.alias(f"{name}_precision"))
        place = {name: person.values[name] for name in PLACE if name in person.values}
        if place:
            found, _ = _read_place(rows, place, self.schema)
            frame = frame.with_columns(found)
        for number, document in enumerate(person.documents, start=1):
            prefix = "document" if number == 1 else f"document_{number}"
            columns = {"number": raw_text(rows, document.number)}
            for key, declared, name in (
                ("kind", document.kind, "document_kind_code"),
                ("issuer", document.issuer, "citizenship_code"),
            ):
                if declared is None:
                    continue
                concept = self.schema.tables["identity"].columns[name].concept
                memory_key = f"{person.role}.{prefix}.{key}"
                reading = read_code(
                    raw_text(rows, declared), declared, concept, self.schema, self.memory, memory_key
                )
                columns[f"{key}_code"] = reading.values
                faults[f"{prefix}_{key}_code"] = reading.reasons
            frame = frame.with_columns(values.alias(f"{prefix}_{key}") for key, values in columns.items())
        return _check_person(frame, work, self.source, faults)

    def _name(self, people: list[pl.DataFrame]) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Point each person named at an identity; standardise only the bundles of raw values not met before."""
        named: list[pl.DataFrame] = []
        bundles: list[pl.DataFrame] = []
        for frame, person in zip(people, self.source.persons.values(), strict=True):
            values = [column for column in frame.columns if column not in (LINE, "role")]
            told = [column for column in values if column in RAW_NAMES or column.endswith("_number")]
            text = pl.concat_str(
                [pl.col(column).cast(pl.String).fill_null("") for column in values], separator="\x1f"
            )
            # Two hashes stand for the text of a bundle: memory then holds numbers, and a collision is out of reach.
            keys = {"__a": text.hash(1), "__b": text.hash(2)}
            present = frame.filter(pl.any_horizontal(pl.col(told).is_not_null())).with_columns(**keys)
            fresh = present.unique(KEYS, keep="any")
            met = self._met.get(person.role)
            if met is not None:
                fresh = fresh.join(met, on=KEYS, how="anti")
            if met is None or fresh.height:
                standard = _standardise(fresh.drop(LINE, "role"), person, self.schema, self.known_names)
                made = self.hasher.identify(standard, RAW_NAMES, BUNDLE)
                bundles.append(made.drop(KEYS))
                new = made.select(*KEYS, "identity_id")
                met = new if met is None else pl.concat([met, new])
            named.append(present.join(met, on=KEYS, how="left").select(LINE, "role", "identity_id"))
            self._met[person.role] = met.clear() if met.height > MET_LIMIT else met
        if not named:
            return pl.DataFrame(schema=PEOPLE_SCHEMA), pl.DataFrame()
        return pl.concat(named), pl.concat(bundles) if bundles else pl.DataFrame()


def _record_key(rows: pl.DataFrame, source: Source) -> pl.Series:
    parts = [pl.col(key).str.strip_chars() for key in source.key]
    text = pl.concat_str(parts, separator="-") if len(parts) > 1 else parts[0]
    return rows.select(pl.when(text != "").then(text).alias("record_key")).to_series()


def _content(rows: pl.DataFrame, source: Source) -> pl.Series:
    """Join all declared text of a row. Columns are in declared order, whatever order a delivery has them in."""
    headers = sorted(header for header in source.headers if header in rows.columns)
    return rows.select(
        pl.concat_str([pl.col(header).fill_null("") for header in headers], separator="\x1f").alias("content")
    ).to_series()


def _read_place(
    rows: pl.DataFrame, place: dict[str, Value], schema: Schema
) -> tuple[pl.DataFrame, pl.Series]:
    """Read municipality and department together: a municipality's name is unique only within its department."""
    absent = Value()
    raw = pl.DataFrame(
        {
            "municipality": raw_text(rows, place.get("municipality_code", absent)),
            "department": raw_text(rows, place.get("department_code", absent)),
        }
    )
    matched = match_municipalities(raw.unique(), schema.codelist("divipola"), schema.codelist("department"))
    out = raw.join(
        matched, on=["municipality", "department"], how="left", nulls_equal=True, maintain_order="left"
    )
    # A name met by similarity is used and flagged, so that the office can confirm it; it is never a silent guess.
    certain = pl.col("how").is_in(["code", "name", "label", "alias"]) | pl.col("how").is_null()
    reasons = out.select(pl.when(~certain).then("how")).to_series()
    return out.select(PLACE), reasons


def _check_person(
    frame: pl.DataFrame, work: pl.DataFrame, source: Source, faults: dict[str, pl.Series]
) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
    """Apply the table's checks on a person's values, such as a birth after the event."""
    for check in source.table.checks:
        if check.column not in frame.columns:
            continue
        both = frame.hstack(
            work.drop(LINE, *[name for name in work.columns if name in frame.columns and name != LINE])
        )
        wrong = both.select(pl.sql_expr(check.sql).fill_null(value=False)).to_series()
        if wrong.any():
            frame = frame.with_columns(pl.when(~wrong).then(pl.col(check.column)).alias(check.column))
            faults[check.column] = faults[check.column].set(wrong, check.reason)
    return frame, faults


def _check_row(
    work: pl.DataFrame, source: Source, faults: dict[str, pl.Series]
) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
    """Apply the table's checks on the record's own values."""
    out: dict[str, pl.Series] = {}
    for check in source.table.checks:
        if check.column not in source.columns:
            continue
        wrong = work.select(pl.sql_expr(check.sql).fill_null(value=False)).to_series()
        if wrong.any():
            work = work.with_columns(pl.when(~wrong).then(pl.col(check.column)).alias(check.column))
            out[check.column] = faults.get(check.column, no_reasons(work.height)).set(wrong, check.reason)
    return work, out


def _part(
    work: pl.DataFrame, faults: dict[str, pl.Series], source: Source
) -> tuple[pl.DataFrame, pl.DataFrame, pl.Series | None]:
    """Part accepted rows, with their flags, from rejected ones, with their reasons; and say which were kept."""
    required = {"record_key"} | {name for name, column in source.table.columns.items() if column.required}
    for name in required & set(source.columns):
        faults[name] = faults[name].set(work[name].is_null() & faults[name].is_null(), "missing")
    marks = pl.DataFrame(
        [
            reasons.to_frame(name).select(pl.lit(f"{name}:") + pl.col(name)).to_series().alias(name)
            for name, reasons in faults.items()
            if reasons.null_count() < len(reasons)
        ]
    )
    fatal = [name for name in marks.columns if name in required]
    mild = [name for name in marks.columns if name not in required]
    flags = marks.select(joined(mild).alias("flags")).to_series() if mild else no_reasons(work.height)
    work = work.with_columns(flags.alias("flags"))
    if not fatal:
        return work, pl.DataFrame(schema={LINE: pl.Int64, "reasons": pl.String}), None
    work = work.with_columns(marks.select(joined(fatal).alias("reasons")).to_series())
    kept = work["reasons"].is_null()
    return work.filter(kept).drop("reasons"), work.filter(~kept).select(LINE, "reasons"), kept


def _standardise(
    distinct: pl.DataFrame, person: Person, schema: Schema, known_names: pl.DataFrame | None
) -> pl.DataFrame:
    """Standardise names and documents of distinct bundles; give every bundle the same columns."""
    identity = schema.tables["identity"].columns
    out = distinct
    if person.name_layout:
        raw = [column for column in RAW_NAMES if column in distinct.columns]
        names = standardise_names(distinct.select(raw).unique(), person.name_layout, known_names)
        out = out.join(names.drop("name_flags"), on=raw, how="left", nulls_equal=True)
    for number in range(1, len(person.documents) + 1):
        out = _standardise_document(out, "document" if number == 1 else f"document_{number}")
    missing = [column for column in (*RAW_NAMES, *NORMALISED) if column not in out.columns]
    out = out.with_columns(pl.lit(None, dtype=identity[column].dtype).alias(column) for column in missing)
    # ISO 5218 knows "not known" and "not applicable"; for comparing people both say nothing.
    out = out.with_columns(pl.when(pl.col("sex").is_in(["1", "2"])).then(pl.col("sex")).alias("sex"))
    return out.select(
        *KEYS, *(pl.col(column).cast(identity[column].dtype) for column in (*RAW_NAMES, *NORMALISED))
    )


def _standardise_document(bundles: pl.DataFrame, prefix: str) -> pl.DataFrame:
    """Standardise one document of each bundle; without a number, kind and issuer say nothing of the person."""
    absent = pl.lit(None, dtype=pl.String)
    given = {
        "kind": pl.col(f"{prefix}_kind_code") if f"{prefix}_kind_code" in bundles.columns else absent,
        "number": pl.col(f"{prefix}_number"),
        "issuer": pl.col(f"{prefix}_issuer_code") if f"{prefix}_issuer_code" in bundles.columns else absent,
    }
    found = standardise_documents(bundles.select(**given))
    known = found["document_number"].is_not_null()
    return bundles.with_columns(
        pl.when(known).then(found["kind"]).alias(f"{prefix}_kind_code"),
        found["document_number"].alias(f"{prefix}_number"),
        pl.when(known).then(found["issuer"]).alias(f"{prefix}_issuer_code"),
        found["document_bare_key"].alias(f"{prefix}_key"),
    )


def every_reason(reasons: Iterable[str | None]) -> dict[str, int]:
    """Count reason codes in joined texts."""
    counts: dict[str, int] = {}
    for text in reasons:
        for reason in text.split(";") if text else ():
            counts[reason] = counts.get(reason, 0) + 1
    return counts
