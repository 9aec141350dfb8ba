"""The one catalogue of user-facing texts, in Spanish and English.

The texts stand side by side in ``messages.toml`` and not in compiled gettext files: a statistician can
mend a wording in an editor, a translation cannot lag unseen, and nothing needs compiling.
"""

from __future__ import annotations

import os
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGES = ("es", "en")


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Return every message: dotted key to its text per language."""
    tree = tomllib.loads((files("register.locale") / "messages.toml").read_text("utf-8"))
    flat: dict[str, dict[str, str]] = {}

    def walk(prefix: str, node: dict[str, Any]) -> None:
        if set(node) == set(LANGUAGES):
            flat[prefix] = node
            return
        for key, child in node.items():
            walk(f"{prefix}.{key}" if prefix else key, child)

    walk("", tree)
    return flat


def translate(key: str, language: str, /, **values: object) -> str:
    """Return a message in a language with its values filled in.

    Raises
    ------
    KeyError
        If the catalogue lacks the key: a defect of the program, caught by the tests.
    """
    return catalogue()[key][language].format(**values)


def default_language() -> str:
    """Return the language of the environment: Spanish unless the locale says English."""
    for name in ("REGISTER_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "").lower()
        if value[:2] in LANGUAGES:
            return value[:2]
    return "es"
