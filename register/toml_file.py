"""Reads the TOML of declarations, and tells in words what keeps a file from being read."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from register.errors import DeclarationError

# What the parser says, by how it begins, and the message that says it to whoever wrote the file.
_SAID = {
    "Unescaped '\\'": "toml_backslash",
    "Invalid hex value": "toml_backslash",
    "Illegal character": "toml_quote",
    "Unterminated string": "toml_quote",
    'Expected "\'"': "toml_quote",
    "Expected '\"": "toml_quote",
    "Expected '=' after": "toml_equals",
    "Invalid statement": "toml_equals",
    "Invalid value": "toml_value",
    "Expected newline or end of document": "toml_rest",
    "Unclosed": "toml_bracket",
    "Expected ']'": "toml_bracket",
    "Cannot declare": "toml_twice",
    "Cannot overwrite": "toml_twice",
    "Cannot mutate": "toml_twice",
    "Cannot redefine": "toml_twice",
    "Duplicate": "toml_twice",
}
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file, with or without the mark that some editors put before UTF-8.

    Raises
    ------
    DeclarationError
        If the file is missing, cannot be read, or is not TOML: with the line, what is wrong there and how to mend it.
    """
    try:
        written = path.read_bytes()
    except FileNotFoundError as error:
        raise DeclarationError("file_missing", where=str(path)) from error
    except PermissionError:
        raise
    except OSError as error:
        # A folder of that name, or a link that leads nowhere.
        raise DeclarationError("declaration_no_file", where=str(path)) from error
    try:
        return tomllib.loads(written.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = written.count(b"\n", 0, error.start) + 1
        raise DeclarationError("toml_encoding", where=_at(path, line)) from error
    except tomllib.TOMLDecodeError as error:
        reason = str(error)
        place = _PLACE.search(reason)
        line = int(place[1]) if place and place[1] else len(written.splitlines())
        key = next((key for begin, key in _SAID.items() if reason.startswith(begin)), "toml_syntax")
        raise DeclarationError(key, where=_at(path, line), reason=_PLACE.sub("", reason)) from error


def _at(path: Path, line: int) -> str:
    return f"{path}:{line}"
