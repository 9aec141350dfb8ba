"""Other ways to write what a code list knows: tried only where a text as it stands is not in the list."""

from __future__ import annotations

import polars as pl

from register.ingest.name_text import repair_mojibake
from register.ingest.text import fold_text

# The other gender behind a word: "Haitiano(a)", "VENEZOLANO/A", "Brasileiro (a)".
_OTHER_GENDER = r"(\p{L}{4})\s*[(/]\s*[AaOo][Ss]?\s*\)?\s*$"
_PLURAL = r"(\p{L}{5})S$"
# A code and its label in one: "PER - Perú", "México (MEX)", "1. Entrada".
_PAIR = r"^\s*([^(/:.–-]+?)\s*[(/:.–-]\s*(.+?)\s*\)?\s*$"


def find_other_forms(values: pl.Series, table: pl.DataFrame) -> pl.DataFrame:
    """Return the texts of a table of codes that values stand for in another form.

    Letters read in a wrong encoding are mended; of a word for both genders the first is looked for, of a plural the
    singular. Of a code and its label in one both must mean the same; a mere number before the label may mean nothing.

    Parameters
    ----------
    values
        Distinct texts that are not in the table.
    table
        From `register.ingest.codes.lookup_table`.

    Returns
    -------
    pl.DataFrame
        Grain: a value that means something. Columns: value, text.
    """
    work = pl.DataFrame({"value": values}).with_columns(_mended=repair_mojibake(pl.col("value")))
    mended = pl.col("_mended")
    work = work.with_columns(
        fold_text(mended).alias("_0"),
        fold_text(mended.str.replace(_OTHER_GENDER, "${1}")).alias("_1"),
        fold_text(mended).str.replace(_PLURAL, "${1}").alias("_2"),
        fold_text(mended.str.extract(_PAIR, 1)).alias("_code"),
        fold_text(mended.str.extract(_PAIR, 2)).alias("_label"),
    )
    for name in ("_0", "_1", "_2", "_code", "_label"):
        met = table.select(pl.col("text").alias(name), pl.col("code").alias(f"{name}_is"))
        work = work.join(met, on=name, how="left", maintain_order="left")
    label, code = pl.col("_label_is"), pl.col("_code_is")
    is_pair = (label == code) | (
        code.is_null() & label.is_not_null() & pl.col("_code").str.contains("^[0-9]+$")
    )
    found = pl.coalesce(
        *(pl.when(pl.col(f"{name}_is").is_not_null()).then(name) for name in ("_0", "_1", "_2")),
        pl.when(is_pair.fill_null(value=False)).then("_label"),
    )
    return work.select("value", found.alias("text")).drop_nulls()
