"""Tidy one column of a name at a time: what is no name goes, and why it went is flagged.

The working columns are ``_given``, ``_s1`` and ``_s2`` (cleaned texts of the given name and the two surname
columns) and ``_spouse`` (a married name already found).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from register.ingest import name_words as words
from register.ingest.name_bind import bind
from register.ingest.name_flags import add_per_distinct, flag, put_back
from register.ingest.name_text import has_word

_TITLES = rf"^(?:(?:{'|'.join((*words.TITLES, *words.SUFFIXES))})\b[ ,]*)+([A-Z])"
_NEVER_SURNAMES = "|".join(words.SUFFIXES)
_SUFFIX_AT_END = rf"(?: (?:{'|'.join(words.SURNAME_SUFFIXES)}))+$|-(?:{'|'.join(words.SURNAME_SUFFIXES)})\b"

# A surname without any of these words, and without hyphens, is what it is.
_SPECIAL = sorted({
    *words.PARTICLES, words.SAINTS, "SANTA", *words.SURNAME_SUFFIXES, *words.SURNAME_ABBREVIATIONS,
    *words.PLACEHOLDERS, *words.WIDOW_WORDS, *("Y", "E", "V", "O", "D"),
})  # fmt: skip
# The same of a given name.
_SPECIAL_GIVEN = sorted({
    *words.TITLES, *words.SUFFIXES, *words.PLACEHOLDERS, *words.PLACEHOLDER_WORDS.split("|"),
    *words.GIVEN_ABBREVIATIONS,
})  # fmt: skip


def without_titles(text: pl.Expr) -> pl.Expr:
    """Take titles off the front of a name, and suffixes that strayed there: "DRA ANA" is "ANA"."""
    return text.str.replace(_TITLES, "${1}")


def without_placeholders(work: pl.DataFrame, column: str) -> pl.DataFrame:
    """Null cells that say there is no name, and take such words out of longer cells."""
    text = pl.col(column)
    spaced = text.str.replace_all("[,-]+", " ").str.strip_chars()
    whole = spaced.is_in(words.PLACEHOLDERS) | spaced.str.contains(
        rf"^(?:{words.PLACEHOLDER_WORDS}|X+)$|{words.UNNAMED_CHILD}"
    )
    inner = rf"(?:^|[ ,\-]+)(?:{words.PLACEHOLDER_WORDS})\b"
    partly = text.str.contains(inner)
    rest = pl.when(partly).then(text.str.replace_all(inner, "").str.strip_chars(" -")).otherwise(text)
    work = add_per_distinct(
        work, column, _rest=pl.when(~whole & (rest != "")).then(rest), _gone=whole | partly
    )
    work = flag(work.with_columns(pl.col("_rest").alias(column)), placeholder=pl.col("_gone"))
    return work.drop("_rest", "_gone")


def tidy_given(work: pl.DataFrame) -> pl.DataFrame:
    """Make given_name of ``_given``."""
    distinct = work.select("_given").unique().drop_nulls()
    special = pl.col("_given").str.contains("[,-]|XX") | has_word(pl.col("_given"), _SPECIAL_GIVEN)
    parts = _given_parts(distinct.filter(special))
    ordinary = distinct.filter(~special).select("_given", given_name="_given")
    work = put_back(work, "_given", pl.concat([parts, ordinary], how="diagonal"))
    work = flag(
        work, title=pl.col("_titled"), suffix=pl.col("_suffixed"), placeholder=pl.col("_given_emptied")
    )
    return work.drop("_titled", "_suffixed", "_given_emptied")


def _given_parts(distinct: pl.DataFrame) -> pl.DataFrame:
    """Add given_name and marks to distinct values of ``_given``, step by step."""
    spaced = pl.col("_given").str.replace_all("[,-]+", " ").str.strip_chars()
    work = without_placeholders(distinct.with_columns(_text=spaced), "_text")
    text = pl.col("_text")
    untitled = without_titles(text)
    bare = untitled.str.replace(rf"(?: (?:{_NEVER_SURNAMES}))+$", "")
    long = bare
    for short, full in words.GIVEN_ABBREVIATIONS.items():
        # Only beside another word: MA alone is a name in its own right.
        long = long.str.replace(rf"^{short} ", f"{full} ").str.replace(rf" {short}$", f" {full}")
    # What a title stood before may be no name: "DR X".
    is_nothing = long.is_in(words.PLACEHOLDERS)
    return work.select(
        "_given",
        pl.when(~is_nothing).then(long).alias("given_name"),
        (untitled != text).alias("_titled"),
        (bare != untitled).alias("_suffixed"),
        (pl.col("_is_placeholder") | is_nothing.fill_null(value=False)).alias("_given_emptied"),
    )


def tidy_surnames(work: pl.DataFrame, true_de: Sequence[str], conjunction: str) -> pl.DataFrame:
    """Make of ``_s1`` and ``_s2`` bound units (``_s1_units``, ``_s2_units``) and set married_name apart.

    Parameters
    ----------
    true_de
        The X of which "DE X" is a surname and not a husband's.
    conjunction
        Pattern of the word that joins two surnames: Y, in Portuguese also E.
    """
    for column in ("_s1", "_s2"):
        # A hyphen is a word of its own until its neighbours are known.
        apart = (
            pl.col(column).str.replace_all(",", " ").str.replace_all("-", " - ").str.replace_all(" +", " ")
        )
        work = work.with_columns(apart.str.strip_chars(" -").alias(column))
        work = without_placeholders(work, column)
        distinct = work.select(column).unique().drop_nulls()
        special = pl.col(column).str.contains("-") | has_word(pl.col(column), _SPECIAL)
        parts = _surname_parts(distinct.filter(special), column, true_de, conjunction)
        ordinary = distinct.filter(~special).select(column, pl.col(column).alias(f"{column}_units"))
        work = put_back(work, column, pl.concat([parts, ordinary], how="diagonal"))
        work = flag(
            work,
            suffix=pl.col(f"{column}_suffix"),
            placeholder=pl.col(f"{column}_emptied"),
            surnames_split=pl.col(f"{column}_joined") & (pl.lit(column == "_s1") & pl.col("_s2").is_null()),
        )
    married = (
        pl.coalesce("_spouse", "_s2_married", "_s1_married")
        .str.replace_all("[ _-]+", " ")
        .str.strip_chars(" ")
    )
    return flag(work.with_columns(married_name=married), married_name=married.is_not_null())


def true_de(known: pl.DataFrame | None) -> tuple[str, ...]:
    """Return the X of "DE X" that are surnames in their own right, by list and by frequency."""
    if known is None:
        return words.TRUE_DE
    learnt = known.filter(pl.col("token").str.contains("^DE [A-Z]+$") & (pl.col("n_surname") >= 3))
    return (*words.TRUE_DE, *learnt["token"].str.slice(3).to_list())


def _surname_parts(
    distinct: pl.DataFrame, column: str, true_de: Sequence[str], conjunction: str
) -> pl.DataFrame:
    """Add units, married name and marks to the distinct values of a surname column, step by step."""
    distinct = distinct.with_columns(_bare=_without_suffix_words(pl.col(column)))
    # A word among others may still say that there is none: "PEREZ X", "PEREZ SIN APELLIDO".
    distinct = distinct.with_columns(
        _named=_replace_words(pl.col("_bare"), dict.fromkeys(words.PLACEHOLDERS, ""))
    )
    distinct = distinct.with_columns(_long=_replace_words(pl.col("_named"), words.SURNAME_ABBREVIATIONS))
    distinct = distinct.with_columns(_long=_only_joining_hyphens(pl.col("_long")))
    # "LOPEZ VDA DE ROJAS": what stands before the announcement, and the husband's name after it.
    widow = rf"^(?:(.*?)[ -])?{words.WIDOW}[ -](.+)$"
    announced = pl.col("_long").str.contains(widow)
    own = pl.when(announced).then(pl.col("_long").str.extract(widow, 1)).otherwise("_long")
    distinct = distinct.with_columns(
        _bound=bind(_join_apostrophes(own)),
        _widow_of=pl.col("_long").str.extract(widow, 2),
    )
    # Bound by now, so that "DE NETO" keeps what its particle belongs to.
    distinct = distinct.with_columns(_name=pl.col("_bound").str.replace_all(_SUFFIX_AT_END, ""))
    # A second surname may be nothing but "DE X"; a first surname keeps at least one word.
    de = r"^(?:(.*) )?DE_([A-Z]+)$" if column == "_s2" else r"^(.+) DE_([A-Z]+)$"
    spouse = pl.col("_name").str.extract(de, 2)
    distinct = distinct.with_columns(_spouse_of=pl.when(~spouse.is_in(list(true_de))).then(spouse))
    is_wife = pl.col("_spouse_of").is_not_null()
    own = pl.when(is_wife).then(pl.col("_name").str.extract(de, 1)).otherwise("_name")
    distinct = distinct.with_columns(_own=own.str.replace_all(_SUFFIX_AT_END, ""))
    by_word, by_hyphen = rf"^([^ ]{{2,}}) {conjunction} ([^ ]{{2,}})$", r"^([^ \-]{2,})-([^ ]{2,})$"
    units = (
        pl.col("_own")
        .str.replace(by_word, "${1} ${2}")
        .str.replace(by_hyphen, "${1} ${2}")
        .str.replace_all(rf"([A-Z]{{2}}) {conjunction} ([A-Z]{{2}})", "${1}_${2}")
        .str.replace_all("-", "_")
    )
    suffixed = pl.col("_bare").ne_missing(pl.col(column)) | (pl.col("_name") != pl.col("_bound"))
    return distinct.select(
        column,
        units.replace("", None).alias(f"{column}_units"),
        pl.coalesce("_widow_of", "_spouse_of").alias(f"{column}_married"),
        suffixed.alias(f"{column}_suffix"),
        pl.col("_named").ne_missing(pl.col("_bare")).alias(f"{column}_emptied"),
        pl.col("_own").str.contains(f"{by_word}|{by_hyphen}").alias(f"{column}_joined"),
    )


def _only_joining_hyphens(text: pl.Expr) -> pl.Expr:
    """Keep a hyphen between two words and drop any other, also beside a particle or a single letter."""
    particles = "|".join(words.PARTICLES)
    return (
        text.str.replace_all("(?: -)+ ", "-")
        .str.strip_chars(" -")
        .str.replace_all(rf"\b({particles}|[A-Z])-", "${1} ")
        .str.replace_all(rf"-({particles}|[A-Z])\b", " ${1}")
    )


def _without_suffix_words(text: pl.Expr) -> pl.Expr:
    """Drop the suffixes that are never surnames, wherever they stand."""
    return (
        text.str.replace_all(rf"(?:^|[ \-])(?:{_NEVER_SURNAMES})\b", "")
        .str.strip_chars(" -")
        .replace("", None)
    )


def _replace_words(text: pl.Expr, words_: Mapping[str, str]) -> pl.Expr:
    """Replace whole words or phrases by others, the longest first; what is left empty is null."""
    # Two spaces between words, so that neighbours do not share one.
    phrases = {f" {old.replace(' ', '  ')} ": f" {new} " for old, new in words_.items()}
    longest_first = sorted(phrases, key=len, reverse=True)
    spaced = " " + text.str.replace_all(" ", "  ") + " "
    replaced = spaced.str.replace_many(longest_first, [phrases[old] for old in longest_first], leftmost=True)
    return replaced.str.replace_all(" +", " ").str.strip_chars(" -").replace("", None)


def _join_apostrophes(text: pl.Expr) -> pl.Expr:
    """Join what an apostrophe or a habit sets apart: "O BRIEN", "D ANGELO", "MC DONALD"."""
    prefix = "(MC|MAC|O|D)[ -]"
    # A row of them is joined at once, so that joining again changes nothing.
    detached = rf"\b{prefix}(?:{prefix})?(?:{prefix})?(?:{prefix})?([A-Z]{{3,}})"
    return text.str.replace_all(detached, "${1}${2}${3}${4}${5}")
