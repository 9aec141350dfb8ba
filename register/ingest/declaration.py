"""Reads source declarations: how one kind of extract becomes a table. TOML in, frozen objects out.

What cannot be meant is refused here, before any extract is opened, with the file, the key and the nearest right word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from register.concepts import RECORDS, Table
from register.errors import DeclarationError, Faults, suggest
from register.ingest.declared import compiled, text_at, texts_at
from register.ingest.declared_format import read_format
from register.ingest.declared_values import NAME_LAYOUTS, PERSON_VALUES, ValueReader
from register.ingest.source import Document, Format, Person, Source, Value
from register.schema import Schema, refuse_unknown_keys, table_at
from register.toml_file import read_toml

__all__ = ["NAME_LAYOUTS", "Document", "Format", "Person", "Source", "Value", "load_source", "load_sources"]

ROLES = ("self", "child", "mother", "father", "spouse_1", "spouse_2")
_TOP_KEYS = (
    *("table", "title", "files", "format", "key", "rows", "columns", "person", "ignored", "delivery"),
    *("max_rejected_share", "withdrawn"),
)


def load_sources(directory: Path, country: str, schema: Schema) -> tuple[Source, ...]:
    """Load every source declaration of a country.

    Raises
    ------
    DeclarationError
        If the country has no declarations or one of them is wrong.
    """
    folder = directory / country.lower()
    paths = sorted(folder.glob("*.toml"))
    if not paths:
        known = sorted(path.name for path in directory.glob("*") if path.is_dir())
        raise DeclarationError(
            "no_sources",
            where=str(folder),
            country=country,
            known=", ".join(known),
            suggestion=suggest(country, known),
        )
    faults, sources = Faults(), []
    for path in paths:
        with faults.gathered(str(path)):
            sources.append(load_source(path, schema))
    faults.tell()
    return tuple(sources)


def load_source(path: Path, schema: Schema) -> Source:
    """Load and check one source declaration.

    Raises
    ------
    DeclarationError
        Naming the file, the key and the mend.
    """
    tree = read_toml(path)
    where, faults = str(path), Faults()
    with faults.gathered():
        refuse_unknown_keys(tree, _TOP_KEYS, where)
    for needed in ("table", "files", "columns"):
        with faults.gathered():
            if tree.get(needed) in (None, "", []):
                raise DeclarationError("missing_key", where=where, key=needed)
    # What the columns are held against must be known before anything else is looked at.
    if "table" not in tree:
        faults.tell()
    name = text_at(tree, "table", where)
    if name not in RECORDS:
        raise DeclarationError("unknown_table", where=where, name=name, suggestion=suggest(name, RECORDS))
    table = schema.tables[name]
    _check_rules(table, schema)
    form = Format()
    with faults.gathered():
        form = read_format(table_at(tree, "format", where), f"{where} [format]")
    read = ValueReader(schema, typed=form.is_typed)
    rows: dict[str, dict[str, Value]] = {}
    with faults.gathered():
        rows = _rows(table_at(tree, "rows", where), read, f"{where} [rows]")
    columns: dict[str, Value] = {}
    with faults.gathered():
        columns = _columns(table_at(tree, "columns", where), table, read, f"{where} [columns]")
    people: dict[str, Person] = {}
    with faults.gathered():
        people = _people(tree, read, where)
    with faults.gathered():
        read.check_rows(rows, f"{where} [rows]")
    key: tuple[Value, ...] = ()
    with faults.gathered():
        key = _key(tree.get("key", []), read, f"{where} key")
    withdrawn = None
    with faults.gathered():
        withdrawn = _withdrawn(tree, read, where)
    with faults.gathered():
        source = Source(
            name=path.stem,
            path=path,
            table=table,
            title=_title(tree, path.stem, where),
            files=texts_at(tree, "files", where),
            format=form,
            key=key,
            columns=columns,
            persons=people,
            ignored=texts_at(tree, "ignored", where),
            renamed=read.renamed,
            delivery=_delivery(tree, where),
            max_rejected_share=_share(tree, where),
            rows=rows,
            withdrawn=withdrawn,
        )
        for former in source.renamed:
            if former in source.headers:
                raise DeclarationError("renamed_in_use", where=where, name=former)
        for name in source.format.filled_down:
            if name not in source.headers:
                raise DeclarationError(
                    "filled_unknown", where=f"{where} [format] fill_down",
                    name=name, suggestion=suggest(name, sorted(source.headers)),
                )  # fmt: skip
    faults.tell()
    return source


def _rows(node: dict[str, Any], read: ValueReader, where: str) -> dict[str, dict[str, Value]]:
    """Read the rows that one row of the extract holds: the columns of each, and what they are taken from."""
    faults, rows = Faults(), dict[str, dict[str, Value]]()
    for name in node:
        with faults.gathered():
            if not re.fullmatch(r"\w+", name):
                raise DeclarationError("bad_row_name", where=where, name=name)
            columns = table_at(node, name, where)
            rows[name] = {
                column: read.value(value, f"{where[:-1]}.{name}] {column}")
                for column, value in columns.items()
            }
            if not any(value.headers for value in rows[name].values()):
                raise DeclarationError("row_of_nothing", where=f"{where[:-1]}.{name}]")
    faults.tell()
    return rows


def _columns(node: dict[str, Any], table: Table, read: ValueReader, where: str) -> dict[str, Value]:
    faults, values = Faults(), {}
    declarable = [column.name for column in table.columns.values() if column.declarable]
    with faults.gathered():
        concepts = {name: table.columns[name].concept for name in declarable}
        refuse_unknown_keys(node, declarable, where, concepts)
    for column in table.columns.values():
        with faults.gathered():
            if column.declarable and column.required and column.name not in node:
                raise DeclarationError("required_column", where=where, name=column.name, table=table.name)
    for name in (name for name in node if name in declarable):
        with faults.gathered():
            values[name] = read.value(node[name], f"{where} {name}", table.columns[name].concept)
    dates = [
        name for name, value in values.items() if table.columns[name].dtype == pl.Date and not value.after
    ]
    for name, value in values.items():
        with faults.gathered():
            if value.after is not None and value.after[0] not in dates:
                raise DeclarationError(
                    "after_unknown",
                    where=f"{where} {name}", name=value.after[0], suggestion=suggest(value.after[0], dates),
                )  # fmt: skip
    faults.tell()
    return values


def _people(tree: Mapping[str, Any], read: ValueReader, where: str) -> dict[str, Person]:
    persons = table_at(tree, "person", where)
    faults, people = Faults(), {}
    with faults.gathered():
        if {"name", "document", "documents", *PERSON_VALUES} & set(persons):
            raise DeclarationError("person_without_role", where=f"{where} [person]", known=", ".join(ROLES))
        refuse_unknown_keys(persons, ROLES, f"{where} [person]")
        if not persons:
            raise DeclarationError("nobody_named", where=f"{where} [person.self]")
    for role in (role for role in persons if role in ROLES):
        with faults.gathered():
            node = table_at(persons, role, f"{where} [person]")
            people[role] = read.person(role, node, f"{where} [person.{role}]")
    faults.tell()
    return people


def _key(node: Any, read: ValueReader, where: str) -> tuple[Value, ...]:
    """Read the office's own key: a column or a value, or a list of them."""
    parts = node if isinstance(node, list) else [node]
    values = tuple(read.value(part, where) for part in parts)
    if any(value.constant is not None for value in values):
        raise DeclarationError("constant_key", where=where)
    return values


