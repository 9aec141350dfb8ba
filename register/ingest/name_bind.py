"""Ties the words of a name that are one unit: particles, compound surnames, compound given names."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from register.ingest import name_words as words


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
    heads, tails = "|".join(words.COMPOUND_GIVEN_HEADS), bound_alternatives(words.COMPOUND_GIVEN_TAILS)
    tied = bound.str.replace(rf"\b({heads}) ({tails}) ([A-Z])", "${1}_${2} ${3}")
    if doubtful:
        tails = bound_alternatives(words.COMPOUND_GIVEN_DOUBTFUL_TAILS)
        tied = tied.str.replace(rf"^({heads}) ({tails}) ([A-Z_\-]+ [A-Z])", "${1}_${2} ${3}")
    return tied


def bound_alternatives(phrases: Iterable[str]) -> str:
    """Return a pattern of phrases as :func:`bind` leaves them."""
    particles = {*words.PARTICLES, words.SAINTS}
    bound = (
        "".join(f"{word}{'_' if word in particles else ' '}" for word in phrase.split()) for phrase in phrases
    )
    return "|".join(phrase.rstrip() for phrase in bound)
