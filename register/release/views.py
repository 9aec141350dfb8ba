"""What of a table a reader is shown at a glance: one year, the largest categories, women and children beside the total.

The workbook and the CSV hold all cells; these views choose among them, for charts and for the tables behind the charts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from register.release.charts import Point
from register.release.declaration import TOTAL, Releases
from register.release.published import Published, half_width

SETTLED = 0.9
TOP = 15


@dataclass(frozen=True)
class Row:
    """One line of a table: what it counts, the figure with half its 95% interval, and its parts.

    A part is None where it is withheld and NaN where the table does not tell it apart. A signed figure may be negative.
    """

    labels: tuple[str, ...]
    value: float | None
    half: float | None
    women: float | None
    men: float | None
    children: float | None
    share_final: float | None
    status: str
    codes: tuple[str, ...] = ()
    is_signed: bool = False

    @property
    def point(self) -> Point:
        """The row as a point of a chart; a withheld figure is drawn as nothing."""
        return Point(self.labels[-1], self.value or 0.0, self.half or 0.0, self.status == "P")


def settled_year(flows: Published) -> str:
    """Return the last year of which nearly all is final, or else the last."""
    totals = flows.frame.filter(
        *(pl.col(name) == TOTAL for name in flows.table.summed), pl.col("direction") != "net"
    )
    shares = totals.group_by("year").agg(pl.col("share_final").fill_null(0).min()).sort("year")
    good = shares.filter(pl.col("share_final") >= SETTLED)["year"].to_list()
    return str((good or shares["year"].to_list())[-1])


def rows(
    published: Published, releases: Releases, language: str, by: Sequence[str], **codes: str
) -> list[Row]:
    """Return one row for each combination of codes of ``by``, the other summed dimensions at their total.

    Parameters
    ----------
    by
        Dimensions that tell rows apart; totals of these are left out unless nothing else is there.
    codes
        Dimensions held at one code.
    """
    table, frame = published.table, published.frame
    for name, code in codes.items():
        frame = frame.filter(pl.col(name) == code)
    parts = [
        name for name in ("sex", "child", "age") if name in table.dimensions and name not in (*by, *codes)
    ]
    for name in table.dimensions:
        if name in table.summed and name not in by and name not in parts and name not in codes:
            frame = frame.filter(pl.col(name) == TOTAL)
    for name in by:
        if name in table.summed:
            frame = frame.filter(pl.col(name) != TOTAL)

    def part(**chosen: str) -> pl.Expr:
        wanted = [pl.col(name) == chosen.get(name, TOTAL) for name in parts]
        return pl.all_horizontal(*wanted) if wanted else pl.lit(value=True)

    whole = frame.filter(part())
    child = "child" if "child" in parts else "age" if "age" in parts else ""
    told = {}
    for name, chosen in (("women", {"sex": "F"}), ("men", {"sex": "M"}), ("children", {child: "Y0T17"})):
        shown = next(iter(chosen)) in parts
        piece = frame.filter(part(**chosen)) if shown else whole.head(0)
        piece = piece.select(*by, pl.col("value").fill_null(float("nan")).alias(name))
        told[name] = shown
        whole = whole.join(piece, on=list(by), how="left", maintain_order="left") if by else whole
    return [
        Row(
            labels=tuple(releases.label(name, line[name], language) for name in by),
            value=line["value"],
            half=half_width(line["standard_error"]),
            women=_number(line["women"], told["women"]),
            men=_number(line["men"], told["men"]),
            children=_number(line["children"], told["children"]),
            share_final=line["share_final"],
            status=line["obs_status"],
            codes=tuple(line[name] for name in by),
            is_signed=any(one.terms and line.get(one.dimension) == one.code for one in table.derived),
        )
        for line in whole.iter_rows(named=True)
    ]


def _number(value: float | None, is_told: bool) -> float | None:
    """Return a part: an absent cell is zero, a withheld one unknown, one that is not told apart NaN."""
    if not is_told:
        return float("nan")
    if value is None:
        return 0.0
    return None if value != value else value


def largest(found: Sequence[Row], count: int = TOP) -> list[Row]:
    """Return the rows with the greatest values, in falling order."""
    return sorted(found, key=lambda row: -(row.value or 0))[:count]
