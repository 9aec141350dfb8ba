"""The one catalogue of user-facing texts, in Spanish and English.

The texts stand side by side in TOML (``messages.toml`` for what every part shares, one file beside it for each large
part) and not in compiled gettext files: a statistician can mend a wording in an editor, a translation cannot lag
unseen, and nothing needs compiling.
"""

from __future__ import annotations

import os
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from register.locale.numbers import Share, percent

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


def translate(key: str, language: str, /, **values: object) -> str:
    """Return a message in a language with its values filled in, shares in per cent as the language writes them.

    Raises
    ------
    KeyError
        If the catalogue lacks the key: a defect of the program, caught by the tests.
    """
    written = {
        name: percent(value.value, value.digits, language) if isinstance(value, Share) else value
        for name, value in values.items()
    }
    return catalogue()[key][language].format(**written)


def default_language() -> str:
    """Return the language of the environment: Spanish unless the locale says English."""
    for name in ("REGISTER_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "").lower()
        if value[:2] in LANGUAGES:
            return value[:2]
    return "es"
