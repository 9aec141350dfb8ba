"""A source declaration: how one kind of extract becomes a table. TOML in, frozen objects out.

A value is declared as a column name (``sex = "SEXO"``) or as a table
(``sex = { from = "SEXO", values = { H = "1", M = "2" } }``). What cannot be meant is refused here, before any
extract is opened, with the file, the key and the nearest right word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from register.errors import DeclarationError, suggest
from register.schema import Schema, Table, read_toml, refuse_unknown_keys

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
ENCODINGS = ("utf-8", "latin-1", "windows-1252", "utf-16")
MAX_DOCUMENTS = 2


@dataclass(frozen=True)
class Value:
    """Where one value comes from and how it is read.

    ``column`` is the header in the extract, ``renamed_from`` the names that it had in other years; a
    ``constant`` needs no column. ``optional`` says that some deliveries lack the column.
    """

    column: str | None = None
    constant: str | None = None
    formats: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    renamed_from: tuple[str, ...] = ()
    optional: bool = False

    @property
    def headers(self) -> tuple[str, ...]:
        """Every header under which the column may stand."""
        return (self.column, *self.renamed_from) if self.column else ()


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
class Source:
    """One source declaration.

    Grain of what it describes: one row of an extract is one record of ``table``; ``persons`` are the people
    that the record names. ``key`` are the columns of the office's own key, joined by ``-`` where several.
    """

    name: str
    path: Path
    table: Table
    title: Mapping[str, str]
    files: tuple[str, ...]
    delimiter: str
    encoding: str
    quote: str
    key: tuple[str, ...]
    columns: Mapping[str, Value]
    persons: Mapping[str, Person]
    ignored: tuple[str, ...]

    def every_value(self) -> Iterator[Value]:
        """Yield every declared value of the source."""
        yield from self.columns.values()
        for person in self.persons.values():
            yield from person.every_value()

    @property
    def headers(self) -> frozenset[str]:
        """Every header that the declaration knows."""
        known = {header for value in self.every_value() for header in value.headers}
        return frozenset(known | set(self.key) | set(self.ignored))


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
    refuse_unknown_keys(
        tree, ("table", "title", "files", "format", "key", "columns", "person", "ignored"), where
    )
    for key in ("table", "files", "columns"):
        if key not in tree:
            raise DeclarationError("missing_key", where=where, key=key)
    if tree["table"] not in SOURCES:
        raise DeclarationError(
            "unknown_table", where=where, name=tree["table"], suggestion=suggest(tree["table"], SOURCES)
        )
    table = schema.tables[tree["table"]]
    form = tree.get("format", {})
    refuse_unknown_keys(form, ("type", "delimiter", "encoding", "quote"), f"{where} [format]")
    if form.get("type", "csv") != "csv":
        raise DeclarationError("unknown_format", where=f"{where} [format]", name=form["type"])
    encoding = form.get("encoding", "utf-8").lower()
    if encoding not in ENCODINGS:
        raise DeclarationError(
            "unknown_encoding",
            where=f"{where} [format]",
            name=encoding,
            suggestion=suggest(encoding, ENCODINGS),
        )
    delimiter = form.get("delimiter", ",")
    if len(delimiter) != 1:
        raise DeclarationError("bad_delimiter", where=f"{where} [format]", name=delimiter)
    declarable = [column.name for column in table.columns.values() if column.declarable]
    refuse_unknown_keys(tree["columns"], declarable, f"{where} [columns]")
    columns = {name: _value(node, f"{where} [columns] {name}") for name, node in tree["columns"].items()}
    for column in table.columns.values():
        if column.declarable and column.required and column.name not in columns:
            raise DeclarationError(
                "required_column", where=f"{where} [columns]", name=column.name, table=table.name
            )
    persons = tree.get("person", {})
    refuse_unknown_keys(persons, ROLES, f"{where} [person]")
    key = tree.get("key", [])
    return Source(
        name=path.stem,
        path=path,
        table=table,
        title=tree.get("title", {"es": path.stem, "en": path.stem}),
        files=tuple([tree["files"]] if isinstance(tree["files"], str) else tree["files"]),
        delimiter=delimiter,
        encoding=encoding,
        quote=form.get("quote", '"'),
        key=(key,) if isinstance(key, str) else tuple(key),
        columns=columns,
        persons={role: _person(role, node, f"{where} [person.{role}]") for role, node in persons.items()},
        ignored=tuple(tree.get("ignored", ())),
    )


def _value(node: Any, where: str) -> Value:
    if isinstance(node, str):
        return Value(column=node)
    if not isinstance(node, dict):
        raise DeclarationError("bad_value", where=where)
    refuse_unknown_keys(node, ("from", "constant", "format", "values", "renamed_from", "optional"), where)
    if ("from" in node) == ("constant" in node):
        raise DeclarationError("bad_value", where=where)
    formats = node.get("format", ())
    renamed = node.get("renamed_from", ())
    return Value(
        column=node.get("from"),
        constant=None if "constant" not in node else str(node["constant"]),
        formats=(formats,) if isinstance(formats, str) else tuple(formats),
        values={str(raw): str(code) for raw, code in node.get("values", {}).items()},
        renamed_from=(renamed,) if isinstance(renamed, str) else tuple(renamed),
        optional=bool(node.get("optional", False)),
    )


def _person(role: str, node: dict[str, Any], where: str) -> Person:
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
        name_parts={key: _value(value, f"{where} name.{key}") for key, value in parts.items()},
        values={
            PERSON_VALUES[key]: _value(value, f"{where} {key}")
            for key, value in node.items()
            if key in PERSON_VALUES
        },
        documents=tuple(_document(document, f"{where} document") for document in documents),
    )


def _document(node: dict[str, Any], where: str) -> Document:
    refuse_unknown_keys(node, ("kind", "number", "issuer"), where)
    if "number" not in node:
        raise DeclarationError("missing_key", where=where, key="number")
    return Document(**{key: _value(value, f"{where} {key}") for key, value in node.items()})
