"""What was published before: the stack of open series, the revision triangle, and what a reader knows from it.

    vintages/<month of release>.csv        the open monthly series as published (layout of Stats NZ)
    vintages/<month of release>.years.csv  annual flows as published, for the revision triangle
    vintages/ledger/<month>.cells.parquet  every figure published, by the key of its rows, with its sums: private,
    because vintages/ledger/<month>.sums.parquet   it holds the true values that the gates compare

A release of the same month replaces the one before it; it is then compared with the month before.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from register.release.declaration import TOTAL
from register.release.disclose import Protected
from register.release.published import Published
from register.release.universe import Universe


@dataclass(frozen=True)
class Ledger:
    """The figures of an earlier release (as in a universe, with what readers know of them) and their sums."""

    month: str
    figure: pl.DataFrame
    sums: pl.DataFrame


def last_ledger(folder: Path, month: str) -> Ledger | None:
    """Return the ledger of the newest release before a month."""
    paths = sorted((folder / "ledger").glob("*.cells.parquet"))
    earlier = [path for path in paths if path.name.split(".")[0] < month]
    if not earlier:
        return None
    path = earlier[-1]
    name = path.name.split(".")[0]
    return Ledger(
        name,
        pl.read_parquet(path, glob=False),
        pl.read_parquet(path.with_name(f"{name}.sums.parquet"), glob=False),
    )


def extend(universe: Universe, ledger: Ledger | None) -> tuple[Universe, Protected]:
    """Add the figures of an earlier release to a universe; return it with what that release made known.

    A figure that counts the same rows is the same figure, in both.
    """
    if ledger is None:
        return universe, unknown(len(universe.figure))
    same = pl.col("estimate").round(6).alias("same")
    mine = universe.figure.with_row_index("number").with_columns(same)
    theirs = ledger.figure.with_row_index("old").with_columns(same)
    added = theirs.join(mine, on=["key", "same"], how="anti").sort("old")
    columns = ["key", "estimate", "variance", "final", "n"]
    figure = pl.concat([universe.figure, added.select(columns)])
    known = figure.with_columns(same).join(
        theirs.select("key", "same", "old", "value", "low", "high", "attempt"),
        on=["key", "same"],
        how="left",
        maintain_order="left",
    )
    place = known.with_row_index("number").filter(pl.col("old").is_not_null())
    number = np.full(len(ledger.figure), -1, np.int64)
    number[place["old"].to_numpy()] = place["number"].to_numpy()
    offset = int(universe.sums["sum"].to_numpy().max()) + 1 if len(universe.sums) else 0
    sums = ledger.sums.with_columns(
        pl.col("sum") + offset,
        pl.Series("parent", number[ledger.sums["parent"].to_numpy()]),
        pl.Series("child", number[ledger.sums["child"].to_numpy()]),
        pl.lit("").alias("table"),
    )
    before = Protected(
        value=known["value"].fill_null(np.nan).to_numpy(),
        low=known["low"].fill_null(np.nan).to_numpy(),
        high=known["high"].fill_null(np.nan).to_numpy(),
        noise=0.0,
        attempt=known["attempt"].fill_null(0).to_numpy(),
        is_additive=True,
    )
    return Universe(figure, pl.concat([universe.sums, sums]), universe.rows), before


def unknown(size: int) -> Protected:
    """Return what readers know before the first release: nothing."""
    nothing = np.full(size, np.nan)
    return Protected(nothing, nothing, nothing, 0.0, np.zeros(size, np.int64), is_additive=True)


def keep(folder: Path, month: str, universe: Universe, size: int, result: Protected) -> None:
    """Store the figures of a release (the first ``size`` of its universe) for the gates of the next."""
    private = folder / "ledger"
    private.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    universe.figure.head(size).with_columns(
        pl.Series("value", result.value[:size]),
        pl.Series("low", result.low[:size]),
        pl.Series("high", result.high[:size]),
        pl.Series("attempt", result.attempt[:size]),
    ).write_parquet(private / f"{month}.cells.parquet")
    universe.sums.filter((pl.col("parent") < size) & (pl.col("child") < size)).write_parquet(
        private / f"{month}.sums.parquet"
    )


def open_series(published: Published, month: str) -> pl.DataFrame:
    """Return the open monthly series in the layout of Stats NZ."""
    return published.frame.filter(pl.col("value").is_not_null()).select(
        pl.col("year_month"),
        pl.lit(month).alias("month_of_release"),
        pl.col("direction"),
        pl.col("citizenship").replace(TOTAL, "TOTAL"),
        pl.col("visa").replace(TOTAL, "TOTAL"),
        pl.col("counterpart").replace(TOTAL, "TOTAL").alias("country_of_residence"),
        pl.col("value").alias("estimate"),
        pl.col("standard_error"),
        pl.when(pl.col("obs_status") == "P")
        .then(pl.lit("Provisional"))
        .otherwise(pl.lit("Final"))
        .alias("status"),
    )


def annual_flows(published: Published, month: str) -> pl.DataFrame:
    """Return the annual flows of table 1 that the revision triangle follows."""
    frame = published.frame.filter((pl.col("nationality") == TOTAL) & (pl.col("direction") != "net"))
    return frame.select(
        "year", "direction", pl.lit(month).alias("vintage"), "sex", "child",
        *("value", "standard_error", "share_final", "obs_status", "conf_status"),
    )  # fmt: skip


def triangle(folder: Path, now: pl.DataFrame, month: str) -> pl.DataFrame:
    """Return the annual flows of all releases up to this one."""
    paths = [path for path in sorted(folder.glob("*.years.csv")) if path.name.split(".")[0] < month]
    types = dict.fromkeys(
        ("year", "direction", "vintage", "sex", "child", "obs_status", "conf_status"), pl.String
    )
    return pl.concat(
        [
            *(
                pl.read_csv(
                    path,
                    glob=False,
                    schema_overrides={
                        **types,
                        "share_final": pl.Float64,
                        "value": pl.Float64,
                        "standard_error": pl.Float64,
                    },
                )
                for path in paths
            ),
            now,
        ]
    )


def store(folder: Path, month: str, series: pl.DataFrame, years: pl.DataFrame) -> None:
    """Keep what a release published: the files of the stack."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    series.write_csv(folder / f"{month}.csv")
    years.write_csv(folder / f"{month}.years.csv")
