"""The parametric residence rule: its two numbers, its presets, and its SQL with the parameters put in.

Parameters are put into the text as typed literals (whole numbers, dates, words of a closed list), never as
text that a user wrote: the same statement then runs on DuckDB and, transpiled, on Spark, reads well in a log,
and lets the planner see constants where a window frame wants them.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from register.errors import DeclarationError, suggest

if TYPE_CHECKING:
    import duckdb

STAYS = ("passage", "presence", "leg", "gap", "movement", "movement_conflict", "initial_status", "stay")
RULINGS = ("spell", "search", "decided", "walk", "late", "ruling")
EVENTS = (
    *("presence", "initial_status", "history"),
    *RULINGS,
    *("day_count", "verdict", "landmark", "forecast", "outlook", "migration", "event"),
)
RESIDENCY = ("residency",)

# Read by the verdict and by nothing after it: as large as the register together, and dropped once it stands.
_FOR_VERDICT = ("history", *RULINGS, "day_count")

# Read and made in the order of persons and their crossings.
IN_ORDER = frozenset({"spell", "walk"})

MISSING_LEG_POLICIES = ("midpoint", "permit-expiry", "drop-person", "stochastic")


@dataclass(frozen=True)
class Rule:
    """A residence rule: who spends V of W days on the other side has moved there.

    Parameters
    ----------
    threshold
        V, in days.
    window
        W, in days.
    name
        Of the preset, or ``"custom"``.

    Raises
    ------
    DeclarationError
        Unless W/2 < V <= W: with less, both sides could be satisfied at once and the status not be unique.
    """

    threshold: int
    window: int
    name: str = "custom"

    def __post_init__(self) -> None:
        if not self.window / 2 < self.threshold <= self.window:
            raise DeclarationError("bad_rule", threshold=self.threshold, window=self.window)

    @classmethod
    def preset(cls, name: str) -> Rule:
        """Return a published rule by its name.

        Raises
        ------
        DeclarationError
            If no preset has that name.
        """
        if name not in PRESETS:
            raise DeclarationError(
                "unknown_preset", name=name, suggestion=suggest(name, PRESETS), known=", ".join(PRESETS)
            )
        return PRESETS[name]


PRESETS: Mapping[str, Rule] = {
    rule.name: rule
    for rule in (
        Rule(365, 487, "12-of-16"),
        Rule(365, 365, "12-consecutive"),
        Rule(270, 365, "9-of-12"),
        Rule(183, 365, "6-of-12"),
    )
}


@dataclass(frozen=True)
class Parameters:
    """What the SQL of the rule depends on.

    Parameters
    ----------
    rule
        V and W.
    observed_from, observed_until
        First and last day of the series, both observed.
    country
        ISO 3166-1 alpha-3 code of the country whose register it is: tells nationals from foreigners.
    missing_leg
        How two arrivals, or two departures, in a row are repaired: one of ``MISSING_LEG_POLICIES``.
    seed
        Of the policy ``stochastic``.

    Raises
    ------
    DeclarationError
        If the policy is unknown, the country is no code, or the series ends before it begins.
    """

    rule: Rule
    observed_from: dt.date
    observed_until: dt.date
    country: str
    missing_leg: str = "midpoint"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.missing_leg not in MISSING_LEG_POLICIES:
            raise DeclarationError(
                "unknown_policy",
                name=self.missing_leg,
                suggestion=suggest(self.missing_leg, MISSING_LEG_POLICIES),
                known=", ".join(MISSING_LEG_POLICIES),
            )
        if not re.fullmatch(r"[A-Z]{3}", self.country):
            raise DeclarationError("bad_country", country=self.country)
        if self.observed_until < self.observed_from:
            raise DeclarationError("bad_series", first=self.observed_from, last=self.observed_until)

    def values(self) -> dict[str, int | dt.date | str]:
        """Return the parameters by the names that the SQL uses."""
        return {
            "threshold": self.rule.threshold,
            "window": self.rule.window,
            "observed_from": self.observed_from,
            "observed_until": self.observed_until,
            "country": self.country,
            "missing_leg": self.missing_leg,
            "seed": self.seed,
        }


def sql(table: str, parameters: Parameters, *, in_order: bool = False) -> str:
    """Return the ``select`` that makes a table of the rule.

    Parameters
    ----------
    table
        One of ``STAYS``, ``EVENTS`` or ``RESIDENCY``; grain and columns stand at the head of its file.
    parameters
        Of the rule and the series.
    in_order
        Leave the order of windows over trails to the order in which the table read is stored. On DuckDB such
        windows stream: a third of the time, and no memory. Only for tables in ``IN_ORDER``, which are written
        to give the same rows whether their windows see one person or all persons one after another.
    """
    text = bind(read_rule(table), parameters.values())
    return text.replace("partition by person order by place", "") if in_order else text


def create_tables(
    connection: duckdb.DuckDBPyConnection, tables: Iterable[str], parameters: Parameters
) -> None:
    """Make tables of the rule in DuckDB, in the order given, as temporary tables of a connection.

    Those from which ``verdict`` is made are dropped after it, so that memory holds one large step at a time.
    """
    for table in tables:
        text = sql(table, parameters, in_order=table in IN_ORDER)
        connection.execute(f"create or replace temporary table {table} as {text}")
        if table == "verdict":
            for step in _FOR_VERDICT:
                connection.execute(f"drop table if exists {step}")


@cache
def read_rule(table: str) -> str:
    """Return the text of a rule file, without parameters."""
    return files(__package__).joinpath(f"{table}.sql").read_text("utf-8")


def bind(text: str, values: Mapping[str, int | dt.date | str]) -> str:
    """Put typed values in the place of ``:name``; every name in the text must have one."""
    code = "\n".join(
        line.split("--", 1)[0].rstrip() for line in text.splitlines() if not line.startswith("--")
    )
    return re.sub(r"(?<![:\w]):([a-z_]+)", lambda found: _literal(values[found[1]]), code)


def _literal(value: int | dt.date | str) -> str:
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, dt.date):
        return f"date '{value.isoformat()}'"
    if re.fullmatch(r"[\w-]+", value):
        return f"'{value}'"
    raise ValueError(f"not a word of a closed list: {value!r}")
