"""All cells of a release as one system: each distinct figure once, and every sum that ties two of them.

Cells that count the same rows are one figure, in whichever table they stand: a total in one, a row of another, a
cell of the release before. What is inferred of one is inferred of all; so protection, audit and attack look at
this system and not at tables one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from register.release.tables import KEYS, Cells

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Block:
    """Figures that sums tie to one another: their numbers, and ``matrix @ values == 0`` with -1 at each whole."""

    figures: Ints
    matrix: csr_array


@dataclass(frozen=True)
class Universe:
    """The figures of a release.

    Parameters
    ----------
    figure
        key (of the rows counted), estimate, variance, final, n; one row per figure, in order of its number.
    sums
        sum (its number), parent, child (numbers of figures) and table, the one in whose sums it stands.
    rows
        For each table the number of the figure of every row.
    """

    figure: pl.DataFrame
    sums: pl.DataFrame
    rows: Mapping[str, Ints]

    @property
    def estimate(self) -> Floats:
        """The true values."""
        return self.figure["estimate"].to_numpy()

    @property
    def is_count(self) -> Flags:
        """Whether a figure is a whole number for certain: every row counts one, in all completed registers."""
        whole = self.figure["estimate"] == self.figure["n"]
        return np.asarray(whole.to_numpy(), dtype=np.bool_)

    def blocks(self, tables: Sequence[str] | None = None) -> Iterator[Block]:
        """Return the figures in pieces that no sum ties together: of all sums, or of those of some tables."""
        if tables is None:
            sums, chosen = self.sums, np.arange(len(self.figure))
        else:
            sums = self.sums.filter(pl.col("table").is_in(tables))
            chosen = np.unique(np.concatenate([self.rows[table] for table in tables]))
        yield from _pieces(sums, chosen, len(self.figure))


def _pieces(sums: pl.DataFrame, chosen: Ints, size: int) -> Iterator[Block]:
    parent, child = sums["parent"].to_numpy(), sums["child"].to_numpy()
    links = coo_array((np.ones(len(sums), np.int8), (parent, child)), shape=(size, size))
    label = connected_components(links, directed=False)[1]
    order = chosen[np.argsort(label[chosen], kind="stable")]
    starts = np.flatnonzero(np.diff(label[order], prepend=-1))
    sum_label = label[parent]
    sum_order = np.argsort(sum_label, kind="stable")
    sum_sorted = sum_label[sum_order]
    numbers = sums["sum"].to_numpy()
    at = np.full(size, -1, np.int64)
    for start, end in zip(starts, [*starts[1:], len(order)], strict=True):
        figures = np.sort(order[start:end])
        at[figures] = np.arange(len(figures))
        low, high = np.searchsorted(sum_sorted, [label[figures[0]], label[figures[0]] + 1])
        mine = sum_order[low:high]
        yield Block(figures, _matrix(numbers[mine], at[parent[mine]], at[child[mine]], len(figures)))


def _matrix(number: Ints, parent: Ints, child: Ints, width: int) -> csr_array:
    if not len(number):
        return csr_array((0, width))
    _, first, place = np.unique(number, return_index=True, return_inverse=True)
    height = len(first)
    row = np.concatenate([place, np.arange(height)])
    column = np.concatenate([child, parent[first]])
    value = np.concatenate([np.ones(len(child)), -np.ones(height)])
    matrix = coo_array((value, (row, column)), shape=(height, width)).tocsr()
    matrix.eliminate_zeros()
    # A sum of one part is that part, and says nothing.
    return matrix[np.diff(matrix.indptr) > 0]


def make_universe(tables: Sequence[Cells]) -> Universe:
    """Take the cells of tables together to one system."""
    stacked = pl.concat(
        [
            cells.frame.select(
                pl.lit(cells.table.name).alias("table"), "row", "key", "estimate", "variance", "final", "n"
            )
            for cells in tables
        ]
    ).with_columns(pl.col("estimate").round(6).alias("same"))
    figure = (
        stacked.unique(["key", "same"], keep="first", maintain_order=True)
        .with_row_index("number")
        .with_columns(pl.col("number").cast(pl.Int64))
    )
    numbered = stacked.join(figure.select("key", "same", "number"), on=["key", "same"], maintain_order="left")
    rows: dict[str, Ints] = {}
    sums, offset = [], 0
    for cells in tables:
        name = cells.table.name
        number = numbered.filter(pl.col("table") == name)["number"].to_numpy()
        rows[name] = number
        sums.append(
            pl.DataFrame(
                {
                    "sum": cells.sums["sum"].to_numpy().astype(np.int64) + offset,
                    "parent": number[cells.sums["parent"].to_numpy()],
                    "child": number[cells.sums["child"].to_numpy()],
                    "table": [name] * len(cells.sums),
                },
                schema={"sum": pl.Int64, "parent": pl.Int64, "child": pl.Int64, "table": pl.String},
            )
        )
        offset += int(cells.sums["sum"].to_numpy().max()) + 1 if len(cells.sums) else 0
    figure = figure.select("key", "estimate", "variance", "final", "n")
    every = pl.concat(sums)
    for cells in tables:
        if "year_month" in cells.table.dimensions:
            months = _months_of_years(cells, rows[cells.table.name], figure, offset)
            every = pl.concat([every, months])
            offset += len(months)
    return Universe(figure, every, rows)


def _months_of_years(cells: Cells, number: Ints, figure: pl.DataFrame, offset: int) -> pl.DataFrame:
    """Return the sums that tie months to a year that another table publishes: the attacker sees both.

    The year's figure is recognised by its rows: their keys add up.
    """
    others = [name for name in cells.table.dimensions if name != "year_month"]
    by_year = cells.frame.with_columns(
        pl.Series("number", number), pl.col("year_month").str.head(4).alias("year")
    )
    added = (
        by_year.group_by("year", *others)
        .agg(pl.col("key").cast(pl.Int128).sum() % KEYS, pl.col("number"))
        .with_columns(pl.col("key").cast(pl.Int64))
        .join(
            figure.with_row_index("parent").select("key", pl.col("parent").cast(pl.Int64)),
            on="key",
        )
        .sort("year", *others)
        .with_row_index("sum")
    )
    return added.explode("number").select(
        (pl.col("sum").cast(pl.Int64) + offset).alias("sum"),
        "parent",
        pl.col("number").alias("child"),
        pl.lit("").alias("table"),
    )