def _withdrawn(tree: Mapping[str, Any], read: ValueReader, where: str) -> Value | None:
    """Read how a row says that its record is withdrawn: a pattern that fits a column."""
    if "withdrawn" not in tree:
        return None
    value = read.value(tree["withdrawn"], f"{where} withdrawn")
    if value.pattern is None or not value.headers:
        raise DeclarationError("withdrawn_without_pattern", where=f"{where} withdrawn")
    if not tree.get("key"):
        raise DeclarationError("withdrawn_without_key", where=f"{where} withdrawn")
    return value


def _title(tree: Mapping[str, Any], name: str, where: str) -> dict[str, str]:
    title = table_at(tree, "title", where)
    refuse_unknown_keys(title, ("es", "en"), f"{where} title")
    return {language: text_at(title, language, f"{where} title", name) for language in ("es", "en")}


def _share(tree: Mapping[str, Any], where: str) -> float | None:
    share = tree.get("max_rejected_share")
    if share is None:
        return None
    if not isinstance(share, int | float) or isinstance(share, bool) or not 0 <= share <= 1:
        raise DeclarationError("bad_share", where=where, key="max_rejected_share", value=share)
    return float(share)


def _delivery(tree: Mapping[str, Any], where: str) -> re.Pattern[str] | None:
    if "delivery" not in tree:
        return None
    found = compiled(text_at(tree, "delivery", where), "delivery", where)
    if "year" not in found.groupindex or set(found.groupindex) - {"year", "month", "day"}:
        raise DeclarationError("bad_delivery", where=where)
    return found


def _check_rules(table: Table, schema: Schema) -> None:
    """Check that the rules of a record table speak of columns that there are."""
    known = [*table.columns, *schema.tables["identity"].columns]
    for check in table.checks:
        where = f"{schema.directory / 'tables' / table.name}.toml [[check]] {check.reason}"
        try:
            named = pl.sql_expr(check.sql).meta.root_names()
        except pl.exceptions.PolarsError as error:
            raise DeclarationError("bad_check", where=where, sql=check.sql) from error
        for name in named:
            if name not in known:
                raise DeclarationError(
                    "unknown_column", where=where, name=name, suggestion=suggest(name, known)
                )
