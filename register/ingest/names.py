"""Standardise names: any layout of an extract in, given name, surnames and keys out.

READ FIRST: :func:`standardise_names`. The words it knows stand in
:mod:`register.ingest.name_words`, the cleaning and the phonetic key in
:mod:`register.ingest.name_text`, the division of one-column names in
:mod:`register.ingest.name_split`.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from register.ingest import name_words as words
from register.ingest.name_split import add_name_frequencies, bind, learn_name_frequencies, split_full_name
from register.ingest.name_text import clean, phonetic_key

__all__ = ["LAYOUTS", "NAME_FLAGS", "add_name_frequencies", "learn_name_frequencies", "standardise_names"]

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

NAME_FLAGS: tuple[str, ...] = (
    *("placeholder", "mojibake_repaired", "unreadable_character", "digits", "non_latin", "title", "suffix"),
    *("married_name", "surnames_split", "surnames_ambiguous", "surname_shifted", "no_surname", "no_given"),
    *("single_name", "comma_missing", "order_by_comma", "split_uncertain", "truncated"),
)
"""What can be said about a standardised name; `name_flags` holds some of these, joined by ";"."""

DOUBT: tuple[str, ...] = (
    *("surnames_ambiguous", "single_name", "comma_missing", "split_uncertain", "unreadable_character"),
    "truncated",
)
"""The flags that make `name_doubt`: which word is what, or what a word is, is not certain."""

_OUTPUT = (
    *("given_name", "surname_1", "surname_2", "given_1", "given_2", "married_name"),
    *("given_key", "surname_1_key", "surname_2_key", "name_doubt", "name_flags"),
)
# ICAO 9303: the name field of the machine-readable zone of cards, of older visas and of passports.
_MRZ_NAME_LENGTHS = (30, 31, 39)


def standardise_names(raw: pl.DataFrame, layout: str, known: pl.DataFrame | None = None) -> pl.DataFrame:
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
    work = _from_full(work, layout, known) if columns == _ONE_COLUMN else _from_columns(work, columns)
    work = _tidy_given(work)
    work = _tidy_surnames(work, known, "[YE]" if layout == "portuguese" else "Y")
    work = _arrange(work, paternal_last=layout == "portuguese")
    work = _finish(work)
    return work.select(*out_columns, *_OUTPUT)


def _input_columns(raw: pl.DataFrame, layout: str) -> tuple[str, ...]:
    if layout not in LAYOUTS:
        raise ValueError(f"unknown name layout {layout!r}; one of {', '.join(LAYOUTS)}")
    for columns in LAYOUTS[layout]:
        if set(columns) <= set(raw.columns):
            return columns
    raise ValueError(f"name layout {layout!r} needs the columns {LAYOUTS[layout][0]}")


def _add(work: pl.DataFrame, source: str, **derived: pl.Expr) -> pl.DataFrame:
    """Compute expressions of one text column once per distinct value of it."""
    return _put(work, source, work.select(source).unique().with_columns(**derived))


def _put(work: pl.DataFrame, source: str, distinct: pl.DataFrame) -> pl.DataFrame:
    """Join what was computed per distinct value of a column back to the rows."""
    return work.join(distinct, on=source, how="left", nulls_equal=True, maintain_order="left")


def _flag(work: pl.DataFrame, **conditions: pl.Expr) -> pl.DataFrame:
    """Add boolean columns named after flags, or widen those that exist already."""
    return work.with_columns(
        (condition.fill_null(False) | pl.col(f"_is_{name}") if f"_is_{name}" in work.columns
         else condition.fill_null(False)).alias(f"_is_{name}")
        for name, condition in conditions.items()
    )  # fmt: skip


def _read_text(work: pl.DataFrame, source: str, target: str, text: pl.Expr | None = None) -> pl.DataFrame:
    """Clean one raw column into `target` and flag what its characters show."""
    raw = pl.col(source)
    work = _add(work, source, **{target: clean(raw if text is None else text)})
    # One look decides whether the costlier ones are needed at all.
    letters_only = raw.str.contains(r"^[A-Za-zÁÉÍÓÚÑÜáéíóúñü ,.'<\-]*$")
    odd = _add(
        work.filter(~letters_only).select(source).unique(),
        source,
        _mojibake=raw.str.contains("[ÃÂâ][\u0080-\u00bfŒœŠšŸŽžƒˆ˜–—‘’‚“”„†‡•…‰‹›€™]"),
        _unreadable=raw.str.contains(r"\p{L}[?\x{FFFD}]\p{L}|\x{FFFD}|\p{L}\?|\?\p{L}"),
        _digits=raw.str.contains(r"[0-9]"),
        _foreign=raw.str.contains(r"[\p{L}--\p{Latin}]"),
    )
    work = _put(work, source, odd)
    return _flag(
        work,
        mojibake_repaired=pl.col("_mojibake"),
        unreadable_character=pl.col("_unreadable"),
        digits=pl.col("_digits"),
        non_latin=pl.col("_foreign"),
        placeholder=pl.col(target).is_null() & (raw.str.strip_chars() != "") & ~pl.col("_foreign"),
    ).drop("_mojibake", "_unreadable", "_digits", "_foreign")


def _from_columns(work: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    targets = dict(zip(_THREE_COLUMNS, ("_given", "_s1", "_s2"), strict=True))
    for column in columns:
        work = _read_text(work, column, targets[column])
    absent = {name: pl.lit(None, pl.String) for name in ("_s2", "_spouse") if name not in work.columns}
    return work.with_columns(**absent)


def _from_full(work: pl.DataFrame, layout: str, known: pl.DataFrame | None) -> pl.DataFrame:
    work = work.with_columns(_s2=pl.lit(None, pl.String), _spouse=pl.lit(None, pl.String))
    if layout == "mrz":
        return _from_mrz(work)
    work = _read_text(work, "full_name_raw", "_full")
    work = _without_placeholders(work, "_full")
    titles = "|".join(words.TITLES)
    work = work.with_columns(_full=pl.col("_full").str.replace(rf"^(?:(?:{titles})\b[ ,]*)+([A-Z])", "${1}"))
    suffixes = "|".join(words.SURNAME_SUFFIXES)
    work = work.with_columns(_full=pl.col("_full").str.replace(rf",((?:{suffixes}))$", " ${1}"))
    comma = pl.col("_full").str.contains(",")
    before = pl.col("full").str.extract("^([^,]*),", 1)
    after = pl.col("full").str.extract("^[^,]*,(.*)$", 1)
    surnames_first = layout == "surnames_given"
    distinct = work.filter(pl.col("_full").is_not_null()).select(full=pl.col("_full")).unique()
    has_comma = pl.col("full").str.contains(",")
    divided = distinct.filter(has_comma).select(
        "full",
        given=after,
        surnames=before,
        spouse=pl.lit(None, pl.String),
        is_single=False,
        is_uncertain=False,
    )
    widow = rf"^(.+) {words.WIDOW} ([^,]+)$"
    whole = distinct.filter(~has_comma).with_columns(widow_of=pl.col("full").str.extract(widow, 2))
    whole = whole.rename({"full": "written"}).with_columns(
        full=pl.when(pl.col("widow_of").is_not_null())
        .then(pl.col("written").str.extract(widow, 1))
        .otherwise("written")
    )
    whole = split_full_name(whole, known, surnames_first=surnames_first, true_de=_true_de(known)).select(
        pl.col("written").alias("full"), "given", "surnames",
        pl.coalesce("widow_of", "spouse").alias("spouse"), "is_single", "is_uncertain",
    )  # fmt: skip
    parts = pl.concat([divided, whole]).rename({"given": "_given", "surnames": "_s1", "spouse": "_spouse"})
    work = work.drop("_spouse").join(
        parts, left_on="_full", right_on="full", how="left", maintain_order="left"
    )
    return _flag(
        work.with_columns(pl.when(pl.col(c) != "").then(pl.col(c)).alias(c) for c in ("_given", "_s1")),
        single_name=pl.col("is_single"),
        split_uncertain=pl.col("is_uncertain"),
        comma_missing=~comma & ~pl.col("is_single") if surnames_first else pl.lit(False),
        order_by_comma=pl.lit(False) if surnames_first else comma,
    )


def _from_mrz(work: pl.DataFrame) -> pl.DataFrame:
    raw = pl.col("full_name_raw").str.strip_chars().str.to_uppercase()
    # A whole first line of a passport carries the document code and the issuing state before the name.
    name = raw.str.replace(r"^[PV]<[A-Z<]{3}", "").str.replace_all(r"([NU])XX", "${1}")
    primary = name.str.extract("^(.*?)(?:<<|$)", 1).str.replace_all("<", " ")
    secondary = name.str.extract("^.*?<<(.*)$", 1).str.replace_all("<", " ")
    work = _read_text(work, "full_name_raw", "_s1", primary)
    work = _read_text(work, "full_name_raw", "_given", secondary)
    length = raw.str.replace(r"^[PV]<[A-Z<]{3}", "").str.len_chars()
    return _flag(
        work.with_columns(_s1=pl.col("_s1"), _given=pl.col("_given")),
        truncated=length.is_in(_MRZ_NAME_LENGTHS) & ~raw.str.ends_with("<"),
        placeholder=pl.lit(False),
        single_name=pl.col("_given").is_null()
        & pl.col("_s1").is_not_null()
        & ~pl.col("_s1").str.contains(" "),
    )


def _without_placeholders(work: pl.DataFrame, column: str) -> pl.DataFrame:
    """Null cells that say there is no name, and take such words out of longer cells."""
    text = pl.col(column)
    spaced = text.str.replace_all("[,-]+", " ").str.strip_chars()
    whole = spaced.is_in(words.PLACEHOLDERS) | spaced.str.contains(rf"^(?:{words.PLACEHOLDER_WORDS}|X+)$")
    inner = rf"(?:^|[ ,\-]+)(?:{words.PLACEHOLDER_WORDS})\b"
    partly = text.str.contains(inner)
    rest = pl.when(partly).then(text.str.replace_all(inner, "").str.strip_chars(" -")).otherwise(text)
    work = _add(work, column, _rest=pl.when(~whole & (rest != "")).then(rest), _gone=whole | partly)
    return _flag(work.with_columns(pl.col("_rest").alias(column)), placeholder=pl.col("_gone")).drop(
        "_rest", "_gone"
    )


def _tidy_given(work: pl.DataFrame) -> pl.DataFrame:
    work = _without_placeholders(
        work.with_columns(pl.col("_given").str.replace_all("[,-]+", " ").str.strip_chars()), "_given"
    )
    text = pl.col("_given")
    titles, suffixes = "|".join(words.TITLES), "|".join(words.SUFFIXES)
    untitled = text.str.replace(rf"^(?:(?:{titles}) )+([A-Z])", "${1}")
    bare = untitled.str.replace(rf"^(?:(?:{suffixes}) )+([A-Z])", "${1}").str.replace(
        rf"(?: (?:{suffixes}))+$", ""
    )
    full_words = bare
    for short, long in words.GIVEN_ABBREVIATIONS.items():
        # Only beside another word: MA alone is a name in its own right.
        full_words = full_words.str.replace(rf"^{short} ", f"{long} ").str.replace(rf" {short}$", f" {long}")
    work = _add(
        work,
        "_given",
        given_name=full_words,
        _titled=untitled != text,
        _suffixed=bare != untitled,
    )
    return _flag(work, title=pl.col("_titled"), suffix=pl.col("_suffixed")).drop("_titled", "_suffixed")


def _tidy_surnames(work: pl.DataFrame, known: pl.DataFrame | None, conjunction: str) -> pl.DataFrame:
    """Make of _s1 and _s2 bound units, with the married name set apart."""
    true_de = _true_de(known)
    for column in ("_s1", "_s2"):
        work = work.with_columns(pl.col(column).str.replace_all(",", " "))
        work = _without_placeholders(work, column)
        parts = _surname_parts(work.select(column).unique(), column, true_de, conjunction)
        work = _put(work, column, parts)
        work = _flag(
            work,
            suffix=pl.col(f"{column}_suffix"),
            surnames_split=pl.col(f"{column}_joined") & (pl.lit(column == "_s1") & pl.col("_s2").is_null()),
        )
    married = pl.coalesce("_spouse", "_s2_married", "_s1_married").str.replace_all("[_-]", " ")
    return _flag(work.with_columns(married_name=married), married_name=married.is_not_null())


def _true_de(known: pl.DataFrame | None) -> tuple[str, ...]:
    """Return the X of "DE X" that are surnames in their own right, by list and by frequency."""
    if known is None:
        return words.TRUE_DE
    learnt = known.filter(pl.col("token").str.contains("^DE [A-Z]+$") & (pl.col("n_surname") >= 3))
    return (*words.TRUE_DE, *learnt["token"].str.slice(3).to_list())


def _surname_parts(
    distinct: pl.DataFrame, column: str, true_de: Sequence[str], conjunction: str
) -> pl.DataFrame:
    """Add the bound units, the married name and the marks of the distinct values of a surname column."""
    text = pl.col(column)
    suffixes, never_surnames = "|".join(words.SURNAME_SUFFIXES), "|".join(words.SUFFIXES)
    # Alone in its column only what is never a surname is a suffix: NETO may be one.
    bare = text.str.replace(rf"(?: (?:{suffixes}))+$", "").str.replace(rf"^(?:{never_surnames})$", "")
    distinct = distinct.with_columns(_bare=bare)
    long_form = {f" {short} ": f" {long} " for short, long in words.SURNAME_ABBREVIATIONS.items()}
    spaced = " " + pl.col("_bare").str.replace_all(" ", "  ") + " "
    expanded = spaced.str.replace_many(list(long_form), list(long_form.values())).str.replace_all(" +", " ")
    distinct = distinct.with_columns(_expanded=expanded.str.strip_chars(" "))
    # Groups: what stands before the announcement, and the husband's name after it.
    widow = rf"^(?:(.*) )?{words.WIDOW} (.+)$"
    announced = pl.col("_expanded").str.contains(widow)
    own = pl.when(announced).then(pl.col("_expanded").str.extract(widow, 1)).otherwise("_expanded")
    distinct = distinct.with_columns(
        _bound=bind(_join_apostrophes(own)), _widow_of=pl.col("_expanded").str.extract(widow, 2)
    )
    # A second surname may be nothing but "DE X"; a first surname keeps at least one word.
    de = r"^(?:(.*) )?DE_([A-Z]+)$" if column == "_s2" else r"^(.+) DE_([A-Z]+)$"
    spouse = pl.col("_bound").str.extract(de, 2)
    distinct = distinct.with_columns(_spouse=pl.when(~spouse.is_in(list(true_de))).then(spouse))
    own = (
        pl.when(pl.col("_spouse").is_not_null()).then(pl.col("_bound").str.extract(de, 1)).otherwise("_bound")
    )
    distinct = distinct.with_columns(_own=own)
    pair = rf"^([^ \-]+)(?: {conjunction} |-)([^ \-]+)$"
    units = (
        pl.col("_own")
        .str.replace(pair, "${1} ${2}")
        .str.replace_all(rf"([A-Z]) {conjunction} ([A-Z])", "${1}_${2}")
        .str.replace_all("-", "_")
    )
    return distinct.select(
        column,
        units.replace("", None).alias(f"{column}_units"),
        pl.coalesce("_widow_of", "_spouse").alias(f"{column}_married"),
        (pl.col("_bare") != text).alias(f"{column}_suffix"),
        pl.col("_own").str.contains(pair).alias(f"{column}_joined"),
    )


def _join_apostrophes(text: pl.Expr) -> pl.Expr:
    """Join what an apostrophe or a habit sets apart: "O BRIEN", "D ANGELO", "MC DONALD"."""
    detached = r"(^|[A-Z]{2} )(MC|MAC|O|D) ([A-Z]{3,})"
    # Twice, since neighbours share the letters before them.
    return text.str.replace_all(detached, "${1}${2}${3}").str.replace_all(detached, "${1}${2}${3}")


def _arrange(work: pl.DataFrame, *, paternal_last: bool) -> pl.DataFrame:
    """Give each unit its place: first and second surname."""
    first, second = pl.col("_s1_units"), pl.col("_s2_units")
    work = _flag(work, surname_shifted=first.is_null() & second.is_not_null())
    work = work.with_columns(
        _s1_units=pl.coalesce(first, second), _s2_units=pl.when(first.is_not_null()).then(second)
    )
    units = pl.col("_s1_units").str.split(" ")
    alone = second.is_null()
    work = work.with_columns(_n=pl.when(alone).then(units.list.len()))
    many = pl.col("_n") > 1
    one: pl.Expr
    if paternal_last:
        one = pl.when(many).then(units.list.last()).when(alone).then(first).otherwise(second)
        two = pl.when(many).then(units.list.head(pl.col("_n") - 1).list.join(" ")).when(~alone).then(first)
    else:
        one = pl.when(many).then(units.list.first()).otherwise(first)
        two = pl.when(many).then(units.list.slice(1).list.join(" ")).otherwise(second)
    work = work.with_columns(
        surname_1=one.str.replace_all("_", " "),
        surname_2=two.str.replace_all("_", " "),
    )
    return _flag(
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
    work = _add(
        work,
        "given_name",
        given_1=own.list.get(0, null_on_oob=True),
        given_2=own.list.get(1, null_on_oob=True),
        given_key=phonetic_key(pl.col("given_name")),
    )
    for column in ("surname_1", "surname_2"):
        work = _add(work, column, **{f"{column}_key": phonetic_key(pl.col(column))})
    present = [flag for flag in NAME_FLAGS if f"_is_{flag}" in work.columns]
    joined = pl.concat_str(
        (pl.when(pl.col(f"_is_{flag}")).then(pl.lit(flag)) for flag in present),
        separator=";",
        ignore_nulls=True,
    )
    return work.with_columns(
        name_doubt=pl.any_horizontal(f"_is_{flag}" for flag in DOUBT if flag in present),
        name_flags=pl.when(joined != "").then(joined),
    )
