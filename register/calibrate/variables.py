"""What a column means: codes mapped to codes, ages cut into bands. One grammar for the survey and for the register.

[variables.nationality]
from    = "P3373S3"                  # the column; a variable not declared is the column of its own name
values  = { VEN = "VEN", COL = "COL" }
other   = "OTHER"                    # every code that `values` does not name
missing = "COL"                      # cells without a value

[variables.age_group]
from   = "EDAD"
breaks = [0, 15, 30, 45, 60]         # 0-14, 15-29, 30-44, 45-59, 60+
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import polars as pl

from register.errors import DeclarationError, ExtractError
from register.schema import refuse_unknown_keys

KEYS = ("from", "values", "breaks", "other", "missing")
WHOLE = 2**53


@dataclass(frozen=True)
class Variable:
    """A variable made of a column: codes as text, null where the column says nothing.

    Attributes
    ----------
    source
        The column.
    values
        Code of the column to code of the variable; empty where codes stay as they are.
    breaks
        Lower ends of the bands of a number; empty where it is not cut.
    other, missing
        Code of what ``values`` or ``breaks`` do not name, and of cells without a value.
    """

    name: str
    source: str
    values: Mapping[str, str]
    breaks: tuple[float, ...] = ()
    other: str | None = None
    missing: str | None = None

    def codes(self, column: pl.Series, where: str) -> pl.Series:
        """Return the code of each cell.

        Raises
        ------
        ExtractError
            If a cell holds a code, or a number, that the declaration has no place for.
        """
        coded = as_codes(column)
        if self.breaks:
            number = as_numbers(column, where)
            below = pl.Series(self.breaks).search_sorted(number.fill_null(self.breaks[0]), side="right")
            bands = pl.Series([None, *band_labels(self.breaks)], dtype=pl.String)
            result = bands.gather(below).set(number.is_null(), None)
            stray = number.is_not_null() & result.is_null()
        elif self.values:
            result = coded.replace_strict(self.values, default=None, return_dtype=pl.String)
            stray = coded.is_not_null() & result.is_null()
        else:
            result, stray = coded, pl.Series([False] * len(coded), dtype=pl.Boolean)
        if stray.any():
            if self.other is None:
                code = coded.filter(stray)[0]
                raise ExtractError(
                    "code_not_mapped", where=where, column=self.source, name=self.name, code=code
                )
            result = pl.select(pl.when(stray).then(pl.lit(self.other)).otherwise(result)).to_series()
        if self.missing is not None:
            result = pl.select(
                pl.when(coded.is_null()).then(pl.lit(self.missing)).otherwise(result)
            ).to_series()
        return result.alias(self.name)


def read_variables(node: Mapping[str, Any], where: str) -> dict[str, Variable]:
    """Return the variables that a section declares.

    Raises
    ------
    DeclarationError
        If a key is unknown or its value of the wrong kind.
    """
    found = {}
    for name, given in node.items():
        place = f"{where}.{name}]"
        if not isinstance(given, dict):
            raise DeclarationError("not_a_section", where=place, key=name)
        refuse_unknown_keys(given, KEYS, place)
        values, breaks = given.get("values", {}), given.get("breaks", [])
        if not isinstance(values, dict):
            raise DeclarationError("not_a_section", where=place, key="values")
        rising = isinstance(breaks, list) and all(isinstance(one, int | float) for one in breaks)
        if not rising or breaks != sorted(set(breaks)):
            raise DeclarationError("bad_breaks", where=place)
        found[name] = Variable(
            name=name,
            source=str(given.get("from", name)),
            values={str(code): str(value) for code, value in values.items()},
            breaks=tuple(map(float, breaks)),
            other=None if "other" not in given else str(given["other"]),
            missing=None if "missing" not in given else str(given["missing"]),
        )
    return found


def band_labels(breaks: tuple[float, ...]) -> list[str]:
    """Return the codes of bands: ``0-14``, ``15-29``, ``60+``."""
    return [*(f"{a:g}-{b - 1:g}" for a, b in pairwise(breaks)), f"{breaks[-1]:g}+"]


def as_codes(column: pl.Series) -> pl.Series:
    """Return cells as texts without blanks around them: 1.0 of a statistical package is "1", an empty cell nothing."""
    if column.dtype.is_float():
        whole = column.is_null().all() or bool((column.drop_nulls() % 1 == 0).all())
        column = column.fill_nan(None)
        column = column.cast(pl.Int64) if whole and column.abs().max() is not None else column
    if column.dtype == pl.Boolean:
        column = column.cast(pl.Int8)
    text = column.cast(pl.String).str.strip_chars()
    return text.replace("", None)


def as_numbers(column: pl.Series, where: str) -> pl.Series:
    """Return cells as numbers; a decimal comma is read as such.

    Raises
    ------
    ExtractError
        If a cell is none.
    """
    if column.dtype == pl.String:
        text = column.str.strip_chars().replace("", None)
        number = text.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
        if (number.is_null() & text.is_not_null()).any():
            raise ExtractError("not_numeric", where=where, column=column.name)
        return number
    return column.cast(pl.Float64).fill_nan(None)
