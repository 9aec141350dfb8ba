"""Standardise names: any layout of an extract in, given name, surnames and keys out.

READ FIRST: :func:`standardise_names` is the flow. The steps stand in :mod:`register.ingest.name_layouts`
(what the extract has), :mod:`register.ingest.name_split` (where a one-column name divides, by what
:mod:`register.ingest.name_counts` counted) and
:mod:`register.ingest.name_parts` (particles, married names, suffixes); the words they know in
:mod:`register.ingest.name_words`; cleaning and phonetic key in :mod:`register.ingest.name_text`.
"""

from __future__ import annotations

import polars as pl

from register.ingest import name_words as words
from register.ingest.name_counts import (
    add_name_frequencies,
    habit_odds,
    learn_name_frequencies,
    learn_surname_habits,
)
from register.ingest.name_flags import DOUBT, NAME_FLAGS, add_per_distinct, flag, join_flags
from register.ingest.name_layouts import read_columns, read_full_name, read_mrz
from register.ingest.name_parts import tidy_given, tidy_surnames, true_de
from register.ingest.name_text import phonetic_key

__all__ = [
    "DOUBT",
    "LAYOUTS",
    "NAME_FLAGS",
    "add_name_frequencies",
    "learn_name_frequencies",
    "learn_surname_habits",
    "standardise_names",
]

_THREE_COLUMNS = ("given_name_raw", "surname_1_raw", "surname_2_raw")
_TWO_COLUMNS = ("given_name_raw", "surname_1_raw")
_ONE_COLUMN = ("full_name_raw",)

LAYOUTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "separate": (_THREE_COLUMNS, _TWO_COLUMNS),
    "surnames_given": (_ONE_COLUMN,),
    "given_surnames": (_ONE_COLUMN,),
    "mrz": (_ONE_COLUMN,),
    "portuguese": (_THREE_COLUMNS, _TWO_COLUMNS, _ONE_COLUMN),
}
"""Layouts and the input columns that each accepts, the first that is complete being used."""

_OUTPUT = (
    *("given_name", "surname_1", "surname_2", "given_1", "given_2", "married_name"),
    *("given_key", "surname_1_key", "surname_2_key", "name_doubt", "name_flags"),
)


