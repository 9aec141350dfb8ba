"""Where a name in one column divides into given name and surnames."""

from __future__ import annotations

from collections.abc import Sequence
from math import log

import polars as pl

from register.ingest import name_words as words
from register.ingest.name_bind import bind, bind_compound_given, bound_alternatives
from register.ingest.name_counts import surname_odds
from register.ingest.name_text import has_word

# Log-odds of two surnames over one where nothing is known of the country.
DEFAULT_HABIT = log(0.9 / 0.1)
# One given name is half as usual as two, and two are five times as usual as three: log-odds that a name of
# three words, or of more, gets from how many given names each way of dividing it would leave.
_ONE_GIVEN_OVER_TWO, _TWO_GIVEN_OVER_THREE = log(0.5), log(5.0)
_THIRD_SURNAME = log(0.02 / 0.98)
# A split less sure than nine to one is doubtful.
_SURE = log(9.0)
_PARTICLE_ODDS = log(20.0)


def split_full_name(
    frame: pl.DataFrame,
    known: pl.DataFrame | None,
    *,
    surnames_first: bool,
    true_de: Sequence[str] = words.TRUE_DE,
) -> pl.DataFrame:
    """Divide a cleaned full name into given names and surnames.

    A name of two words divides in the middle. For a longer one the ways to divide it are scored: the
    log-odds of two surnames in the person's country, those of the number of given names that would be
    left, and those of each word that would become a surname (naive Bayes over the frequencies in `known`).

    Parameters
    ----------
    frame
        Distinct values with columns full (cleaned text without a comma) and habit (log-odds of two
        surnames over one, null where unknown).
    known
        Table of :func:`learn_name_frequencies`, or None.
    surnames_first
        True for "SURNAMES GIVEN", False for "GIVEN SURNAMES".
    true_de
        The X of which "DE X" is a surname and not a husband's.

    Returns
    -------
    pl.DataFrame
        `frame` with given, surnames, spouse (of "ANA LOPEZ DE GARCIA", null where the surnames stand
        first), is_single (a single word, taken as surname as ICAO 9303 takes an undivided name) and
        is_uncertain (the division is less sure than nine to one).
    """
    special = has_word(
        pl.col("full"), (*words.PARTICLES, words.SAINTS, "SANTA", "Y", *words.SURNAME_SUFFIXES)
    )
    bound = frame.filter(special).with_columns(_bound=_bound_text(surnames_first=surnames_first))
    bound = bound.with_columns(_bound=_compounds_tied(surnames_first=surnames_first))
    work = pl.concat([bound, frame.filter(~special).with_columns(_bound="full")])
    work = work.with_columns(_units=pl.col("_bound").str.split(" "), spouse=pl.lit(None, pl.String))
    if not surnames_first:
        work = _set_spouse_apart(work, true_de)
    work = work.with_columns(_n=pl.col("_units").list.len())
    work = _score(work, known, outermost=0 if surnames_first else -1)
    n, n_surname, units = pl.col("_n"), pl.col("_n_surname"), pl.col("_units")
    if surnames_first:
        surnames, given = units.list.head(n_surname), units.list.slice(n_surname)
    else:
        surnames, given = units.list.tail(n_surname), units.list.head(n - n_surname)
    return work.with_columns(
        given=given.list.join(" ").str.replace_all("_", " ").replace("", None),
        surnames=surnames.list.join(" ").str.replace_all("_", " "),
        is_single=n == 1,
    ).select(*frame.columns, "given", "surnames", "spouse", "is_single", "is_uncertain")


def _bound_text(*, surnames_first: bool) -> pl.Expr:
    """Bind the particles of a full name."""
    bound = bind(pl.col("full"))
    if not surnames_first:
        # A given name comes first: "DU HANG", "LE MINH NGUYEN".
        bound = bound.str.replace(rf"^({'|'.join(words.PARTICLES)})_", "${1} ")
        # "JOAO DA SILVA PEREIRA JUNIOR" has no surname more than his father.
        bound = bound.str.replace(rf"^(\S+ \S.*) ({'|'.join(words.SURNAME_SUFFIXES)})$", "${1}_${2}")
    return bound.str.replace_all("([A-Z]) Y ([A-Z])", "${1}_Y_${2}")


def _compounds_tied(*, surnames_first: bool) -> pl.Expr:
    """Tie the compound given names of a bound full name."""
    tied = bind_compound_given(pl.col("_bound"), doubtful=not surnames_first)
    if not surnames_first:
        return tied
    # Read from the right, a compound given name has nothing after it to tell it by.
    heads, tails = "|".join(words.COMPOUND_GIVEN_HEADS), bound_alternatives(words.COMPOUND_GIVEN_TAILS)
    return tied.str.replace(rf" ({heads}) ({tails})$", " ${1}_${2}")


def _score(work: pl.DataFrame, known: pl.DataFrame | None, *, outermost: int) -> pl.DataFrame:
    """Add _n_surname, one to three, and is_uncertain.

    `outermost` is the place of the word that is a surname in any case: the first (0) or the last (-1).
    """
    step = 1 if outermost == 0 else -1
    places = {"_second": outermost + step, "_third": outermost + 2 * step}
    work = work.with_columns(
        pl.col("_units").list.get(place, null_on_oob=True).alias(name) for name, place in places.items()
    )
    odds = surname_odds(known)
    for name in places:
        work = _with_odds(work, name, odds)
    n = pl.col("_n")
    # "MARIA DEL CARMEN" shows two given names in one unit.
    n_words = n + pl.col("_units").list.first().str.contains("[A-Z]_[A-Z]").cast(pl.Int8)
    given_left = pl.when(n_words <= 3).then(_ONE_GIVEN_OVER_TWO).otherwise(_TWO_GIVEN_OVER_THREE)
    prior = pl.col("habit").fill_null(DEFAULT_HABIT) + given_left
    impossible = pl.lit(-99.0)
    work = work.with_columns(_two=pl.when(n >= 3).then(prior + pl.col("_second_odds")).otherwise(impossible))
    with_third = pl.col("_two") + _THIRD_SURNAME + pl.col("_third_odds")
    work = work.with_columns(_three=pl.when(n >= 4).then(with_third).otherwise(impossible))
    best = pl.max_horizontal(pl.lit(0.0), "_two", "_three")
    worst = pl.min_horizontal(pl.lit(0.0), "_two", "_three")
    runner_up = pl.col("_two") + pl.col("_three") - best - worst
    n_surname = pl.when(best == pl.col("_three")).then(3).when(best == pl.col("_two")).then(2).otherwise(1)
    return work.with_columns(
        _n_surname=pl.when(n <= 2).then(1).otherwise(n_surname),
        is_uncertain=(n >= 3) & (best - runner_up < _SURE),
    )


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
