"""What can be said about a standardised name, and the frame operations that say it.

While a name is being worked on, ``_is_<flag>`` columns hold what was found so far.
"""

from __future__ import annotations

import polars as pl

NAME_FLAGS: tuple[str, ...] = (
    *("placeholder", "mojibake_repaired", "unreadable_character", "digits", "non_latin", "title", "suffix"),
    *("married_name", "surnames_split", "surnames_ambiguous", "surname_shifted", "no_surname", "no_given"),
    *("single_name", "comma_missing", "order_by_comma", "split_uncertain", "truncated"),
)
"""Codes of `name_flags`, in the order in which they are joined by ";"."""

DOUBT: tuple[str, ...] = (
    *("surnames_ambiguous", "single_name", "comma_missing", "split_uncertain", "unreadable_character"),
    "truncated",
)
"""The flags that make `name_doubt`: which word is what, or what a word is, is not certain."""


def flag(work: pl.DataFrame, **conditions: pl.Expr) -> pl.DataFrame:
    """Add boolean columns named after flags, or widen those that exist already; null is false."""
    widened = (
        condition.fill_null(False) | pl.col(f"_is_{name}")
        if f"_is_{name}" in work.columns
        else condition.fill_null(False)
        for name, condition in conditions.items()
    )
    return work.with_columns(
        condition.alias(f"_is_{name}") for name, condition in zip(conditions, widened, strict=True)
    )


def join_flags(work: pl.DataFrame) -> pl.DataFrame:
    """Turn the boolean columns into name_doubt and name_flags."""
    present = [name for name in NAME_FLAGS if f"_is_{name}" in work.columns]
    joined = pl.concat_str(
        (pl.when(pl.col(f"_is_{name}")).then(pl.lit(name)) for name in present),
        separator=";",
        ignore_nulls=True,
    )
    doubtful = pl.any_horizontal(f"_is_{name}" for name in DOUBT if name in present)
    return work.with_columns(name_doubt=doubtful, name_flags=joined.replace("", None))


def add_per_distinct(work: pl.DataFrame, source: str, **derived: pl.Expr) -> pl.DataFrame:
    """Compute expressions of one text column once per distinct value of it."""
    return put_back(work, source, work.select(source).unique().with_columns(**derived))


def put_back(work: pl.DataFrame, source: str | list[str], distinct: pl.DataFrame) -> pl.DataFrame:
    """Join what was computed per distinct value of a column, or of several, back to the rows."""
    return work.join(distinct, on=source, how="left", nulls_equal=True, maintain_order="left")
