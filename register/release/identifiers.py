"""The last gate: no file of a release may hold an identifier of a person or a record.

Every word of every file (workbooks and archives unpacked) is compared with the ids, document numbers and full
names of the run. Words of the code lists are known to be harmless: departments and countries are called like
people.
"""

from __future__ import annotations

import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl

from register.concepts import RECORDS
from register.engine import Engine
from register.errors import DisclosureError

LEAST_LENGTH = 6
WORD = re.compile(r"[A-Z0-9][A-Z0-9_-]{2,}")
COLUMNS = (
    *(("person", "person_id"), ("event", "event_id"), ("identity", "identity_id")),
    *(("identity", "document_number"), ("identity", "document_2_number")),
    *((table, column) for table in RECORDS
      for column in ("record_id", "record_key")),
)  # fmt: skip


def check_files(engine: Engine, folder: Path, harmless: set[str]) -> None:
    """Stop if a file holds an identifier.

    Parameters
    ----------
    engine
        With the tables of the run.
    folder
        Holds the files, at any depth.
    harmless
        Labels of the code lists.

    Raises
    ------
    DisclosureError
        Naming the file and the kind of identifier, never the identifier.
    """
    known = {name for label in harmless for name in _names(_plain(label))}
    words: dict[str, str] = {}
    names: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        for text in _texts(path) if path.is_file() else ():
            plain = _plain(text)
            words |= {word: path.name for word in WORD.findall(plain) if len(word) >= LEAST_LENGTH}
            names |= dict.fromkeys(_names(plain) - known, path.name)
    # One pass over each column for all files together: the records are many, the words few.
    kind, found = _found(engine, words, names)
    if kind:
        raise DisclosureError("identifier_in_file", where=words.get(found) or names[found], kind=kind)


def _texts(path: Path) -> Iterator[str]:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                yield archive.read(name).decode("utf-8", "ignore")
    else:
        yield path.read_text("utf-8", "ignore")


def _plain(text: str) -> str:
    spelled = unicodedata.normalize("NFD", text.upper())
    return "".join(letter for letter in spelled if not unicodedata.combining(letter))


def _names(plain: str) -> set[str]:
    """Return every three words in a row: a given name and two surnames."""
    words = re.findall(r"[A-Z]{2,}", plain)
    return {" ".join(words[i : i + 3]) for i in range(len(words) - 2)}


def _found(engine: Engine, words: Iterable[str], names: Iterable[str]) -> tuple[str, str]:
    """Return the kind of the first identifier found among the words, and the word."""
    for view, texts in (("word", words), ("full_name", names)):
        engine.con.register(
            view, pl.DataFrame({"text": sorted(texts)}, schema={"text": pl.String}).to_arrow()
        )
    for table, column in COLUMNS:
        # A number below ten million may be a count.
        query = (
            f"select text from word where (length(text) >= 8 or not regexp_full_match(text, '[0-9]+')) "
            f"and text in (select upper({column}) from {table}) limit 1"
        )
        found = engine.rows(query) if engine.has(table) else []
        if found:
            return column, str(found[0][0])
    query = (
        "select text from full_name where text in (select concat_ws(' ', given_1, surname_1, surname_2) "
        "from identity where surname_2 is not null) limit 1"
    )
    found = engine.rows(query) if engine.has("identity") else []
    return ("name", str(found[0][0])) if found else ("", "")
