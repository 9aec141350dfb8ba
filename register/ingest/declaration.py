"""Reads source declarations: how one kind of extract becomes a table. TOML in, frozen objects out.

A value is declared as a column name (``sex = "SEXO"``) or as a table
(``sex = { from = "SEXO", values = { H = "1", M = "2" } }``). What cannot be meant is refused here, before any
extract is opened, with the file, the key and the nearest right word.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from register.errors import DeclarationError, suggest
from register.ingest.dates import check_date_format
from register.ingest.source import (
    ENCODINGS,
    FORMATS,
    TYPED_FORMATS,
    Document,
    FixedColumn,
    Format,
    Person,
    Source,
    Value,
)
from register.schema import Schema, read_toml, refuse_unknown_keys

__all__ = ["NAME_LAYOUTS", "Document", "Format", "Person", "Source", "Value", "load_source", "load_sources"]

NAME_LAYOUTS: Mapping[str, tuple[str, ...]] = {
    "separate": ("given", "surname_1", "surname_2", "surnames"),
    "portuguese": ("given", "surname_1", "surname_2", "surnames", "full"),
    "surnames_given": ("full",),
    "given_surnames": ("full",),
    "mrz": ("full",),
}
PERSON_VALUES: Mapping[str, str] = {
    # how a person's value is called in a declaration -> the identity column it fills
    "birth_date": "birth_date",
    "sex": "sex",
    "citizenship": "citizenship_code",
    "birth_country": "birth_country_code",
    "municipality": "municipality_code",
    "department": "department_code",
}
ROLES = ("self", "child", "mother", "father", "spouse_1", "spouse_2")
SOURCES = ("crossing", "visa", "permit", "birth", "death", "marriage")
MAX_DOCUMENTS = 2
_TOP_KEYS = (
    *("table", "title", "files", "format", "key", "columns", "person", "ignored", "delivery"),
    "max_rejected_share",
)
_FORMAT_KEYS: Mapping[str, tuple[str, ...]] = {
    "csv": ("type", "delimiter", "encoding", "quote", "skip_lines", "header", "columns"),
    "fixed": ("type", "encoding", "skip_lines", "header", "columns"),
    "parquet": ("type",),
    "xlsx": ("type", "sheet", "skip_lines", "header", "columns"),
}
_VALUE_KEYS = (
    *("from", "join", "constant", "pattern", "format", "values", "codelist", "renamed_from", "optional"),
    *("valid_from", "valid_to"),
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
    return tuple(load_source(path, schema) for path in paths)


def load_source(path: Path, schema: Schema) -> Source:
    """Load and check one source declaration.

    Raises
    ------
    DeclarationError
        Naming the file, the key and the mend.
    """
    tree = read_toml(path)
    where = str(path)
    refuse_unknown_keys(tree, _TOP_KEYS, where)
    for key in ("table", "files", "columns"):
        if key not in tree:
            raise DeclarationError("missing_key", where=where, key=key)
    if tree["table"] not in SOURCES:
        raise DeclarationError(
            "unknown_table", where=where, name=tree["table"], suggestion=suggest(tree["table"], SOURCES)
        )
    table = schema.tables[tree["table"]]
    form = _format(tree.get("format", {}), f"{where} [format]")
    read = _ValueReader(schema, typed=form.is_typed)
    declarable = [column.name for column in table.columns.values() if column.declarable]
    refuse_unknown_keys(tree["columns"], declarable, f"{where} [columns]")
    columns = {name: read.value(node, f"{where} [columns] {name}") for name, node in tree["columns"].items()}
    for column in table.columns.values():
        if column.declarable and column.required and column.name not in columns:
            raise DeclarationError(
                "required_column", where=f"{where} [columns]", name=column.name, table=table.name
            )
    persons = tree.get("person", {})
    refuse_unknown_keys(persons, ROLES, f"{where} [person]")
    share = tree.get("max_rejected_share")
    if share is not None and not 0 <= float(share) <= 1:
        raise DeclarationError("bad_share", where=where, key="max_rejected_share", value=share)
    return Source(
        name=path.stem,
        path=path,
        table=table,
        title=tree.get("title", {"es": path.stem, "en": path.stem}),
        files=_texts(tree["files"]),
        format=form,
        key=_texts(tree.get("key", ())),
        columns=columns,
        persons={role: read.person(role, node, f"{where} [person.{role}]") for role, node in persons.items()},
        ignored=_texts(tree.get("ignored", ())),
        delivery=_delivery(tree.get("delivery"), where),
        max_rejected_share=None if share is None else float(share),
    )


def _format(node: dict[str, Any], where: str) -> Format:
    kind = str(node.get("type", "csv"))
    if kind not in FORMATS:
        raise DeclarationError(
            "unknown_format",
            where=where,
            name=kind,
            suggestion=suggest(kind, FORMATS),
            known=", ".join(FORMATS),
        )
    refuse_unknown_keys(node, dict.fromkeys(key for keys in _FORMAT_KEYS.values() for key in keys), where)
    for key in node:
        if key not in _FORMAT_KEYS[kind]:
            raise DeclarationError("key_of_other_format", where=where, key=key, format=kind)
    encoding = str(node.get("encoding", Format.encoding)).lower()
    if encoding not in ENCODINGS:
        raise DeclarationError(
            "unknown_encoding", where=where, name=encoding, suggestion=suggest(encoding, ENCODINGS)
        )
    delimiter, quote = str(node.get("delimiter", Format.delimiter)), str(node.get("quote", Format.quote))
    if not delimiter or {"\n", "\r", "\0", quote} & {*delimiter}:
        raise DeclarationError("bad_delimiter", where=where, name=delimiter)
    if len(quote.encode()) > 1:
        raise DeclarationError("bad_quote", where=where, name=quote)
    columns: Sequence[Any] = node.get("columns", ())
    has_header = bool(node.get("header", kind != "fixed" and not columns))
    if (kind == "fixed" or not has_header) and not columns:
        raise DeclarationError("missing_key", where=where, key="columns")
    fixed = tuple(_fixed_column(column, where) for column in columns) if kind == "fixed" else ()
    names = [column.name for column in fixed] if fixed else [str(column) for column in columns]
    for name in names:
        if names.count(name) > 1:
            raise DeclarationError("column_repeated", where=where, name=name)
    return Format(
        type=kind,
        delimiter=delimiter,
        encoding=encoding,
        quote="" if kind == "fixed" else quote,
        skipped_lines=int(node.get("skip_lines", 0)),
        has_header=has_header,
        columns=tuple(names),
        fixed=fixed,
        sheet=str(node.get("sheet", "")),
    )


def _fixed_column(node: Any, where: str) -> FixedColumn:
    if not isinstance(node, dict):
        raise DeclarationError("bad_fixed_column", where=where)
    refuse_unknown_keys(node, ("name", "start", "width"), where)
    column = FixedColumn(str(node.get("name", "")), int(node.get("start", 0)), int(node.get("width", 0)))
    if not column.name or column.start < 1 or column.width < 1:
        raise DeclarationError("bad_fixed_column", where=where)
    return column


def _delivery(pattern: Any, where: str) -> re.Pattern[str] | None:
    if pattern is None:
        return None
    try:
        found = re.compile(str(pattern))
    except re.error as error:
        raise DeclarationError("bad_pattern", where=where, key="delivery", reason=str(error)) from error
    if "year" not in found.groupindex or set(found.groupindex) - {"year", "month", "day"}:
        raise DeclarationError("bad_delivery", where=where)
    return found


class _ValueReader:
    """Reads declared values. ``typed`` says that the extract's own dates come as ISO 8601, whatever is declared."""

    def __init__(self, schema: Schema, *, typed: bool) -> None:
        self.schema = schema
        self.typed = typed

    def value(self, node: Any, where: str) -> Value:
        """Read a value: a column name, or a table of keys."""
        if isinstance(node, str):
            node = {"from": node}
        if not isinstance(node, dict):
            raise DeclarationError("bad_value", where=where)
        refuse_unknown_keys(node, _VALUE_KEYS, where)
        columns, renamed = _texts(node.get("from", ())), _texts(node.get("renamed_from", ()))
        if bool(columns) == ("constant" in node):
            raise DeclarationError("bad_value", where=where)
        if renamed and len(columns) > 1:
            raise DeclarationError("renamed_several", where=where)
        formats = _texts(node.get("format", ()))
        for written in formats:
            wrong = check_date_format(written)
            if wrong:
                raise DeclarationError("bad_date_format", where=where, format=written, part=wrong)
        if "codelist" in node:
            self.schema.codelist(str(node["codelist"]))
        return Value(
            columns=columns,
            join=str(node.get("join", Value.join)),
            constant=None if "constant" not in node else str(node["constant"]),
            pattern=_pattern(node.get("pattern"), where),
            formats=(*formats, *TYPED_FORMATS) if self.typed else formats,
            values={str(raw): str(code) for raw, code in node.get("values", {}).items()},
            codelist=node.get("codelist"),
            renamed_from=renamed,
            optional=bool(node.get("optional", False)),
            valid_from=_date(node, "valid_from", where),
            valid_to=_date(node, "valid_to", where),
        )

    def person(self, role: str, node: dict[str, Any], where: str) -> Person:
        """Read a person: name, values, documents."""
        refuse_unknown_keys(node, ("name", "document", "documents", *PERSON_VALUES), where)
        name = node.get("name", {})
        layout = name.get("layout") if name else None
        if name and layout not in NAME_LAYOUTS:
            raise DeclarationError(
                "unknown_layout",
                where=where,
                name=layout,
                suggestion=suggest(str(layout), NAME_LAYOUTS),
                known=", ".join(NAME_LAYOUTS),
            )
        parts = {key: value for key, value in name.items() if key != "layout"}
        if layout:
            refuse_unknown_keys(parts, NAME_LAYOUTS[layout], f"{where} name")
        documents = node.get("documents", [node["document"]] if "document" in node else [])
        if len(documents) > MAX_DOCUMENTS:
            raise DeclarationError("too_many_documents", where=where, limit=MAX_DOCUMENTS)
        return Person(
            role=role,
            name_layout=layout,
            name_parts={key: self.value(value, f"{where} name.{key}") for key, value in parts.items()},
            values={
                PERSON_VALUES[key]: self.value(value, f"{where} {key}")
                for key, value in node.items()
                if key in PERSON_VALUES
            },
            documents=tuple(self.document(document, f"{where} document") for document in documents),
        )

    def document(self, node: dict[str, Any], where: str) -> Document:
        """Read a document: its number, and its kind and issuer where they are told."""
        refuse_unknown_keys(node, ("kind", "number", "issuer"), where)
        if "number" not in node:
            raise DeclarationError("missing_key", where=where, key="number")
        return Document(**{key: self.value(value, f"{where} {key}") for key, value in node.items()})


def _texts(node: Any) -> tuple[str, ...]:
    return (node,) if isinstance(node, str) else tuple(str(text) for text in node)


def _pattern(node: Any, where: str) -> str | None:
    if node is None:
        return None
    try:
        groups = re.compile(str(node)).groups
    except re.error as error:
        raise DeclarationError("bad_pattern", where=where, key="pattern", reason=str(error)) from error
    if groups < 1:
        raise DeclarationError("bad_pattern", where=where, key="pattern", reason="(...)")
    return str(node)


def _date(node: Mapping[str, Any], key: str, where: str) -> dt.date | None:
    value = node.get(key)
    if value is not None and type(value) is not dt.date:
        raise DeclarationError("bad_date_setting", where=where, key=key)
    return value
