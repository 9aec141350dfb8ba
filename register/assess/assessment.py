"""What an assessment found."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from register.assess.questionnaire import Declared
from register.assess.verdict import Judged, Verdict


@dataclass(frozen=True)
class Assessed:
    """One source: its declaration, kind of record, titles, rows received, files, and the variables that it brings."""

    declaration: str
    source: str
    title: dict[str, str]
    received: int
    files: int
    variables: tuple[str, ...]


@dataclass(frozen=True)
class Assessment:
    """What was found. ``indicator`` has the columns of the table of that name; ``run`` is empty without linkage.

    ``is_stale`` says that the run linked other extracts than those that were measured.
    """

    name: str
    country: str
    made: str
    run: str
    is_stale: bool
    sources: tuple[Assessed, ...]
    absent: tuple[str, ...]
    unclaimed: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    judged: dict[str, list[Judged]]
    declared: dict[str, Declared]
    indicator: pl.DataFrame

    def of(self, declaration: str) -> pl.DataFrame:
        """Return the rows of one source."""
        return self.indicator.filter(pl.col("declaration") == declaration)
