"""Tells whom a record names from places that nobody stands in."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from register.ingest import name_words as words
from register.ingest.name_memory import RAW_NAMES
from register.ingest.person_documents import NUMBERS
from register.ingest.text import fold_text
from register.ingest.values import take_behind

_NO_NAME = "|".join(sorted((*words.PLACEHOLDERS, words.PLACEHOLDER_WORDS, "X+"), key=len, reverse=True))


def says_no_name(folded: pl.Expr) -> pl.Expr:
    """Say whether folded text is nothing but placeholders: "NO REGISTRA", "NN NN"."""
    return folded.str.contains(rf"^(?:(?:{_NO_NAME})(?: |$))+$")


def is_somebody(bundle: pl.DataFrame) -> pl.Series:
    """Say which rows name somebody: by a document, by a name, or by what stands for a name beside a day of birth.

    "SIN PADRE" is nobody, whose sex the declaration knows all the same; "HIJO DE" beside the day of birth is a child.
    """

    def any_of(names: Iterable[str]) -> pl.Expr:
        return pl.any_horizontal(
            pl.lit(value=False), *(pl.col(name).is_not_null() for name in names if name in bundle.columns)
        )

    is_told = any_of(NUMBERS) | (any_of(RAW_NAMES) & any_of(("birth_date",)))
    told = bundle.select(is_told.alias("told")).to_series()
    names = [name for name in RAW_NAMES if name in bundle.columns]
    if told.all() or not names:
        return told
    # Few are left whose names must be looked at.
    unnamed = [says_no_name(fold_text(pl.col(name))).fill_null(value=True) for name in names]
    named = bundle.filter(~told).select(told=~pl.all_horizontal(unnamed)).to_series()
    return pl.concat([told, named])[take_behind(~told)]
