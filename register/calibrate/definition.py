"""What totals of the register count, as data tell it and as a page tells it in a language."""

from __future__ import annotations

import re

from register.locale import translate
from register.locale.numbers import decimal

_WRITTEN = re.compile(r"residents, (\d+) of (\d+) days(?:, private households \(([0-9.]+)\))?")


def written_definition(threshold: int, window: int, private_share: float) -> str:
    """Return the definition that totals of the register bear in a table, the same in every language."""
    told = f"residents, {threshold} of {window} days"
    return told + (f", private households ({private_share:g})" if private_share < 1 else "")


def told_definition(definition: str, language: str) -> str:
    """Return a definition as a page tells it; one that an office wrote stays as it is."""
    found = _WRITTEN.fullmatch(definition)
    if found is None:
        return definition
    threshold, window, share = found.groups()
    told = translate("calibrate.definition_register", language, threshold=threshold, window=window)
    if share is not None:
        shown = decimal(float(share), len(share.partition(".")[2]), language)
        told += translate("calibrate.definition_private", language, share=shown)
    return told
