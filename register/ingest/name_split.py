"""Where a name in one column divides into given name and surnames."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import log

import polars as pl

from register.ingest import name_words as words

KNOWN_SCHEMA = pl.Schema({"token": pl.String, "n_given": pl.Int64, "n_surname": pl.Int64})

# Log-odds of two surnames over one before the words themselves are looked at, for names of three
# words (GIVEN SURNAME SURNAME against GIVEN GIVEN SURNAME) and of more; and of three over two.
_PRIOR_THREE_WORDS = log(0.85 / 0.15)
_PRIOR_MORE_WORDS = log(0.95 / 0.05)
_PRIOR_THIRD_SURNAME = log(0.02 / 0.98)
# A split less sure than nine to one is doubtful.
_SURE = log(9.0)
_PARTICLE_ODDS = log(20.0)
_SMOOTHING = 0.5


def bind(text: pl.Expr) -> pl.Expr:
    """Tie particles and compound surnames into one unit with "_": "DE LA CRUZ" is "DE_LA_CRUZ"."""
    compounds = {name: name.replace(" ", "_") for name in words.COMPOUND_SURNAMES}
    particles = "|".join((*words.PARTICLES, words.SAINTS))
    santas = "|".join(words.SANTA_SURNAMES)
    return (
        text.str.replace_many(list(compounds), list(compounds.values()))
        .str.replace_all(rf"\b({particles})\b ", "${1}_")
        .str.replace_all(rf"\bSANTA ({santas})\b", "SANTA_${1}")
    )


def bind_compound_given(bound: pl.Expr, *, doubtful: bool) -> pl.Expr:
    """Tie "MARIA DEL_CARMEN" into one unit when words remain for the surnames.

    With `doubtful`, also endings that are surnames as well ("JUAN DE_LA_CRUZ"), which then need
    two more words.
    """
    heads, tails = "|".join(words.COMPOUND_GIVEN_HEADS), _bound_alternatives(words.COMPOUND_GIVEN_TAILS)
    tied = bound.str.replace(rf"\b({heads}) ({tails}) ([A-Z])", "${1}_${2} ${3}")
    if doubtful:
        tails = _bound_alternatives(words.COMPOUND_GIVEN_DOUBTFUL_TAILS)
        tied = tied.str.replace(rf"^({heads}) ({tails}) ([A-Z_\-]+ [A-Z])", "${1}_${2} ${3}")
    return tied


def _bound_alternatives(phrases: Iterable[str]) -> str:
    """Return a pattern of phrases as :func:`bind` leaves them."""
    particles = {*words.PARTICLES, words.SAINTS}
    bound = (
        "".join(f"{word}{'_' if word in particles else ' '}" for word in phrase.split()) for phrase in phrases
    )
    return "|".join(phrase.rstrip() for phrase in bound)


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


def surname_odds(known: pl.DataFrame | None) -> pl.DataFrame:
    """Return token and odds: the log-odds that a word of a name is a surname, smoothed."""
    if known is None or known.is_empty():
        return pl.DataFrame(schema={"token": pl.String, "odds": pl.Float64})
    as_surname, as_given = (pl.col(column) + _SMOOTHING for column in ("n_surname", "n_given"))
    return known.select(
        "token", odds=(as_surname / as_surname.sum()).log() - (as_given / as_given.sum()).log()
    )


def split_full_name(
    frame: pl.DataFrame,
    known: pl.DataFrame | None,
    *,
    surnames_first: bool,
    true_de: Sequence[str] = words.TRUE_DE,
) -> pl.DataFrame:
    """Divide a cleaned full name into given names and surnames.

    A name of two words divides in the middle; a longer one has two surnames unless the words
    themselves say otherwise: the score of one, two or three surnames is a prior plus the log-odds
    of each word that would become a surname (naive Bayes over the frequencies in `known`).

    Parameters
    ----------
    frame
        Distinct values with a column `full`, cleaned text without a comma.
    known
        Table of :func:`learn_name_frequencies`, or None.
    true_de
        The X of which "DE X" is a surname and not a husband's.
    surnames_first
        True for "SURNAMES GIVEN", False for "GIVEN SURNAMES".

    Returns
    -------
    pl.DataFrame
        `frame` with given, surnames, spouse (of "ANA LOPEZ DE GARCIA" and "ANA LOPEZ VDA DE GARCIA", null
        where the surnames stand first), is_single (a single word, taken as surname as ICAO 9303 takes
        an undivided name) and is_uncertain (the split is less sure than nine to one).
    """
    bound = bind(pl.col("full"))
    if not surnames_first:
        # A given name comes first: "DU HANG", "LE MINH NGUYEN".
        bound = bound.str.replace(rf"^({'|'.join(words.PARTICLES)})_", "${1} ")
    bound = bound.str.replace_all("([A-Z]) Y ([A-Z])", "${1}_Y_${2}")
    units = bind_compound_given(bound, doubtful=not surnames_first)
    if surnames_first:
        # Read from the right, a compound given name has nothing after it to tell it by.
        heads, tails = "|".join(words.COMPOUND_GIVEN_HEADS), _bound_alternatives(words.COMPOUND_GIVEN_TAILS)
        units = units.str.replace(rf" ({heads}) ({tails})$", " ${1}_${2}")
    units = units.str.split(" ")
    work = frame.with_columns(_units=units, spouse=pl.lit(None, pl.String))
    if not surnames_first:
        work = _set_spouse_apart(work, true_de)
    outward = pl.col("_units") if surnames_first else pl.col("_units").list.reverse()
    work = work.with_columns(
        _n=pl.col("_units").list.len(),
        _second=outward.list.get(1, null_on_oob=True),
        _third=outward.list.get(2, null_on_oob=True),
    )
    odds = surname_odds(known)
    for place in ("_second", "_third"):
        work = _with_odds(work, place, odds)
    n = pl.col("_n")
    # "MARIA DEL CARMEN" shows two given names in one unit.
    n_words = n + pl.col("_units").list.first().str.contains("[A-Z]_[A-Z]").cast(pl.Int8)
    prior = pl.when(n_words <= 3).then(_PRIOR_THREE_WORDS).otherwise(_PRIOR_MORE_WORDS)
    two = pl.when(n >= 3).then(prior + pl.col("_second_odds")).otherwise(-99.0)
    three = pl.when(n >= 4).then(two + _PRIOR_THIRD_SURNAME + pl.col("_third_odds")).otherwise(-99.0)
    work = work.with_columns(_two=two, _three=three)
    best = pl.max_horizontal(pl.lit(0.0), "_two", "_three")
    runner_up = pl.concat_list(pl.lit(0.0), "_two", "_three").list.sort(descending=True).list.get(1)
    n_surname = (
        pl.when(n <= 2)
        .then(1)
        .when(best == pl.col("_three"))
        .then(3)
        .when(best == pl.col("_two"))
        .then(2)
        .otherwise(1)
    )
    work = work.with_columns(
        _k=n_surname, is_single=n == 1, is_uncertain=(n >= 3) & (best - runner_up < _SURE)
    )
    if surnames_first:
        surnames, given = pl.col("_units").list.head(pl.col("_k")), pl.col("_units").list.slice(pl.col("_k"))
    else:
        surnames, given = (
            pl.col("_units").list.tail(pl.col("_k")),
            pl.col("_units").list.head(pl.col("_n") - pl.col("_k")),
        )
    given_text = given.list.join(" ").str.replace_all("_", " ")
    return work.with_columns(
        given=pl.when(given_text != "").then(given_text),
        surnames=surnames.list.join(" ").str.replace_all("_", " "),
    ).select(*frame.columns, "given", "surnames", "spouse", "is_single", "is_uncertain")


def _set_spouse_apart(work: pl.DataFrame, true_de: Sequence[str]) -> pl.DataFrame:
    """Take "DE GARCIA" off the end of a name that has a given name and a surname before it."""
    last = pl.col("_units").list.last()
    is_spouse = (
        (pl.col("_units").list.len() >= 3)
        & last.str.contains("^DE_[A-Z]+$")
        & ~last.str.strip_prefix("DE_").is_in(list(true_de))
    ).fill_null(False)
    return work.with_columns(
        spouse=pl.when(is_spouse).then(last.str.strip_prefix("DE_")),
        _units=pl.when(is_spouse)
        .then(pl.col("_units").list.head(pl.col("_units").list.len() - 1))
        .otherwise(pl.col("_units")),
    )


def _with_odds(work: pl.DataFrame, place: str, odds: pl.DataFrame) -> pl.DataFrame:
    """Add the log-odds of the unit in `place`; an unknown word with a particle leans to surname."""
    joined = work.with_columns(_token=pl.col(place).str.replace_all("_", " ")).join(
        odds, left_on="_token", right_on="token", how="left", maintain_order="left"
    )
    particle = pl.when(pl.col(place).str.contains("_")).then(_PARTICLE_ODDS).otherwise(0.0)
    return joined.with_columns(pl.col("odds").fill_null(particle).alias(f"{place}_odds")).drop(
        "_token", "odds"
    )
