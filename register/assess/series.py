"""The monthly series of a source: months without records, breaks of level."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from register.assess.declaration import TOTAL, Indicators
from register.assess.measures import Row, ratio
from register.engine import Engine

LEAST_MONTHS = 3
NEAR = 6
YEAR = 12


@dataclass(frozen=True)
class Break:
    """A change of level: the month in which it begins, and monthly averages of up to half a year before and after."""

    month: str
    before: float
    after: float


def find_breaks(
    months: Sequence[str], counts: Sequence[int], penalty: float, least_change: float
) -> list[Break]:
    """Return the months at which the level of a series changes at once.

    The square roots of counts have nearly equal variance (a quarter, if counts are Poisson), so that one cost fits
    large months and small ones. Repeating months of the year are taken out first where there are three years or more.
    The partition into levels of at least three months with the least cost, squared deviations plus a penalty for each
    further level, is found exactly (optimal partitioning: Jackson and others 2005, as in PELT: Killick and others
    2012). A series that grows slowly is cut into levels too: what is told are cuts at which the half year after differs
    from the half year before by more than ``least_change``, months of the year apart.

    Parameters
    ----------
    months, counts
        Every month from the first to the last, in order.
    penalty
        In units of variance times log(months), for each further level.
    """
    size = len(counts)
    if size < 2 * LEAST_MONTHS:
        return []
    root = np.sqrt(np.asarray(counts, dtype=float))
    root = root - _season(months, root)
    variance = max(0.25, _noise(root))
    starts = _partition(root, penalty * variance * math.log(size))
    edges = [*starts, size]
    found = []
    for first, at, end in zip(edges, edges[1:], edges[2:], strict=False):
        near = slice(max(first, at - NEAR), at), slice(at, min(end, at + NEAR))
        before, after = (float(np.mean(np.asarray(counts)[span])) for span in near)
        low, high = sorted(max(0.0, float(np.mean(root[span]))) ** 2 for span in near)
        if high - low > least_change * high:
            found.append(Break(months[at], before, after))
    return found


def _season(months: Sequence[str], root: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return how far each month of the year lies from the year around it, by the median of the years."""
    if len(months) < 3 * YEAR:
        return np.zeros(len(months))
    around = np.array([np.median(root[max(0, at - 6) : at + 7]) for at in range(len(root))])
    of_year = np.array([int(month[5:7]) for month in months])
    return np.array([np.median((root - around)[of_year == month]) for month in of_year])


def _noise(root: npt.NDArray[np.float64]) -> float:
    """Return the variance within levels, from differences of neighbours, which a few changes of level do not move."""
    steps = np.abs(np.diff(root))
    return float((np.median(steps) / 0.6745) ** 2 / 2)


def _partition(values: npt.NDArray[np.float64], penalty: float) -> list[int]:
    """Return where the levels begin, the first at 0."""
    size = len(values)
    total = np.concatenate([[0.0], np.cumsum(values)])
    square = np.concatenate([[0.0], np.cumsum(values**2)])
    best, last = np.full(size + 1, np.inf), np.zeros(size + 1, dtype=int)
    best[0] = -penalty
    for end in range(LEAST_MONTHS, size + 1):
        start = np.arange(0, end - LEAST_MONTHS + 1)
        cost = square[end] - square[start] - (total[end] - total[start]) ** 2 / (end - start)
        found = best[start] + cost + penalty
        last[end] = int(np.argmin(found))
        best[end] = found[last[end]]
    starts: list[int] = []
    end = size
    while end > 0:
        starts.append(int(last[end]))
        end = int(last[end])
    return starts[::-1]


def every_month(first: dt.date, last: dt.date) -> list[str]:
    """Return the months between two days, both ends included, as YYYY-MM."""
    count = (last.year - first.year) * YEAR + last.month - first.month + 1
    return [
        f"{first.year + (first.month - 1 + n) // YEAR}-{(first.month - 1 + n) % YEAR + 1:02d}"
        for n in range(count)
    ]


def monthly(engine: Engine, indicators: Indicators) -> Iterator[Row]:
    """Yield records by month, months received, breaks, over ``fact``."""
    found = engine.rows(
        "select strftime(moment, '%Y-%m'), min(moment)::date, count(*) from fact"
        " where role = 0 and moment is not null group by 1 order by 1"
    )
    if not found:
        return
    months = every_month(found[0][1], found[-1][1])
    at = {month: int(n) for month, _, n in found}
    counts = [at.get(month, 0) for month in months]
    for month, n in zip(months, counts, strict=True):
        yield (month, TOTAL, "month_records", float(n), float(n), 1.0)
    parameters = indicators.parameters
    if sum(counts) < parameters["least_monthly"] * len(counts):
        return
    for year in sorted({month[:4] for month in months}):
        own = [n for month, n in zip(months, counts, strict=True) if month[:4] == year]
        yield from ratio(year, TOTAL, "months_received", sum(n > 0 for n in own), len(own))
    yield from ratio(TOTAL, TOTAL, "months_received", sum(n > 0 for n in counts), len(counts))
    breaks = find_breaks(months, counts, parameters["break_penalty"], parameters["least_change"])
    yield (TOTAL, TOTAL, "breaks", float(len(breaks)), float(len(breaks)), float(len(months)))
    for one in breaks:
        yield (
            one.month,
            TOTAL,
            "break_level",
            one.after / one.before if one.before else math.inf,
            one.after,
            one.before,
        )
