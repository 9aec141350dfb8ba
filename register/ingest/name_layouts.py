"""Read the layouts in which extracts hold names into cleaned texts of given name and surnames.

Each reader adds ``_given``, ``_s1``, ``_s2`` and ``_spouse`` and the flags of what it saw.
"""

from __future__ import annotations

import polars as pl

from register.ingest import name_words as words
from register.ingest.name_flags import add_per_distinct, flag, put_back
from register.ingest.name_parts import true_de, without_placeholders, without_titles
from register.ingest.name_split import split_full_name
from register.ingest.name_text import clean, is_plain

FULL = "full_name_raw"

# ICAO 9303: the name field of the machine-readable zone of cards, of older visas and of passports.
_MRZ_NAME_LENGTHS = (30, 31, 39)
# A whole first line of a passport or visa carries the document code and the issuing state before the name.
_MRZ_LINE_START = "^[PV]<[A-Z<]{3}"
_NO_TEXT = pl.lit(None, pl.String)


def read_columns(work: pl.DataFrame, columns: dict[str, str]) -> pl.DataFrame:
    """Read given name and surnames from columns of their own.

    Parameters
    ----------
    columns
        Raw column to working column.
    """
    for raw, target in columns.items():
        work = _read_text(work, raw, target, pl.col(raw))
    if "_s2" in work.columns:
        # "ORTEGA" and "Y GASSET" in columns of their own.
        work = work.with_columns(pl.col("_s2").str.replace("^Y ", ""))
    absent = (name for name in ("_s2", "_spouse") if name not in work.columns)
    return work.with_columns(_NO_TEXT.alias(name) for name in absent)


def read_mrz(work: pl.DataFrame) -> pl.DataFrame:
    """Read the name field of a machine-readable zone: "RODRIGUEZ<PEREZ<<JUAN<CARLOS" (ICAO 9303-3)."""
    raw = pl.col(FULL).str.strip_chars().str.to_uppercase()
    field = raw.str.replace(_MRZ_LINE_START, "")
    # Section 6: Ñ may be NXX and Ü may be UXX.
    name = field.str.replace_all("([NU])XX", "${1}")
    primary = name.str.extract("^(.*?)(?:<<|$)", 1).str.replace_all("<", " ")
    secondary = name.str.extract("^.*?<<(.*)$", 1).str.replace_all("<", " ")
    work = _read_text(work, FULL, "_s1", primary)
    work = _read_text(work, FULL, "_given", secondary)
    only_word = pl.col("_given").is_null() & ~pl.col("_s1").str.contains(" ")
    return flag(
        work.with_columns(_s2=_NO_TEXT, _spouse=_NO_TEXT),
        truncated=field.str.len_chars().is_in(_MRZ_NAME_LENGTHS) & ~raw.str.ends_with("<"),
        single_name=only_word,
    )


def read_full_name(work: pl.DataFrame, known: pl.DataFrame | None, *, surnames_first: bool) -> pl.DataFrame:
    """Read "SURNAMES, GIVEN" or "GIVEN SURNAMES".

    A comma divides wherever it stands, also where the layout has none; without one, words and
    frequencies decide (:func:`register.ingest.name_split.split_full_name`).
    """
    work = _read_text(work, FULL, "_full", pl.col(FULL))
    work = without_placeholders(work, "_full")
    # "PEREZ, JR" is no order of given name and surname.
    unsuffixed = without_titles(pl.col("_full")).str.replace(
        rf",({'|'.join(words.SURNAME_SUFFIXES)})$", " ${1}"
    )
    work = add_per_distinct(work, "_full", _text=unsuffixed)
    work = flag(work, title=pl.col("_full") != without_titles(pl.col("_full")))
    distinct = work.select("habit", full="_text").unique().drop_nulls("full")
    has_comma = pl.col("full").str.contains(",")
    divided = distinct.filter(has_comma).select(
        "habit",
        _text="full",
        _given=pl.col("full").str.extract("^[^,]*,(.*)$", 1).replace("", None),
        _s1=pl.col("full").str.extract("^([^,]*),", 1).replace("", None),
        _spouse=_NO_TEXT,
        _single=False,
        _uncertain=False,
        _comma=True,
    )
    whole = _split_whole(distinct.filter(~has_comma), known, surnames_first=surnames_first)
    work = put_back(work, ["_text", "habit"], pl.concat([divided, whole]))
    return flag(
        work.with_columns(_s2=_NO_TEXT),
        single_name=pl.col("_single"),
        split_uncertain=pl.col("_uncertain"),
        comma_missing=pl.lit(surnames_first) & ~pl.col("_comma") & ~pl.col("_single"),
        order_by_comma=pl.lit(not surnames_first) & pl.col("_comma"),
    )


def _split_whole(distinct: pl.DataFrame, known: pl.DataFrame | None, *, surnames_first: bool) -> pl.DataFrame:
    """Split names without a comma, a widow's announcement ("... VDA DE GARCIA") taken off before."""
    widow = rf"^(.+) {words.WIDOW} (.+)$"
    distinct = distinct.select(
        "habit",
        _text="full",
        _widow_of=pl.col("full").str.extract(widow, 2),
        full=pl.coalesce(pl.col("full").str.extract(widow, 1), "full"),
    )
    split = split_full_name(distinct, known, surnames_first=surnames_first, true_de=true_de(known))
    return split.select(
        "habit",
        "_text",
        _given="given",
        _s1="surnames",
        _spouse=pl.coalesce("_widow_of", "spouse"),
        _single="is_single",
        _uncertain="is_uncertain",
        _comma=pl.lit(False),
    )


def _read_text(work: pl.DataFrame, source: str, target: str, text: pl.Expr) -> pl.DataFrame:
    """Clean a text of a raw column into `target` and flag what its characters show."""
    distinct = work.select(source).unique().with_columns(_text=text.str.strip_chars())
    # Only what is not plain already needs the costly looks.
    plain = distinct.filter(is_plain(pl.col("_text"))).select(source, pl.col("_text").alias(target))
    raw = pl.col(source)
    odd = distinct.join(plain, on=source, how="anti", nulls_equal=True).select(
        source,
        clean(pl.col("_text")).alias(target),
        _written=pl.col("_text") != "",
        _mojibake=raw.str.contains("[ÃÂâ][\u0080-\u00bfŒœŠšŸŽžƒˆ˜–—‘’‚“”„†‡•…‰‹›€™]"),
        _unreadable=raw.str.contains(r"\p{L}[?\x{FFFD}]\p{L}|\x{FFFD}|\p{L}\?|\?\p{L}"),
        _digits=raw.str.contains(r"[0-9]"),
        _foreign=raw.str.contains(r"[\p{L}--\p{Latin}]"),
    )
    work = put_back(work, source, pl.concat([odd, plain], how="diagonal"))
    is_foreign = pl.col("_foreign").fill_null(False)
    return flag(
        work,
        mojibake_repaired=pl.col("_mojibake"),
        unreadable_character=pl.col("_unreadable"),
        digits=pl.col("_digits") & pl.col(target).is_not_null(),
        non_latin=is_foreign,
        placeholder=pl.col(target).is_null() & pl.col("_written") & ~is_foreign,
    ).drop("_written", "_mojibake", "_unreadable", "_digits", "_foreign")
