"""Reads ``[format]`` of a source declaration: how the bytes of an extract become rows and columns."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from typing import Any

from register.errors import DeclarationError, suggest
from register.ingest.declared import count_at, flag_at, pattern_at, text_at, texts_at
from register.ingest.source import ENCODINGS, FORMATS, FixedColumn, Format
from register.ingest.stretches import CODECS
from register.schema import refuse_unknown_keys

_ANY = ("type", "nulls", "trim_decimals", "fill_down")
_LINES = ("skip_lines", "header", "header_begins", "ignored_lines", "columns")
_KEYS: Mapping[str, tuple[str, ...]] = {
    "csv": (*_ANY, *_LINES, "encoding", "delimiter", "quote", "trailing_delimiter", "short_lines"),
    "fixed": (*_ANY, *_LINES, "encoding"),
    "json": (*_ANY, "encoding", "records"),
    "parquet": _ANY,
    "xlsx": (*_ANY, *_LINES, "sheet"),
    "spss": (*_ANY, "labels"),
    "stata": (*_ANY, "labels"),
}
# Fixed columns are declared; the objects of JSON name their values themselves.
_WITHOUT_HEADER = ("fixed", "json")
_TABS = ("tab", r"\t")
_MEANT = {
    **dict.fromkeys(("excel", "xls", "xlsm", "xlsb", "ods", "calc"), "xlsx"),
    **dict.fromkeys(("txt", "tsv", "text", "texto", "delimited", "dat"), "csv"),
    **dict.fromkeys(("sav", "zsav"), "spss"),
    **dict.fromkeys(("dta",), "stata"),
    **dict.fromkeys(("ndjson", "jsonl", "geojson"), "json"),
    **dict.fromkeys(("fwf", "fixed-width", "ancho fijo"), "fixed"),
}


def read_format(node: dict[str, Any], where: str) -> Format:
    """Read and check the form of an extract.

    Raises
    ------
    DeclarationError
        Naming the key and the mend.
    """
    refuse_unknown_keys(node, dict.fromkeys(key for keys in _KEYS.values() for key in keys), where)
    kind = text_at(node, "type", where, Format.type)
    if kind not in FORMATS:
        raise DeclarationError(
            "unknown_format",
            where=where,
            name=kind,
            suggestion=_MEANT.get(kind.lower()) or suggest(kind, FORMATS),
            known=", ".join(FORMATS),
        )
    for key in node:
        if key not in _KEYS[kind]:
            raise DeclarationError("key_of_other_format", where=where, key=key, format=kind)
    encodings = tuple(map(_encoding, _one_or_several(node, "encoding", where, "utf-8")))
    for encoding in encodings or ("",):
        if encoding not in ENCODINGS:
            raise DeclarationError(
                "unknown_encoding", where=where, name=encoding,
                suggestion=suggest(encoding, ENCODINGS), known=", ".join(ENCODINGS),
            )  # fmt: skip
    one_byte = [encoding for encoding in encodings if not encoding.startswith("utf")]
    if len(one_byte) > 1:
        raise DeclarationError("encodings_alike", where=where, first=one_byte[0], second=one_byte[1])
    delimiters = _one_or_several(node, "delimiter", where, ",")
    delimiters = tuple("\t" if delimiter.lower() in _TABS else delimiter for delimiter in delimiters)
    quote = text_at(node, "quote", where, Format.quote)
    if len(quote.encode()) > 1 or quote in ("\n", "\r", "\0"):
        raise DeclarationError("bad_quote", where=where, name=quote)
    for delimiter in delimiters or ("",):
        if not delimiter or {"\n", "\r", "\0", quote} & {*delimiter}:
            raise DeclarationError("bad_delimiter", where=where, name=delimiter)
    fixed = _fixed_columns(node, where) if kind == "fixed" else ()
    columns = tuple(column.name for column in fixed) if fixed else texts_at(node, "columns", where)
    has_header = flag_at(node, "header", where, default=kind not in _WITHOUT_HEADER and not columns)
    if (kind == "fixed" or not has_header) and kind != "json" and not columns:
        raise DeclarationError("missing_key", where=where, key="columns")
    if has_header and columns and kind != "fixed":
        raise DeclarationError("columns_beside_header", where=where)
    for name in columns:
        if columns.count(name) > 1:
            raise DeclarationError("column_repeated", where=where, name=name)
    return Format(
        type=kind,
        delimiters=delimiters,
        encodings=encodings,
        quote="" if kind in _WITHOUT_HEADER else quote,
        skipped_lines=count_at(node, "skip_lines", where),
        has_header=has_header,
        columns=columns,
        begins=pattern_at(node, "header_begins", where, groups=0),
        ignored_lines=pattern_at(node, "ignored_lines", where, groups=0),
        nulls=texts_at(node, "nulls", where),
        trims_decimals=flag_at(node, "trim_decimals", where),
        ends_with_delimiter=flag_at(node, "trailing_delimiter", where),
        has_short_lines=flag_at(node, "short_lines", where),
        fixed=fixed,
        sheets=texts_at(node, "sheet", where),
        has_labels=flag_at(node, "labels", where),
        records=text_at(node, "records", where),
        filled_down=texts_at(node, "fill_down", where),
    )


def _one_or_several(node: Mapping[str, Any], key: str, where: str, default: str) -> tuple[str, ...]:
    listed = isinstance(node.get(key), list)
    return texts_at(node, key, where) if listed else (text_at(node, key, where, default),)


def _encoding(name: str) -> str:
    """Return an encoding as declarations name it: "ISO-8859-1" is latin-1, "UTF8" is utf-8."""
    written = name.strip().lower()
    try:
        codec = codecs.lookup(written).name.removesuffix("-le").removesuffix("-be").removesuffix("-sig")
    except (LookupError, ValueError):
        return "windows-1252" if written == "ansi" else written
    return next((own for own, of in CODECS.items() if codecs.lookup(of).name == codec), written)


def _fixed_columns(node: Mapping[str, Any], where: str) -> tuple[FixedColumn, ...]:
    listed = node.get("columns", [])
    if not isinstance(listed, list) or not all(isinstance(column, dict) for column in listed):
        raise DeclarationError("bad_fixed_column", where=where)
    return tuple(_fixed_column(column, where) for column in listed)


def _fixed_column(node: dict[str, Any], where: str) -> FixedColumn:
    refuse_unknown_keys(node, ("name", "start", "width"), where)
    column = FixedColumn(
        text_at(node, "name", where), count_at(node, "start", where), count_at(node, "width", where)
    )
    if not column.name or column.start < 1 or column.width < 1:
        raise DeclarationError("bad_fixed_column", where=where)
    return column