def standardise_names(
    raw: pl.DataFrame, layout: str, known: pl.DataFrame | None = None, habits: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Standardise distinct raw names.

    Parameters
    ----------
    raw
        Grain: one distinct raw name. Text columns by layout: ``separate`` has given_name_raw,
        surname_1_raw and surname_2_raw, or, when all surnames stand in one column, given_name_raw and
        surname_1_raw; ``surnames_given`` has full_name_raw as "SURNAMES, GIVEN" (the comma may be
        missing); ``given_surnames`` has full_name_raw as "GIVEN SURNAMES"; ``mrz`` has full_name_raw
        as in a machine-readable zone; ``portuguese`` has any of these, in written order. Further
        columns are kept.
    layout
        One of :data:`LAYOUTS`.
    known
        Frequencies of words as given names and as surnames, from :func:`learn_name_frequencies`;
        they decide where a name in one column divides, and whether "DE X" is a surname.

    habits
        Numbers of people with one and with two surnames by citizenship, from
        :func:`learn_surname_habits`; they count where `raw` has a column citizenship_code.

    Returns
    -------
    pl.DataFrame
        The input columns in the input's order, followed by given_name, surname_1, surname_2,
        given_1, given_2 (the first two words of the given name, particles left out),
        married_name, given_key, surname_1_key, surname_2_key, name_doubt and name_flags
        (codes of :data:`NAME_FLAGS` joined by ";", or null).

    Raises
    ------
    ValueError
        When the layout is unknown or its columns are missing: a defect of the caller, since
        declarations are checked before.

    Notes
    -----
    surname_1 is the father's surname by Spanish order. In the layout ``portuguese`` the last
    surname is the father's and becomes surname_1; those before it become surname_2. Sources that
    keep written order are met by the comparison level for swapped surnames. A name of one word in
    one column is a surname, as in ICAO 9303-3, 4.6; a given name in a column of its own stays one.
    """
    columns = _input_columns(raw, layout)
    out_columns = raw.columns
    work = raw.with_columns(pl.col(columns).cast(pl.String))
    work = _with_habit(work, habits)
    is_portuguese = layout == "portuguese"
    if columns != _ONE_COLUMN:
        work = read_columns(work, dict(zip(columns, ("_given", "_s1", "_s2"), strict=False)))
    elif layout == "mrz":
        work = read_mrz(work)
    else:
        work = read_full_name(work, known, surnames_first=layout == "surnames_given")
    work = tidy_given(work)
    work = tidy_surnames(work, true_de(known), "[YE]" if is_portuguese else "Y")
    work = _arrange(work, paternal_last=is_portuguese)
    work = _finish(work)
    return work.select(*out_columns, *_OUTPUT)


def _input_columns(raw: pl.DataFrame, layout: str) -> tuple[str, ...]:
    if layout not in LAYOUTS:
        raise ValueError(f"unknown name layout {layout!r}; one of {', '.join(LAYOUTS)}")
    for columns in LAYOUTS[layout]:
        if set(columns) <= set(raw.columns):
            return columns
    raise ValueError(f"name layout {layout!r} needs the columns {LAYOUTS[layout][0]}")


def _with_habit(work: pl.DataFrame, habits: pl.DataFrame | None) -> pl.DataFrame:
    """Add the log-odds of two surnames in the country of each person, null where unknown."""
    if habits is None or "citizenship_code" not in work.columns:
        return work.with_columns(habit=pl.lit(None, pl.Float64))
    return work.join(habit_odds(habits), on="citizenship_code", how="left", maintain_order="left")


def _arrange(work: pl.DataFrame, *, paternal_last: bool) -> pl.DataFrame:
    """Give each unit its place: first and second surname."""
    first, second = pl.col("_s1_units"), pl.col("_s2_units")
    work = flag(work, surname_shifted=first.is_null() & second.is_not_null())
    work = work.with_columns(
        _s1_units=pl.coalesce(first, second), _s2_units=pl.when(first.is_not_null()).then(second)
    )
    units = pl.col("_s1_units").str.split(" ")
    alone = second.is_null()
    work = work.with_columns(_n=pl.when(alone).then(units.list.len()))
    many = pl.col("_n") > 1
    if paternal_last:
        of_many, rest = units.list.last(), units.list.head(pl.col("_n") - 1)
        one, two = pl.coalesce(second, first), pl.when(~alone).then(first).otherwise(None)
    else:
        of_many, rest = units.list.first(), units.list.slice(1)
        one, two = first, second
    work = work.with_columns(
        surname_1=pl.when(many).then(of_many).otherwise(one).str.replace_all("_", " "),
        surname_2=pl.when(many).then(rest.list.join(" ")).otherwise(two).str.replace_all("_", " "),
    )
    return flag(
        work,
        surnames_ambiguous=pl.col("_n") > 2,
        surnames_split=many & pl.lit("surname_2_raw" in work.columns),
        no_surname=pl.col("surname_1").is_null() & pl.col("given_name").is_not_null(),
        no_given=pl.col("given_name").is_null() & pl.col("surname_1").is_not_null(),
    )


def _finish(work: pl.DataFrame) -> pl.DataFrame:
    """Add the words of the given name, the keys and the flags."""
    particles = "|".join(words.PARTICLES)
    own = pl.col("given_name").str.replace_all(rf"\b(?:{particles})\b +", "").str.split(" ")
    work = add_per_distinct(
        work,
        "given_name",
        given_1=own.list.get(0, null_on_oob=True),
        given_2=own.list.get(1, null_on_oob=True),
        given_key=phonetic_key(pl.col("given_name")),
    )
    for column in ("surname_1", "surname_2"):
        work = add_per_distinct(work, column, **{f"{column}_key": phonetic_key(pl.col(column))})
    return join_flags(work)
