"""What a writer may see: the protected cells of one table, and what is computed from them alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from register.release.declaration import TOTAL, Derived, ReleaseTable
from register.release.disclose import Protected
from register.release.tables import Cells
from register.release.universe import Ints

MEASURES = ("value", "standard_error", "share_final", "obs_status", "conf_status")
LEAST_WITH_ERROR = 10
LEAST_WITH_SHARE = 20


@dataclass(frozen=True)
class Published:
    """A table as it leaves the office.

    ``frame`` has the dimensions and ``value`` (null: withheld), ``standard_error``, ``share_final``, ``obs_status``
    (A final, P provisional) and ``conf_status`` (F free, C withheld), one row per cell. A cell that is not there
    is zero, or was made zero by the protection.
    """

    table: ReleaseTable
    frame: pl.DataFrame

    @property
    def years(self) -> list[str]:
        """The years that the table shows."""
        column = "year_month" if "year_month" in self.frame.columns else "year"
        return (
            sorted(self.frame[column].str.head(4).unique().to_list()) if column in self.frame.columns else []
        )


def publish_cells(cells: Cells, figures: Ints, protected: Protected) -> Published:
    """Join the protected figures to the cells of a table and forget everything else about them.

    The standard error holds the doubt about outcomes and that of the protection; it and the certain share stand only
    beside published values large enough to hide single rows, and are coarse, because they are not rounded with the
    rest. Which years are provisional is told for whole groups, not for cells.
    """
    frame = cells.frame
    value = protected.value[figures]
    rough = np.sqrt(frame["variance"].to_numpy() + protected.noise)
    error = np.where(value >= LEAST_WITH_ERROR, np.ceil(rough * 2) / 2, np.nan)
    true = frame["estimate"].to_numpy()
    share = np.where(true > 0, frame["final"].to_numpy() / np.where(true > 0, true, 1.0), 1.0)
    grain = np.where(value >= 100, 100.0, 10.0)
    share = np.where(value >= LEAST_WITH_SHARE, np.round(share * grain) / grain, np.nan)
    final = frame.group_by("group").agg(
        (pl.col("final").sum() >= pl.col("estimate").sum() - 1e-6).alias("is_final")
    )
    status = frame.select("group").join(final, on="group", maintain_order="left")["is_final"]
    result = frame.select(cells.table.dimensions).with_columns(
        pl.Series("value", value).fill_nan(None).round().cast(pl.Float64),
        pl.Series("standard_error", error).fill_nan(None),
        pl.Series("share_final", share).fill_nan(None),
        pl.when(status).then(pl.lit("A")).otherwise(pl.lit("P")).alias("obs_status"),
        pl.when(pl.Series(np.isnan(value))).then(pl.lit("C")).otherwise(pl.lit("F")).alias("conf_status"),
    )
    # A true zero has no row: a cell that became zero must look the same.
    result = result.filter(pl.col("value").is_null() | (pl.col("value") != 0))
    return Published(cells.table, derive(result, cells.table))


def derive(frame: pl.DataFrame, table: ReleaseTable) -> pl.DataFrame:
    """Add the derived codes of a table, computed from its published cells."""
    for derived in table.derived:
        others = [name for name in table.dimensions if name != derived.dimension]
        wide = frame.group_by(others, maintain_order=True).agg(
            *(
                pl.col(measure).filter(pl.col(derived.dimension) == code).first().alias(f"{code}.{measure}")
                for code in _codes(derived)
                for measure in ("value", "standard_error", "obs_status", "conf_status")
            )
        )
        rows = _sum(wide, derived.terms) if derived.terms else _ratio(wide, derived.per_hundred)
        added = rows.with_columns(pl.lit(derived.code).alias(derived.dimension)).select(
            *table.dimensions, *MEASURES
        )
        frame = pl.concat([frame, added])
    return frame.sort(table.dimensions)


def _codes(derived: Derived) -> Sequence[str]:
    return list(derived.terms) or list(derived.per_hundred)


def _state(codes: Sequence[str]) -> Mapping[str, pl.Expr]:
    withheld = pl.any_horizontal(pl.col(f"{code}.conf_status") == "C" for code in codes).fill_null(
        value=False
    )
    provisional = pl.any_horizontal(pl.col(f"{code}.obs_status") == "P" for code in codes).fill_null(
        value=False
    )
    return {
        "obs_status": pl.when(provisional).then(pl.lit("P")).otherwise(pl.lit("A")),
        "conf_status": pl.when(withheld).then(pl.lit("C")).otherwise(pl.lit("F")),
    }


def _sum(wide: pl.DataFrame, terms: Mapping[str, int]) -> pl.DataFrame:
    state = _state(list(terms))
    # An absent cell is zero; a withheld one makes the sum unknown.
    value = pl.sum_horizontal(pl.col(f"{code}.value").fill_null(0) * sign for code, sign in terms.items())
    square = pl.sum_horizontal(pl.col(f"{code}.standard_error").fill_null(0) ** 2 for code in terms)
    known = pl.any_horizontal(pl.col(f"{code}.standard_error").is_not_null() for code in terms)
    return wide.with_columns(
        **state,
        value=pl.when(state["conf_status"] == "F").then(value),
        standard_error=pl.when(known).then((square.sqrt() * 2).ceil() / 2),
        share_final=pl.lit(None, pl.Float64),
    )


def _ratio(wide: pl.DataFrame, pair: Sequence[str]) -> pl.DataFrame:
    part, whole = pair
    value = (100 * pl.col(f"{part}.value").fill_null(0) / pl.col(f"{whole}.value")).round(1)
    return wide.filter(pl.col(f"{whole}.value") >= LEAST_WITH_SHARE).with_columns(
        **_state(pair),
        value=pl.when(_state(pair)["conf_status"] == "F").then(value),
        standard_error=pl.lit(None, pl.Float64),
        share_final=pl.lit(None, pl.Float64),
    )


def margin(published: Published, **codes: str) -> pl.DataFrame:
    """Return the cells with these codes, all other summed dimensions but those asked for by ``"*"`` at their total."""
    frame = published.frame
    for name in published.table.dimensions:
        code = codes.get(name, TOTAL if name in published.table.summed else "*")
        if code != "*":
            frame = frame.filter(pl.col(name) == code)
    return frame


def half_width(standard_error: float | None) -> float | None:
    """Return half the width of the 95% interval."""
    return None if standard_error is None or math.isnan(standard_error) else 1.96 * standard_error
