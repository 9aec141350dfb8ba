"""Counts what names teach: how often a word is a given name or a surname, and how many surnames people have."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from register.ingest.name_bind import bind
from register.ingest.name_text import clean

KNOWN_SCHEMA = pl.Schema({"token": pl.String, "n_given": pl.Int64, "n_surname": pl.Int64})
HABIT_SCHEMA = pl.Schema({"citizenship_code": pl.String, "n_one": pl.Int64, "n_two": pl.Int64})

_SMOOTHING = 0.5


def learn_name_frequencies(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Count how often each word is a given name and how often a surname.

    Parameters
    ----------
    frames
        Standardised names (given_name, surname_1, surname_2) from sources that keep given names
        and surnames in columns of their own; one row per distinct name.

    Returns
    -------
    pl.DataFrame
        Grain: one word or bound surname ("DE LA CRUZ"). Columns: token, n_given, n_surname.
        Tables learnt apart can be added up by passing them through :func:`add_name_frequencies`.
    """
    return add_name_frequencies(_count_tokens(frame) for frame in frames)


def add_name_frequencies(tables: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Add up tables made by :func:`learn_name_frequencies`, sorted by token."""
    together = pl.concat([pl.DataFrame(schema=KNOWN_SCHEMA), *tables])
    return together.group_by("token").agg(pl.col("n_given", "n_surname").sum()).sort("token")


def _count_tokens(frame: pl.DataFrame) -> pl.DataFrame:
    given = frame.select(token=pl.col("given_name").str.split(" ").explode(empty_as_null=True))
    surname = pl.concat([frame.select(token=column) for column in ("surname_1", "surname_2")])
    surname = surname.select(token=bind(pl.col("token")).str.split(" ").explode(empty_as_null=True))
    counted = [
        part.drop_nulls()
        .select(token=pl.col("token").str.replace_all("_", " "))
        .group_by("token")
        .len()
        .select("token", n_given=pl.col("len") * given_weight, n_surname=pl.col("len") * (1 - given_weight))
        for part, given_weight in ((given, 1), (surname, 0))
    ]
    return pl.concat(counted).group_by("token").agg(pl.col("n_given", "n_surname").sum().cast(pl.Int64))


def learn_outer_words(names: pl.Series, *, surnames_first: bool) -> pl.DataFrame:
    """Count the first and the last words of full names: one is a given name, the other a surname.

    Parameters
    ----------
    names
        Distinct full names as written. Of "SURNAMES, GIVEN" the comma tells nothing that the order does not.
    surnames_first
        Whether the first word is the surname.

    Returns
    -------
    pl.DataFrame
        As of :func:`learn_name_frequencies`.
    """
    units = bind(clean(pl.col("name")).str.replace_all(",", " ")).str.strip_chars().str.split(" ")
    ends = (
        names.alias("name")
        .to_frame()
        .select(units=units)
        .filter(pl.col("units").list.len() > 1)
        .select(first=pl.col("units").list.first(), last=pl.col("units").list.last())
    )
    given, surname = ("last", "first") if surnames_first else ("first", "last")
    counted = [
        ends.select(token=pl.col(column).str.replace_all("_", " "))
        .group_by("token")
        .agg(n_given=pl.len().cast(pl.Int64) * weight, n_surname=pl.len().cast(pl.Int64) * (1 - weight))
        for column, weight in ((given, 1), (surname, 0))
    ]
    return add_name_frequencies(counted)


def surname_odds(known: pl.DataFrame | None) -> pl.DataFrame:
    """Return token and odds: the log-odds that a word of a name is a surname, smoothed."""
    if known is None or known.is_empty():
        return pl.DataFrame(schema={"token": pl.String, "odds": pl.Float64})
    as_surname, as_given = (pl.col(column) + _SMOOTHING for column in ("n_surname", "n_given"))
    return known.select(
        "token", odds=(as_surname / as_surname.sum()).log() - (as_given / as_given.sum()).log()
    )


def learn_surname_habits(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Count, by citizenship, how many people have one surname and how many have two.

    Parameters
    ----------
    frames
        Standardised names with citizenship_code, surname_1 and surname_2, from sources that keep given
        names and surnames in columns of their own; one row per distinct person.

    Returns
    -------
    pl.DataFrame
        Grain: one citizenship. Columns: citizenship_code, n_one, n_two.
    """
    has_two = pl.col("surname_2").is_not_null()
    counted = (
        frame.filter(pl.col("citizenship_code").is_not_null() & pl.col("surname_1").is_not_null())
        .group_by("citizenship_code")
        .agg(n_one=(~has_two).sum().cast(pl.Int64), n_two=has_two.sum().cast(pl.Int64))
        for frame in frames
    )
    return add_surname_habits(counted)


def add_surname_habits(tables: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Add up tables made by :func:`learn_surname_habits`, sorted by citizenship."""
    together = pl.concat([pl.DataFrame(schema=HABIT_SCHEMA), *tables])
    return together.group_by("citizenship_code").agg(pl.col("n_one", "n_two").sum()).sort("citizenship_code")


def habit_odds(habits: pl.DataFrame) -> pl.DataFrame:
    """Return citizenship_code and habit: the log-odds of two surnames over one, drawn to the default."""
    # Ten people of the default habit are added to each citizenship.
    two, one = pl.col("n_two") + 9.0, pl.col("n_one") + 1.0
    return habits.select("citizenship_code", habit=(two / one).log())
