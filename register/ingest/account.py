"""The account of every row received: it stands in a table, is rejected, repeats another, or was replaced."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import polars as pl

from register.concepts import RECORDS
from register.errors import RegisterError


@dataclass
class FileCount:
    """What became of the rows of one file.

    Where a row of the extract holds several records, each counts as one received; ``unfolded`` says how many there are
    more than rows in the file.
    """

    declaration: str
    source: str
    file: str
    received: int = 0
    blank: int = 0
    in_tables: int = 0
    rejected: int = 0
    duplicate: int = 0
    superseded: int = 0
    unfolded: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    unknown_columns: list[str] = field(default_factory=list)
    missing_columns: list[str] = field(default_factory=list)

    def add_reasons(self, texts: pl.Series) -> None:
        """Count the reason codes of some rows."""
        for reason, count in every_reason(texts.drop_nulls()).items():
            self.reasons[reason] = self.reasons.get(reason, 0) + count


def prove_counts(counts: Sequence[FileCount], rows: dict[str, int]) -> None:
    """Prove that every row received stands in a table, is rejected, or is a counted duplicate or old version.

    Raises
    ------
    RegisterError
        If the sums differ.
    """
    for table in RECORDS:
        told = sum(count.in_tables for count in counts if count.source == table)
        if told != rows[table]:
            raise RegisterError("rows_do_not_add_up", where=table, expected=told, found=rows[table])
    for table in ("rejected", "superseded"):
        told = sum(getattr(count, table) for count in counts)
        if told != rows[table]:
            raise RegisterError("rows_do_not_add_up", where=table, expected=told, found=rows[table])


def every_reason(reasons: Iterable[str | None]) -> dict[str, int]:
    """Count reason codes in joined texts."""
    counts: dict[str, int] = {}
    for text in reasons:
        for reason in text.split(";") if text else ():
            counts[reason] = counts.get(reason, 0) + 1
    return counts
