"""Reads the values and persons of a source declaration.

A value is declared as a column name (``sex = "SEXO"``) or as a table
(``sex = { from = "SEXO", values = { H = "1", M = "2" } }``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from register.concepts import Concept
from register.errors import DeclarationError, Faults, suggest
from register.ingest.codes import match_codes
from register.ingest.date_formats import check_date_format, repeated_part, spelt_format, whole_format
from register.ingest.dates import read_dates, read_datetimes
from register.ingest.declared import date_at, flag_at, pattern_at, tables_at, text_at, texts_at
from register.ingest.source import PATH, TYPED_FORMATS, Document, Person, Value
from register.ingest.values import DEFAULT_DATES, DEFAULT_DATETIMES, PLACE
from register.schema import Schema, refuse_unknown_keys, table_at

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
DOCUMENT_PARTS: Mapping[str, str] = {
    "kind": "document_kind_code",
    "number": "document_number",
    "issuer": "document_issuer_code",
}
MAX_DOCUMENTS = 2
_VALUE_KEYS = (
    *("from", "path", "join", "constant", "pattern", "format", "values", "codelist", "renamed_from"),
    *("optional", "valid_from", "valid_to", "similarity", "months_after", "days_after"),
)
_DATES = ("date", "datetime")


class ValueReader:
    """Reads declared values, and gathers under which names columns stood in other years.

    Parameters
    ----------
    schema
        Concepts, tables and code lists.
    typed
        Whether the extract's own dates come as ISO 8601, whatever is declared.

    Attributes
    ----------
    renamed
        The present name of a column by each of its former ones.
    """

    def __init__(self, schema: Schema, *, typed: bool) -> None:
        self.schema = schema
        self.typed = typed
        self.renamed: dict[str, str] = {}
        self._taken: list[tuple[str, Value, Concept]] = []

    def value(self, node: Any, where: str, concept: Concept | None = None) -> Value:
        """Read a value: a column name, several of them, or a table of keys. Without a concept it is text."""
        if isinstance(node, str | list):
            node = {"from": node}
        if not isinstance(node, dict):
            raise DeclarationError("bad_value", where=where)
        refuse_unknown_keys(node, _VALUE_KEYS, where)
        columns = texts_at(node, "from", where)
        self._rename(node, columns, where)
        path = pattern_at(node, "path", where)
        if path is not None:
            columns = (f"{PATH}{path}", *columns)
        if bool(columns) == ("constant" in node):
            raise DeclarationError("bad_value", where=where)
        self._refuse_keys_of_other_types(node, where, concept)
        value = Value(
            columns=columns,
            join=text_at(node, "join", where, Value.join),
            constant=text_at(node, "constant", where) if "constant" in node else None,
            pattern=pattern_at(node, "pattern", where),
            formats=self._formats(node, where),
            values=self._codes(node, where, concept),
            codelist=text_at(node, "codelist", where) or None,
            optional=flag_at(node, "optional", where),
            valid_from=date_at(node, "valid_from", where),
            valid_to=date_at(node, "valid_to", where),
            similarity=_similarity(node, where, concept),
            after=_after(node, where, concept),
        )
        if concept is not None and value.constant is not None:
            self._check_constant(value, where, concept)
        if concept is not None and value.pattern is None and len(columns) == 1:
            self._taken.append((columns[0], value, concept))
        return value

    def check_rows(self, rows: Mapping[str, Mapping[str, Value]], where: str) -> None:
        """Check the constants of rows that the extract does not write, as those that the record itself is read from.

        Raises
        ------
        DeclarationError
            If one would be unreadable in every row.
        """
        faults = Faults()
        for name, columns in rows.items():
            for column, value, concept in self._taken:
                constant = columns[column].constant if column in columns else None
                if constant is not None:
                    with faults.gathered():
                        place = f"{where[:-1]}.{name}] {column}"
                        self._check_constant(replace(value, constant=constant), place, concept)
        faults.tell()

    def _rename(self, node: dict[str, Any], columns: tuple[str, ...], where: str) -> None:
        """Note former names: those of the one column, or a table of them by the present name of each."""
        names = node.get("renamed_from", {})
        if not isinstance(names, dict):
            if len(columns) != 1:
                raise DeclarationError("renamed_several", where=where)
            names = {columns[0]: names}
        for present in names:
            if present not in columns:
                raise DeclarationError(
                    "renamed_unknown", where=where, name=present, suggestion=suggest(present, columns)
                )
            for former in texts_at(names, present, where):
                if self.renamed.setdefault(former, present) != present:
                    raise DeclarationError("renamed_twice", where=where, name=former)

    def _refuse_keys_of_other_types(self, node: dict[str, Any], where: str, concept: Concept | None) -> None:
        is_code = concept is not None and concept.codelist is not None
        is_date = concept is not None and concept.type in _DATES
        for key in ("values", "codelist"):
            if key in node and not is_code:
                raise DeclarationError("key_of_codes", where=where, key=key)
        if "format" in node and not is_date:
            raise DeclarationError("key_of_dates", where=where, key="format")

    def _formats(self, node: dict[str, Any], where: str) -> tuple[str, ...]:
        declared = texts_at(node, "format", where)
        formats = tuple(whole_format(written) for written in declared)
        for written, whole in zip(declared, formats, strict=True):
            for key, wrong in (
                ("bad_date_format", check_date_format(whole)),
                ("date_part_twice", repeated_part(whole)),
            ):
                if wrong:
                    raise DeclarationError(
                        key, where=where, format=written, part=wrong, suggestion=spelt_format(written)
                    )
        return (*formats, *TYPED_FORMATS) if self.typed else formats

    def _codes(self, node: dict[str, Any], where: str, concept: Concept | None) -> dict[str, str]:
        """Read the value map; every code that it leads to must be in the code list, or be empty."""
        written = table_at(node, "values", where)
        listed = text_at(node, "codelist", where)
        if "codelist" in node and listed not in self.schema.codelist_names:
            nearest = suggest(listed, self.schema.codelist_names)
            raise DeclarationError("unknown_codelist", where=where, name=listed, suggestion=nearest)
        of_places = concept is not None and concept.name == PLACE[0]
        if listed and of_places and PLACE[1] not in self.schema.codelist(listed).columns:
            raise DeclarationError("codelist_of_places", where=where, codelist=listed, column=PLACE[1])
        values = {raw: text_at(written, raw, f"{where} values") for raw in written}
        if values and concept is not None:
            name = text_at(node, "codelist", where) or concept.codelist or ""
            known = self.schema.codelist(name)["code"].to_list()
            faults = Faults()
            for raw, code in values.items():
                with faults.gathered():
                    if code and code not in known:
                        raise DeclarationError(
                            "unknown_code", where=f"{where} values.{raw}",
                            code=code, codelist=name, suggestion=self._code_of(code, name) or suggest(code, known),
                        )  # fmt: skip
            faults.tell()
        return values

    def _code_of(self, text: str, codelist: str) -> str | None:
        """Return the code that a word stands for: whoever maps a value to "entrada" means ``arrival``."""
        code = match_codes(pl.Series([text]), self.schema.codelist(codelist))["code"].item()
        return None if code is None else str(code)

    def _check_constant(self, value: Value, where: str, concept: Concept) -> None:
        """Refuse a constant that would be unreadable in every row."""
        text = pl.Series([value.constant], dtype=pl.String)
        if concept.codelist:
            name = value.codelist or concept.codelist
            codelist = self.schema.codelist(name)
            if match_codes(text, codelist, extra=value.values)["how"].item() in ("unknown", None):
                raise DeclarationError(
                    "unknown_code", where=where, code=value.constant, codelist=name,
                    suggestion=suggest(value.constant or "", codelist["code"].to_list()),
                )  # fmt: skip
        elif concept.type in _DATES:
            read = (
                read_dates(text, value.formats or DEFAULT_DATES)["date"]
                if concept.type == "date"
                else read_datetimes(text, value.formats or DEFAULT_DATETIMES)["datetime"]
            )
            if read.item() is None:
                raise DeclarationError("constant_no_date", where=where, value=value.constant)

    def person(self, role: str, node: dict[str, Any], where: str) -> Person:
        """Read a person: name, values, documents."""
        columns = self.schema.tables["identity"].columns
        concepts = {key: columns[column].concept for key, column in PERSON_VALUES.items()}
        refuse_unknown_keys(node, ("name", "document", "documents", *PERSON_VALUES), where, concepts)
        if not isinstance(node.get("name", {}), dict) or "layout" not in node.get("name", {"layout": ""}):
            raise DeclarationError("name_without_layout", where=where, known=", ".join(NAME_LAYOUTS))
        name = table_at(node, "name", where)
        layout = self._layout(name, f"{where} name") if "name" in node else None
        parts = {key: value for key, value in name.items() if key != "layout"}
        documents = tables_at(node, "documents", where)
        if "document" in node:
            one = node["document"]
            documents = [
                {"number": one} if isinstance(one, str) else table_at(node, "document", where),
                *documents,
            ]
        faults = Faults()
        with faults.gathered():
            if len(documents) > MAX_DOCUMENTS:
                raise DeclarationError("too_many_documents", where=where, limit=MAX_DOCUMENTS)
            if not parts and not documents:
                raise DeclarationError("nobody_named", where=where)
        name_parts, values, read = {}, {}, []
        for key, value in parts.items():
            with faults.gathered():
                name_parts[key] = self.value(value, f"{where} name.{key}")
        for key in (key for key in node if key in PERSON_VALUES):
            with faults.gathered():
                column = PERSON_VALUES[key]
                values[column] = self.value(node[key], f"{where} {key}", columns[column].concept)
        for document in documents:
            with faults.gathered():
                read.append(self.document(document, f"{where} document"))
        faults.tell()
        return Person(role, layout, name_parts, values, tuple(read))

    def _layout(self, name: dict[str, Any], where: str) -> str:
        layout = text_at(name, "layout", where)
        if layout not in NAME_LAYOUTS:
            raise DeclarationError(
                "unknown_layout",
                where=where,
                name=layout,
                suggestion=suggest(layout, NAME_LAYOUTS),
                known=", ".join(NAME_LAYOUTS),
            )
        parts = [key for key in name if key != "layout"]
        refuse_unknown_keys(parts, NAME_LAYOUTS[layout], where)
        if "surnames" in parts and {"surname_1", "surname_2"} & set(parts):
            raise DeclarationError("surnames_twice", where=where)
        # What no name can be read without: all of it in one column, or given names and a surname.
        needed = (
            ("full",) if "full" in parts or "given" not in NAME_LAYOUTS[layout] else ("given", "surname_1")
        )
        for key in needed:
            if key not in parts and not (key == "surname_1" and "surnames" in parts):
                raise DeclarationError("missing_key", where=where, key=key)
        return layout

    def document(self, node: dict[str, Any], where: str) -> Document:
        """Read a document: its number, and its kind and issuer where they are told."""
        refuse_unknown_keys(node, tuple(DOCUMENT_PARTS), where)
        if "number" not in node:
            raise DeclarationError("missing_key", where=where, key="number")
        columns = self.schema.tables["identity"].columns
        return Document(
            **{
                key: self.value(value, f"{where} {key}", columns[DOCUMENT_PARTS[key]].concept)
                for key, value in node.items()
            }
        )


def _similarity(node: Mapping[str, Any], where: str, concept: Concept | None) -> float | None:
    """Read how like a municipality's name must be to be taken for one of the list."""
    if "similarity" not in node:
        return None
    if concept is None or concept.name != PLACE[0]:
        raise DeclarationError("key_of_places", where=where, key="similarity")
    least = node["similarity"]
    if not isinstance(least, int | float) or isinstance(least, bool) or not 0 < least <= 100:
        raise DeclarationError("bad_similarity", where=where, value=least)
    return float(least)


def _after(node: Mapping[str, Any], where: str, concept: Concept | None) -> tuple[str, str] | None:
    """Read after which date's column, and counted in what, a date lies of which only the distance is told."""
    for key, unit in (("months_after", "mo"), ("days_after", "d")):
        if key in node:
            if concept is None or concept.type != "date":
                raise DeclarationError("key_of_dates", where=where, key=key)
            return text_at(node, key, where), unit
    return None
