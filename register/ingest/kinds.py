"""Knows by its first bytes what kind of file an extract is, whatever its name says, to tell how it can be read."""

from __future__ import annotations

import codecs
from pathlib import Path

from register.errors import ExtractError
from register.ingest.packed import Member, open_extract
from register.ingest.source import Format

# By kind the bytes with which a file of it begins.
_BEGINS: tuple[tuple[str, bytes], ...] = (
    ("zip", b"PK\x03\x04"),
    ("gzip", b"\x1f\x8b\x08"),
    ("archive", b"7z\xbc\xaf\x27\x1c"),
    ("archive", b"Rar!\x1a\x07"),
    ("archive", b"BZh"),
    ("archive", b"\xfd7zXZ\x00"),
    ("archive", b"\x28\xb5\x2f\xfd"),
    ("old_workbook", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    ("parquet", b"PAR1"),
    ("spss", b"$FL2"),
    ("spss", b"$FL3"),
    ("stata", b"<stata_dta>"),
    ("database", b"\x00\x01\x00\x00Standard"),
    ("database", b"SQLite format 3\x00"),
    ("pdf", b"%PDF-"),
    ("page", b"<!doctype html"),
    ("page", b"<html"),
    ("page", b"<table"),
    ("xml", b"<?xml"),
    ("json", b"[{"),
    ("json", b'{"'),
)
# Of these kinds any space may stand between the signs.
_SPACED = ("json",)
_UNREAD = (
    *(".7z", ".rar", ".bz2", ".xz", ".zst", ".sas7bdat"),
    *(".mdb", ".accdb", ".dbf", ".sqlite", ".pdf", ".xml"),
)
# What a workbook may be in truth: newer ones are zips, older ones have a form of their own.
_WORKBOOKS = ("zip", "old_workbook")
_BYTES = 512
_LOOKED_AT = 2**20
# So many signs that are no ASCII tell in which encoding a text is.
_SIGNS = 1_000


def is_unread(name: str) -> bool:
    """Say whether a file is by its name of a kind that no declaration can make readable."""
    return Path(name).suffix.lower() in _UNREAD


def refuse_other_kind(path: Path, member: Member, form: Format) -> None:
    """Stop where a file is plainly not of the declared format.

    Raises
    ------
    ExtractError
        Saying what it is, and what to do.
    """
    with open_extract(path, member) as stream:
        start = stream.read(_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()
    bare = b"".join(start.split())
    kind = next(
        (
            kind
            for kind, begin in _BEGINS
            if (bare if kind in _SPACED else start)[: len(begin)].lower() == begin.lower()
        ),
        None,
    )
    is_declared = kind == form.type or (form.type == "xlsx" and kind in _WORKBOOKS)
    if kind is not None and not is_declared:
        where = "/".join((str(path), *member))
        raise ExtractError(f"file_is_{kind}", where=where, format=form.type)


def find_encoding(path: Path, member: Member, form: Format) -> str:
    """Return the encoding of a text: the declared one, or of several that which its bytes fit.

    UTF-16 is known by its mark, or by its zeros; UTF-8 by signs of several bytes, which another text has by accident
    alone. Looked at is as much of the text as it takes to meet a number of them.
    """
    if len(form.encodings) == 1:
        return form.encoding
    with open_extract(path, member) as stream:
        start = stream.read(_LOOKED_AT)
        is_wide = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\x00" in start[:_BYTES]
        if is_wide and "utf-16" in form.encodings:
            return "utf-16"
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        n_lost = n_found = 0
        while start and n_lost + n_found < _SIGNS:
            text = decoder.decode(start)
            n_lost += text.count("\ufffd")
            n_found += len(text) - len(text.encode("ascii", "ignore")) - text.count("\ufffd")
            start = stream.read(_LOOKED_AT)
    of_one_byte = [encoding for encoding in form.encodings if not encoding.startswith("utf")]
    # A sign of several bytes is UTF-8, also where most lines are of the other encoding: each is then read in its own.
    is_utf8 = "utf-8" in form.encodings and (n_found > 0 or n_lost == 0 or not of_one_byte)
    return "utf-8" if is_utf8 else of_one_byte[0] if of_one_byte else form.encoding


def doubtful_encoding(path: Path, member: Member, form: Format) -> str | None:
    """Return in which encoding a text seems to be, by its beginning, where that is not the declared one."""
    if form.is_typed or len(form.encodings) > 1:
        return None
    with open_extract(path, member) as stream:
        start = stream.read(_LOOKED_AT)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\x00" in start:
        is_wide = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        return "utf-16" if is_wide and form.encoding != "utf-16" else None
    if form.encoding == "utf-16" or start.isascii():
        return None
    is_utf8 = True
    try:
        # The last sign may be cut.
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        is_utf8 = False
    if is_utf8:
        return None if form.encoding == "utf-8" else "utf-8"
    return "windows-1252" if form.encoding == "utf-8" else None
