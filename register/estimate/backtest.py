"""How good first estimates were: hide the last months of finished years, estimate, compare with what is known now.

A vintage is a cut-off in the past from which every outcome is known today. Records until then are all that it may see:
the register is completed, the rule applied and open crossings estimated as if it were that day. What linkage has learnt
since stays, because a register is linked anew with every delivery.
"""

from __future__ import annotations

import datetime as dt
import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from register.engine import Engine
from register.estimate.complete import complete
from register.estimate.derive import derive_completed
from register.rules.residence import EVENTS, STAYS, Parameters, create_tables

#: Draws of a vintage: its error is judged by the outcome, not by the spread of many draws.
DRAWS = 6
#: Months between two vintages.
APART = 3
#: For 80% and 95% intervals.
WIDTHS = {80: 1.2816, 95: 1.96}
#: What was known on the day: each kind of record by the date that it bears.
DATED = {
    "crossing": "cast(crossed_at as date)",
    "visa": "issued_on",
    "permit": "issued_on",
    "birth": "born_on",
    "death": "died_on",
    "marriage": "married_on",
}


@dataclass(frozen=True)
class Vintage:
    """One figure of one vintage: the migrations of the twelve months before its cut-off.

    ``sex`` is ``_T`` for everybody. ``first`` is the first estimate with its ``standard_error``, without that of
    linkage, which both figures share; ``final`` what the run says today with what it does not know either
    (``final_error``), ``error`` the share by which the first was off.
    """

    cut_off: dt.date
    provisional: str
    direction: str
    sex: str
    first: float
    standard_error: float
    final: float
    final_error: float
    error: float


@dataclass(frozen=True)
class Backtest:
    """All vintages, and for each way of estimating how good it was.

    ``error`` is the mean size of the error of totals by direction, ``bias`` its mean with the sign; ``covered_80``
    and ``covered_95`` the shares of figures by direction and sex whose interval held the final value. The interval is
    that of the first estimate for the truth; the final value is an estimate too, from more of the same records, so it
    should be held somewhat more often than the truth would be.
    """

    vintages: tuple[Vintage, ...]
    summary: dict[str, dict[str, float]]

    def to_dict(self) -> dict[str, Any]:
        """Return the backtest as plain values, for JSON."""
        return {"summary": self.summary, "vintages": [asdict(one) for one in self.vintages]}


def cut_offs(parameters: Parameters, most: int) -> list[dt.date]:
    """Return the last days of the newest quarters whose crossings are all decided today, the newest first.

    None lies so early that the year before it falls into the burn-in, or that no finished crossing tells of others.
    """
    rule = parameters.rule
    newest = parameters.observed_until - dt.timedelta(days=rule.window)
    oldest = parameters.observed_from + dt.timedelta(days=2 * rule.window + 365)
    found: list[dt.date] = []
    day = dt.date(newest.year, newest.month, 1)
    while len(found) < most:
        end = day - dt.timedelta(days=1)
        if end < oldest:
            break
        if (end.month % APART) == 0:
            found.append(end)
        day = end.replace(day=1)
    return found


def backtest(
    open_run: Callable[[], Engine],
    parameters: Parameters,
    ways: Sequence[str],
    most: int,
    *,
    is_modelled: bool,
    progress: Callable[[dt.date], None] = lambda _day: None,
) -> Backtest:
    """Estimate vintages and compare them with the run.

    Parameters
    ----------
    open_run
        Opens the tables of the run, with the code lists; called anew for each vintage.
    parameters
        Of the run.
    ways
        ``"model"``, ``"baseline"`` or both.
    most
        How many vintages at most; the newest.
    is_modelled
        Whether missing records are estimated.
    progress
        Told the cut-off of each vintage.
    """
    found: list[Vintage] = []
    for cut_off in cut_offs(parameters, most):
        progress(cut_off)
        with open_run() as engine:
            final = _year(engine, "completed_event", cut_off)
        past = replace(parameters, observed_until=cut_off)
        for way, first in _first(open_run, past, ways, is_modelled=is_modelled).items():
            for (direction, sex), (value, own) in final.items():
                estimate, error = first.get((direction, sex), (0.0, 0.0))
                off = (estimate - value) / max(value, 1.0)
                found.append(
                    Vintage(
                        cut_off=cut_off,
                        provisional=way,
                        direction=direction,
                        sex=sex,
                        first=round(estimate, 3),
                        standard_error=round(error, 3),
                        final=round(value, 3),
                        final_error=round(own, 3),
                        error=round(off, 6),
                    )
                )
    return Backtest(
        tuple(found), {way: _summary([one for one in found if one.provisional == way]) for way in ways}
    )


