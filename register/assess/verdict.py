"""From indicators to what a source is fit for, by the published thresholds; and which official table it supports.

A source is no better than its worst essential indicator; an indicator that is not essential costs it direct use at
most; what was declared of it sets a ceiling. Both the verdict and its reasons are kept.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from register.assess.declaration import CORRECTION, DIRECT, TOTAL, UNUSABLE, Indicator, Indicators
from register.assess.questionnaire import Declared, Questionnaire

Z = 1.959964
#: Judged by variable, so that a table is concerned only with those it needs.
BY_VARIABLE = ("complete", "valid")


@dataclass(frozen=True)
class Judged:
    """One figure over all periods, with the level that it allows: 3 direct use to 0 not usable."""

    indicator_id: str
    variable: str
    value: float
    numerator: float
    denominator: float
    level: int
    essential: bool

    @property
    def allows(self) -> int:
        """The best use that this figure leaves to its source."""
        return self.level if self.essential else max(self.level, CORRECTION)


@dataclass(frozen=True)
class Verdict:
    """What a source is fit for.

    ``level`` is the lower of ``measured`` and ``declared``; ``declared`` is none while nothing was answered.
    ``limits`` are the figures that hold the measured level down. ``tables`` maps official tables to levels: those
    that ask something of the source.
    """

    declaration: str
    source: str
    level: int
    measured: int
    declared: int | None
    score: float | None
    limits: tuple[Judged, ...]
    tables: Mapping[str, int]


def judge(rows: pl.DataFrame, indicators: Indicators) -> list[Judged]:
    """Return the judged figures of a source, over all periods; in the order of the declaration.

    Parameters
    ----------
    rows
        The rows of ``indicator`` of one source.
    """
    found = []
    position = {name: at for at, name in enumerate(indicators.indicators)}
    total = rows.filter(pl.col("period") == TOTAL)
    for row in total.iter_rows(named=True):
        indicator = indicators[row["indicator_id"]]
        level = indicator.level(_spoken_for(indicator, row))
        if level is not None:
            value, numerator, denominator = (row[name] for name in ("value", "numerator", "denominator"))
            found.append(
                Judged(
                    indicator.name,
                    row["variable"],
                    value,
                    numerator,
                    denominator,
                    level,
                    indicator.essential,
                )
            )
    return sorted(found, key=lambda one: (position[one.indicator_id], one.variable))


def _spoken_for(indicator: Indicator, row: Mapping[str, float]) -> float:
    """Return a figure that varies by chance at the end of its 95% interval that speaks for the source.

    The interval is Wilson's, of the share of the denominator; an index is a multiple of it, and kappa falls short of 1
    in proportion to it.
    """
    value, n = float(row["value"]), float(row["denominator"])
    if not indicator.chance or not n:
        return value
    share = min(1.0, row["numerator"] / n)
    low, high = wilson(share, n)
    if indicator.better == "higher":
        return 1 - (1 - high) * (1 - value) / (1 - share) if share < 1 else value
    return low * value / share if share else value


def wilson(share: float, n: float) -> tuple[float, float]:
    """Return Wilson's 95% interval of a share."""
    middle = share + Z**2 / (2 * n)
    spread = Z * math.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    return (middle - spread) / (1 + Z**2 / n), (middle + spread) / (1 + Z**2 / n)


def counts(judged: Judged, indicators: Indicators) -> bool:
    """Say whether a figure is one by which the source as a whole is judged."""
    variables = indicators[judged.indicator_id].variables
    return not variables or judged.variable in variables


def has_records(judged: Iterable[Judged]) -> bool:
    """Say whether there was a record of which something could be complete."""
    return any(one.indicator_id == "complete" for one in judged)


def decide(
    declaration: str,
    source: str,
    judged: Sequence[Judged],
    declared: Declared,
    questionnaire: Questionnaire,
    indicators: Indicators,
) -> Verdict:
    """Return the verdict on a source."""
    replaced = {indicators[one.indicator_id].instead_of for one in judged}
    counted = [one for one in judged if one.indicator_id not in replaced and counts(one, indicators)]
    # An extract without a record serves nothing, however well formed.
    measured = min((one.allows for one in counted), default=UNUSABLE) if has_records(judged) else UNUSABLE
    ceiling = declared.ceiling(questionnaire) if declared.scores else None
    limits = [one for one in counted if one.allows == measured] if measured < DIRECT else []
    whole = (one.allows for one in counted if one.indicator_id not in BY_VARIABLE)
    general = min(whole, default=UNUSABLE) if has_records(judged) else UNUSABLE
    top = DIRECT if ceiling is None else ceiling
    return Verdict(
        declaration=declaration,
        source=source,
        level=min(measured, top),
        measured=measured,
        declared=ceiling,
        score=declared.mean,
        limits=tuple(limits),
        tables={
            table: min(general, top, *(_level_of(judged, variable) for variable in needs[source].variables))
            for table, needs in indicators.support.items()
            if source in needs
        },
    )


def _level_of(judged: Iterable[Judged], variable: str) -> int:
    """Return how far a variable can be used; not at all, where the source does not bring it."""
    found = [one.level for one in judged if one.variable == variable and one.indicator_id in BY_VARIABLE]
    has_values = any(one.variable == variable and one.indicator_id == "complete" for one in judged)
    return min(found) if has_values else UNUSABLE


def table_levels(verdicts: Sequence[Verdict], indicators: Indicators) -> dict[str, int]:
    """Return what each official table can be counted from: the least of its main sources, the best of one kind."""
    levels: dict[str, int] = {}
    for table, needs in indicators.support.items():
        mains = [source for source, need in needs.items() if need.role == "main"]
        levels[table] = min(
            (
                max((v.tables[table] for v in verdicts if v.source == source), default=UNUSABLE)
                for source in mains
            ),
            default=UNUSABLE,
        )
    return levels
