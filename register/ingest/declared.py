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
    try:
        found = re.compile(pattern).groups
        pl.Series([""]).str.contains(pattern)
    except (re.error, pl.exceptions.ComputeError) as error:
        lines = str(error).strip().splitlines()
        reason = next((line for line in lines if line.startswith("error: ")), lines[0]).removeprefix(
            "error: "
        )
        raise DeclarationError("bad_pattern", where=where, key=key, reason=reason) from error
    if found < groups:
        raise DeclarationError("bad_pattern", where=where, key=key, reason="(...)")
    return pattern