Figures = dict[tuple[str, str], tuple[float, float]]


def _first(
    open_run: Callable[[], Engine], past: Parameters, ways: Sequence[str], *, is_modelled: bool
) -> dict[str, Figures]:
    """Return the figures of the year before a cut-off as each way estimated them on that day."""
    found = {}
    with TemporaryDirectory(prefix="register-backtest-") as folder, open_run() as engine:
        _hide(engine, past.observed_until)
        for name in STAYS:
            engine.run(f"drop view if exists {name}")
        create_tables(engine.con, STAYS, past)
        complete(engine, past, DRAWS, is_modelled=is_modelled)
        for way in ways:
            with open_run() as apart:
                _hide(apart, past.observed_until)
                for name in ("person", *STAYS, *EVENTS, "residency"):
                    apart.run(f"drop view if exists {name}")
                derive_completed(engine, apart, Path(folder), past, way)
                found[way] = _year(engine, "derived_event", past.observed_until)
    return found


def _hide(engine: Engine, cut_off: dt.date) -> None:
    """Leave only what was known on a day."""
    for name, date in DATED.items():
        engine.run(f"alter view {name} rename to later_{name}")
        engine.run(f"create view {name} as select * from later_{name} where {date} <= date '{cut_off}'")
    engine.run("alter view person rename to later_person")
    engine.run(
        f"create view person as select * replace (case when death_date <= date '{cut_off}' then death_date end "
        "as death_date) from later_person"
    )


def _year(engine: Engine, table: str, until: dt.date) -> Figures:
    """Return estimate and standard error of the twelve months until a day, by direction and sex, and for all."""
    since = (
        dt.date(until.year - 1, until.month, min(until.day, 28))
        if until.month == 2
        else until.replace(year=until.year - 1)
    )
    draws = engine.rows(f"select greatest(max(draw), 1) from {table}")[0][0]
    rows = engine.rows(
        f"""
        with one as (
            select direction, s.sex, draw, sum(probability) as value, sum(weight * probability) as estimate,
                sum(weight * probability * (1 - probability)) as outcome
            from {table} as event
            cross join (select '1' as sex union all select '2' union all select '_T') as s
            where event_date > date '{since}' and event_date <= date '{until}'
                and (s.sex = '_T' or s.sex = event.sex)
            group by all
        )
        select direction, sex, sum(estimate), sum(outcome),
            sum(case when draw > 0 then value * value else 0 end),
            sum(case when draw > 0 then value else 0 end)
        from one group by all order by all
        """
    )
    # The variance of so few draws as in `figures.spread`.
    return {
        (direction, sex): (
            estimate,
            math.sqrt(outcome + max(0.0, squares - total**2 / draws) / max(draws - 3, 1) * (1 + 1 / draws)),
        )
        for direction, sex, estimate, outcome, squares, total in rows
    }


def _summary(found: Sequence[Vintage]) -> dict[str, float]:
    totals = [one for one in found if one.sex == "_T"]
    cells = [one for one in found if one.sex != "_T"]
    if not totals:
        return {"vintages": 0}
    shares = {
        f"covered_{level}": statistics.mean(
            abs(one.first - one.final) <= width * one.standard_error for one in cells
        )
        for level, width in WIDTHS.items()
    }
    return {
        "vintages": len({one.cut_off for one in totals}),
        "error": round(statistics.mean(abs(one.error) for one in totals), 6),
        "bias": round(statistics.mean(one.error for one in totals), 6),
        **{name: round(share, 6) for name, share in shares.items()},
    }
