"""Prepares the cells of a block of rows before they are read, as the format of the source says."""

from __future__ import annotations

import re
from collections.abc import Iterable

import polars as pl

from register.ingest.source import PATH, Source


def prepare_cells(rows: pl.DataFrame, source: Source, file: str) -> pl.DataFrame:
    """Empty the cells that say nothing, make whole numbers whole, and add what the path of the file tells.

    Parameters
    ----------
    rows
        Grain: one row of an extract, text columns by header.
    source
        Its declaration.
    file
        The path of the extract, below the folder of extracts.
    """
    form = source.format
    rows = without_nulls(rows, source)
    if form.trims_decimals:
        cells = [column for column in rows.columns if column in source.declared_columns]
        rows = rows.with_columns(pl.col(cells).str.replace(r"^(\s*-?[0-9]+)(?:[.]0+|,0{1,2})\s*$", "${1}"))
    return add_told(rows, source.read_columns, file)


def without_nulls(rows: pl.DataFrame, source: Source) -> pl.DataFrame:
    """Empty the cells that hold what the format declares to be nothing."""
    if not source.format.nulls:
        return rows
    known = source.headers.union(source.declared_columns)
    cells = [column for column in rows.columns if column in known]
    is_null = pl.col(cells).str.strip_chars().is_in(list(source.format.nulls))
    return rows.with_columns(pl.when(~is_null).then(pl.col(cells)))


def add_told(rows: pl.DataFrame, columns: Iterable[str], file: str) -> pl.DataFrame:
    """Add those of the columns that hold what the path of the file tells."""
    told = {
        column: pl.lit(found_in_path(column, file), dtype=pl.String)
        for column in columns
        if column.startswith(PATH)
    }
    return rows.with_columns(**told) if told else rows


def found_in_path(column: str, file: str) -> str | None:
    """Return what a column's pattern finds in the path of a file, null if nothing."""
    found = re.search(column.removeprefix(PATH), file)
    return found.group(1) if found else None
