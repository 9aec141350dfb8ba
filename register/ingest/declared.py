"""Reads the plain values of a declaration, each of the type that it must have.

TOML has types, and a person forgets quotes or adds them. What is of another type is refused with file and key.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from register.errors import DeclarationError


def text_at(node: Mapping[str, Any], key: str, where: str, default: str = "") -> str:
    """Return the text at a key."""
    value = node.get(key, default)
    if not isinstance(value, str):
        raise DeclarationError("not_a_text", where=where, key=key)
    return value


def texts_at(node: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    """Return the texts at a key: one, or a list of them; none if absent."""
    value = node.get(key, [])
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(text, str) and text for text in listed):
        raise DeclarationError("not_texts", where=where, key=key)
    return tuple(listed)


def flag_at(node: Mapping[str, Any], key: str, where: str, *, default: bool = False) -> bool:
    """Return the truth value at a key."""
    value = node.get(key, default)
    if not isinstance(value, bool):
        raise DeclarationError("not_true_or_false", where=where, key=key)
    return value


def count_at(node: Mapping[str, Any], key: str, where: str, default: int = 0) -> int:
    """Return the whole number at a key, not negative."""
    value = node.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise DeclarationError("not_a_count", where=where, key=key)
    return value


def tables_at(node: Mapping[str, Any], key: str, where: str) -> list[dict[str, Any]]:
    """Return the list of tables at a key, empty if absent."""
    value = node.get(key, [])
    if not isinstance(value, list) or not all(isinstance(table, dict) for table in value):
        raise DeclarationError("not_tables", where=where, key=key)
    return value


def date_at(node: Mapping[str, Any], key: str, where: str) -> dt.date | None:
    """Return the date at a key, null if absent."""
    value = node.get(key)
    if value is not None and type(value) is not dt.date:
        raise DeclarationError("bad_date_setting", where=where, key=key)
    return value


def pattern_at(node: Mapping[str, Any], key: str, where: str, groups: int = 1) -> str | None:
    """Return the regular expression at a key, null if absent; it must have as many groups, or more.

    Patterns are looked for with Polars, whose engine knows neither look-around nor back references.
    """
    import polars as pl

    if key not in node:
        return None
    pattern = text_at(node, key, where)
    groups_found = compiled(pattern, key, where).groups
    try:
        pl.Series([""]).str.contains(pattern)
    except pl.exceptions.ComputeError as error:
        said = [
            line.removeprefix("error: ") for line in str(error).splitlines() if line.startswith("error: ")
        ]
        reason = said[0] if said else type(error).__name__
        is_known = reason.startswith(("look-around", "backreferences"))
        told = "pattern_look_around" if is_known else "bad_pattern"
        raise DeclarationError(told, where=where, key=key, reason=reason) from error
    if groups_found < groups:
        raise DeclarationError("pattern_without_group", where=where, key=key)
    return pattern


# What is wrong with an expression, by what Python says of it, and the message that says it.
_PATTERN_FAULTS = {
    "unterminated": "pattern_open",
    "missing )": "pattern_open",
    "unbalanced": "pattern_open",
    "nothing to repeat": "pattern_repeat",
    "multiple repeat": "pattern_repeat",
    "look-behind": "pattern_look_around",
}


def compiled(pattern: str, key: str, where: str) -> re.Pattern[str]:
    """Return a regular expression; one that is none is told with what is wrong in it."""
    try:
        return re.compile(pattern)
    except re.error as error:
        told = next((told for said, told in _PATTERN_FAULTS.items() if said in error.msg), "bad_pattern")
        raise DeclarationError(told, where=where, key=key, reason=error.msg) from error
