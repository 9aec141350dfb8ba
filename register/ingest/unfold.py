"""Unfolds rows that hold several records each: a stay with its entry and its exit becomes two rows of one crossing.

The declaration names the rows (``[rows.entry]``, ``[rows.exit]``) and says which columns each has, and what they are
taken from. From there on an extract is read as though the office had written one row for each.
"""

from __future__ import annotations

import polars as pl

from register.ingest.block import LINE
from register.ingest.cells import add_told, without_nulls
from register.ingest.source import Source
from register.ingest.values import raw_text

ROW = "__row"
# Zeros and punctuation: 00/00/0000, a dash.
_SAYS_NOTHING = r"^[0\W_]*$"


def unfold(rows: pl.DataFrame, source: Source, file: str) -> pl.DataFrame:
    """Make of each row of an extract the rows that it holds; of an ordinary extract's, itself.

    A row of which nothing is said is not there: who has not left has no exit. Looked at are those of its own columns
    that the record itself is read from, or where there are none (the members of a family share their visa) all of
    them; they say nothing where they are empty, hold zeros and punctuation, or what the format declares to be nothing.
    Where no row is there the first stands for all, to be told.

    Parameters
    ----------
    rows
        Grain: one row of the extract; text columns by header, and its line.
    source
        Its declaration.
    file
        The path of the extract, below the folder of extracts.

    Returns
    -------
    pl.DataFrame
        Grain: one record. The columns that all rows share, those that each has, and ``__row``, its name. The line
        stands for a record alone (see `line_of`), in the order of the extract.
    """
    if not source.rows:
        return rows
    rows = add_told(without_nulls(rows, source), _columns(source), file)
    shared = [
        column for column in rows.columns if column in source.read_columns and column not in source.unfolded
    ]
    of_record = {column for value in source.columns.values() for column in value.columns}
    taken = {name for columns in source.rows.values() for name, value in columns.items() if value.headers}
    telling = of_record & taken or taken
    parts, there = [], []
    for at, (name, columns) in enumerate(source.rows.items()):
        texts = [raw_text(rows, value).alias(column) for column, value in columns.items()]
        told = [text for text in texts if columns[text.name].headers and text.name in telling]
        says = ((~pl.lit(text).str.contains(_SAYS_NOTHING)).fill_null(value=False) for text in told)
        is_there = pl.any_horizontal(pl.lit(value=False), *says)
        there.append(rows.select(is_there.alias(name)).to_series())
        line = (pl.col(LINE) * len(source.rows) + at).alias(LINE)
        parts.append(rows.select(line, *shared, pl.lit(name).alias(ROW)).with_columns(texts))
    none = ~pl.DataFrame(there).select(pl.any_horizontal(pl.all())).to_series()
    there[0] = there[0] | none
    held = [part.filter(mask) for part, mask in zip(parts, there, strict=True)]
    return pl.concat(held, how="diagonal").sort(LINE)


def line_of(source: Source) -> pl.Expr:
    """Return the line of the extract on which a record stands."""
    return pl.col(LINE) // max(1, len(source.rows))


def reasons_of(source: Source) -> pl.Expr:
    """Return the reasons of rejected records, each with the name of the record among those of its line."""
    reasons = pl.col("reasons")
    for at, name in enumerate(source.rows):
        named = pl.col("reasons").str.replace_all("(^|;)", f"${{1}}{name}.")
        reasons = pl.when(pl.col(LINE) % len(source.rows) == at).then(named).otherwise(reasons)
    return reasons.alias("reasons")


def _columns(source: Source) -> list[str]:
    return [column for value in source.row_values() for column in value.columns]
