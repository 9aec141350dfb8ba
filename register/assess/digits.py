"""Check digits of documents: of national identity numbers, and of the machine-readable zone of a passport."""

from __future__ import annotations

import polars as pl

from register.assess.cells import Mark, variables_of
from register.ingest.check_digits import NATIONAL_ID_RULES, mrz_check_digit
from register.ingest.documents import NATIONAL_ID
from register.ingest.source import Person

#: The second line of a passport's machine-readable zone: number, birth and expiry each have a digit behind them.
MRZ_LINE = "^[A-Z0-9<]{9}[0-9][A-Z<]{3}[0-9]{6}[0-9][MFX<][0-9]{6}[0-9]"
MRZ_NUMBER = "^[A-Z0-9<]{8}<[0-9]$"
MRZ_FIELDS = {"number": (0, 9), "birth": (13, 6), "expiry": (21, 6)}


def digit_marks(person: Person, rows: pl.DataFrame, own: pl.DataFrame) -> list[Mark]:
    """Mark document numbers whose check digit is right or wrong, where there is a rule for it."""
    marks: list[Mark] = []
    national = (own["kind"] == NATIONAL_ID).fill_null(value=False)
    issuers = own["issuer"].filter(national).drop_nulls().unique().sort() if national.any() else ()
    for issuer in issuers:
        if issuer not in NATIONAL_ID_RULES:
            continue
        mine = national & (own["issuer"] == issuer).fill_null(value=False)
        numbers = own.filter(mine).select(pl.col("number").drop_nulls().unique())
        held = numbers.with_columns(NATIONAL_ID_RULES[issuer](pl.col("number")).alias("holds"))
        for mark, wanted in (("digit_right", True), ("digit_wrong", False)):
            found = held.filter(pl.col("holds") == wanted)["number"]
            is_one = mine & own["number"].is_in(found.implode()).fill_null(value=False)
            variable = variables_of((f"{NATIONAL_ID}.{issuer}",), person.role)[0]
            marks.append((variable, mark, is_one.arg_true()))
    for header in {header for document in person.documents for header in document.number.headers}:
        if header in rows.columns:
            marks += mrz_marks(rows[header])
    return marks


def mrz_marks(text: pl.Series) -> list[Mark]:
    """Mark machine-readable fields whose ICAO 9303 digit is right or wrong: a passport's second line, or its number.

    A number by itself is known for one only by its fillers: ten characters of which the ninth is ``<``.
    """
    work = text.str.strip_chars().alias("text").to_frame()
    is_line = work["text"].str.contains(MRZ_LINE).fill_null(value=False)
    is_number = work["text"].str.contains(MRZ_NUMBER).fill_null(value=False)
    marks: list[Mark] = []
    for name, (start, length) in MRZ_FIELDS.items():
        concerned = is_line | is_number if name == "number" else is_line
        if not concerned.any():
            continue
        field, digit = pl.col("text").str.slice(start, length), pl.col("text").str.slice(start + length, 1)
        holds = work.select(
            (mrz_check_digit(field, max_length=length).cast(pl.String) == digit).fill_null(value=False)
        ).to_series()
        marks.append((f"mrz.{name}", "digit_right", (concerned & holds).arg_true()))
        marks.append((f"mrz.{name}", "digit_wrong", (concerned & ~holds).arg_true()))
    return marks
