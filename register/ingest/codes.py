"""Match what offices write to the codes of a code list.

One function serves every list: countries, sexes, purposes, visa and permit classes, border posts,
document kinds. What is not in the list is unknown and is said to be; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

from register.ingest.code_forms import find_other_forms
from register.ingest.text import fold_text

_ABSENT = (
    *("NULL", "NULO", "NONE", "NAN", "N A", "N D", "S D", "SIN DATO", "SIN DATOS", "SIN INFORMACION"),
    *("NO REGISTRA", "NO INFORMA", "NO INFORMADO", "NO DECLARADO", "NO DECLARA", "NO ESPECIFICADO"),
    *("SIN ESPECIFICAR", "DESCONOCIDO", "DESCONOCIDA", "SE DESCONOCE", "IGNORADO", "IGNORADA", "UNKNOWN"),
    *("NAO INFORMADO", "NAO INFORMADA", "NAO DECLARADO", "DESCONHECIDO", "DESCONHECIDA"),
)


def match_codes(
    values: pl.Series,
    codelist: pl.DataFrame,
    *,
    on_date: date | None = None,
    extra: Mapping[str, str] | None = None,
) -> pl.DataFrame:
    """Match distinct values to codes.

    Parameters
    ----------
    values
        Text, one value a row.
    codelist
        Grain: one code (in one period). Columns code, label_es, label_en, valid_from, valid_to and
        aliases (joined by ``|``); alpha_2 and numeric where the list has them count as codes.
    on_date
        Only codes valid on that day; by default every code, those still valid first.
    extra
        The declaration's own values, raw text to code; they come before the list. An empty code
        says that the value means nothing is known.

    Returns
    -------
    pl.DataFrame
        Grain: one input value, in the input's order. Columns: value, code (null when blank, absent
        or unknown) and how: value_map, code, label or alias; unknown when nothing matches or the
        text stands for several codes; null when the value is blank or says there is none.

    Notes
    -----
    Text is compared without case, accents, punctuation and repeated spaces. A code of digits alone is
    also found without its leading zeros, which spreadsheets drop ("5001" is 05001), and with the
    decimals that they add ("5001.0"). What is not met so is looked for in other forms
    (`register.ingest.code_forms`).
    """
    work = pl.DataFrame({"value": values.cast(pl.String)})
    text = fold_text(pl.col("value").str.replace(r"^\s*([0-9]+)[.,]0+\s*$", "${1}"))
    distinct = work.unique().with_columns(_text=text)
    table = lookup_table(codelist, on_date=on_date, extra=extra)
    unmet = distinct.drop_nulls("_text").join(table, left_on="_text", right_on="text", how="anti")
    if unmet.height:
        distinct = distinct.join(find_other_forms(unmet["value"], table), on="value", how="left")
        distinct = distinct.with_columns(_text=pl.coalesce("text", "_text")).drop("text")
    distinct = distinct.join(table, left_on="_text", right_on="text", how="left")
    known = pl.col("how").is_not_null()
    blank = pl.col("_text").is_null() | (~known & pl.col("_text").is_in(_ABSENT))
    how = pl.when(known).then("how").when(~blank).then(pl.lit("unknown"))
    matched = distinct.select("value", pl.col("code").replace("", None), how=how)
    return work.join(matched, on="value", how="left", nulls_equal=True, maintain_order="left")


def lookup_table(
    codelist: pl.DataFrame, *, on_date: date | None = None, extra: Mapping[str, str] | None = None
) -> pl.DataFrame:
    """Return every folded text of a code list with its code: text, code, how.

    Grain: one text. A text of several codes is left out, unless one of them outranks the others:
    the declaration's values before codes, codes before labels, labels before aliases; and within each,
    codes still valid before codes that are not.
    """
    entries = codelist.with_columns(pl.col("code").cast(pl.String))
    if on_date is not None:
        starts, ends = (_as_date(entries, name) for name in ("valid_from", "valid_to"))
        entries = entries.filter(
            (starts.is_null() | (starts <= on_date)) & (ends.is_null() | (ends >= on_date))
        )
    entries = entries.with_columns(_ended=_as_date(entries, "valid_to").is_not_null())
    texts: list[pl.DataFrame] = []

    def add(text: pl.Expr, how: str, rank: int, frame: pl.DataFrame) -> None:
        texts.append(
            frame.select(
                text=fold_text(text),
                code="code",
                how=pl.lit(how),
                rank=pl.lit(rank, pl.Int32),
                ended="_ended",
            )
        )

    for column in ("code", "alpha_2", "numeric"):
        if column in entries.columns:
            add(pl.col(column).cast(pl.String), "code", 1, entries)
    for column in ("label_es", "label_en"):
        if column in entries.columns:
            add(pl.col(column), "label", 2, entries)
    if "aliases" in entries.columns:
        aliases = entries.with_columns(pl.col("aliases").str.split("|")).explode(
            "aliases", empty_as_null=True
        )
        add(pl.col("aliases"), "alias", 3, aliases)
    # Figures whose leading zeros a spreadsheet has dropped.
    figures = entries.filter(pl.col("code").str.contains("^0[0-9]+$"))
    add(pl.col("code").str.strip_chars_start("0"), "code", 4, figures)
    if extra:
        own = pl.DataFrame({"raw": list(extra), "code": list(extra.values()), "_ended": [False] * len(extra)})
        add(pl.col("raw"), "value_map", 0, own)
    together = pl.concat(texts).drop_nulls("text").unique()
    best = together.filter(
        (pl.col("rank") * 2 + pl.col("ended")) == (pl.col("rank") * 2 + pl.col("ended")).min().over("text")
    )
    return (
        best.group_by("text")
        .agg(pl.col("code").first(), pl.col("how").first(), n=pl.col("code").n_unique())
        .filter(pl.col("n") == 1)
        .select("text", "code", "how")
        .sort("text")
    )


def _as_date(entries: pl.DataFrame, name: str) -> pl.Expr:
    """Return a validity column as a date, whether the list was read with types or without."""
    if name not in entries.columns:
        return pl.lit(None, pl.Date)
    if entries.schema[name] == pl.Date:
        return pl.col(name)
    return pl.col(name).cast(pl.String).replace("", None).str.to_date("%Y-%m-%d", strict=False)
