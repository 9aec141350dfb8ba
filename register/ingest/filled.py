"""Fills what an extract writes once for several rows below each other: cells merged in a sheet, lines that go on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import polars as pl

from register.ingest.block import LINE, Block

_BROKEN = "__broken"


def fill_down(blocks: Iterable[Block], columns: Sequence[str]) -> Iterator[Block]:
    """Give the empty cells of some columns what stands above them.

    A cell goes on with what is above where it is empty, and so are the columns named before it: behind a new number or
    a new name an empty document is one that is not known, and not that of the person before. Behind a line that is no
    row nothing goes on either: what it held is not known. A header that stands in the file again holds nothing.

    Parameters
    ----------
    blocks
        Those of one file, in order.
    columns
        The columns, by their declared names, the outer before the inner.
    """
    above: pl.DataFrame | None = None
    for block in blocks:
        wanted = [name for name in columns if name in block.rows.columns]
        broken = block.rejected.filter(pl.col("reasons") != "line:repeated_header")["line"].sort()
        if block.rows.height and wanted:
            cells = block.rows.select(LINE, *wanted)
            cells = cells if above is None else pl.concat([above, cells])
            filled = _filled(cells, wanted, broken).tail(block.rows.height)
            above = filled.tail(1)
            block = replace(block, rows=block.rows.with_columns(filled.select(wanted)))
        if above is not None and len(broken) and broken[-1] > above.item(0, LINE):
            above = None
        yield block


def _filled(cells: pl.DataFrame, columns: Sequence[str], broken: pl.Series) -> pl.DataFrame:
    """Fill the cells of rows in order; ``broken`` are the lines between them that are no rows."""
    work = cells.with_columns(broken.search_sorted(cells[LINE]).alias(_BROKEN)).with_row_index("at")
    said = pl.lit(value=False)
    filled = []
    for name in columns:
        said |= (pl.col(name).str.strip_chars() != "").fill_null(value=False)
        source = pl.when(said).then(pl.col("at")).forward_fill().over(_BROKEN)
        filled.append(pl.col(name).gather(source).alias(name))
    return work.select(LINE, *filled)
