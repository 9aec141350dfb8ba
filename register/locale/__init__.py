"""The one catalogue of user-facing texts, in Spanish and English.

The texts stand side by side in TOML (``messages.toml`` for what every part shares, one file beside it for each large
part) and not in compiled gettext files: a statistician can mend a wording in an editor, a translation cannot lag
unseen, and nothing needs compiling.
"""

from __future__ import annotations

import os
import string
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from register.locale.numbers import Figure, Figures, Share, number

LANGUAGES = ("es", "en")


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Return every message: dotted key to its text per language.

    Raises
    ------
    ValueError
        If two files hold the same key: a defect of the program, caught by the tests.
    """
    flat: dict[str, dict[str, str]] = {}

    def walk(prefix: str, node: dict[str, Any]) -> None:
        if set(node) == set(LANGUAGES):
            if prefix in flat:
                raise ValueError(f"the message {prefix} stands in two files")
            flat[prefix] = node
            return
        for key, child in node.items():
            walk(f"{prefix}.{key}" if prefix else key, child)

    for file in sorted(files("register.locale").iterdir(), key=lambda file: file.name):
        if file.name.endswith(".toml"):
            walk("", tomllib.loads(file.read_text("utf-8")))
    return flat


class _Wording(string.Formatter):
    """Fills in values, and with ``{count:row|rows}`` the word that goes with a number: the first one with 1."""

    def format_field(self, value: object, format_spec: str) -> str:
        one, either, many = format_spec.partition("|")
        if not either:
            return str(super().format_field(value, format_spec))
        return one if str(value) == "1" else many


_WORDING = _Wording()


def translate(key: str, language: str, /, **values: object) -> str:
    """Return a message in a language with its values filled in, numbers of its own kinds as the language writes them.

    The value of ``{count:row|rows}`` may be a number or one written already; a number with a word is a count, and is
    written as one. Other whole numbers (a year, a line) stay as they are.

    Raises
    ------
    KeyError
        If the catalogue lacks the key: a defect of the program, caught by the tests.
    """
    text = catalogue()[key][language]
    counts = {name for _, name, word, _ in string.Formatter().parse(text) if word}
    written = {
        name: value.written(language)
        if isinstance(value, (Share, Figure, Figures))
        else number(value, language)
        if name in counts and isinstance(value, int)
        else value
        for name, value in values.items()
    }
    return _WORDING.format(text, **written)


def default_language() -> str:
    """Return the language of the environment: Spanish unless the locale says English."""
    for name in ("REGISTER_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "").lower()
        if value[:2] in LANGUAGES:
            return value[:2]
    return "es"
