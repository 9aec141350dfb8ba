"""Walks the folder of the extracts: every file in it and in the folders that links lead to."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path

from register.errors import ExtractError
from register.ingest.packed import is_hidden


def every_file(directory: Path) -> list[tuple[Path, str]]:
    """Return the files of a folder and those below it, each with its name from the folder on, by path.

    Hidden files are passed over. Links are followed, to files and to folders. A folder that is not there has none.

    Raises
    ------
    ExtractError
        If something is there that cannot be read as a file: a link that leads nowhere or back to where it stands, a
        pipe; or a name that is no text. Passing it over might leave out part of a delivery.
    """
    if not directory.is_dir():
        return []
    return sorted((path, path.relative_to(directory).as_posix()) for path in _below(directory, directory, ()))


def _below(folder: Path, top: Path, above: tuple[Path, ...]) -> Iterator[Path]:
    above = (*above, folder.resolve())
    for path in folder.iterdir():
        name = path.relative_to(top).as_posix()
        if is_hidden(name):
            continue
        if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in name):
            told = "".join(sign if sign.isprintable() else "?" for sign in name)
            raise ExtractError("extract_name_unreadable", where=str(top), name=told)
        if path.is_file():
            yield path
        elif path.is_dir() and path.resolve() not in above:
            yield from _below(path, top, above)
        else:
            raise ExtractError("extract_no_file", where=str(path))
