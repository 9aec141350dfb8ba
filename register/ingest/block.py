"""A stretch of an extract: well-formed rows, and lines kept aside with the reason why they are no rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

MAX_RAW_CHARACTERS = 4_000

LINE = "__line"
UNKNOWN = "__unknown_"
TEXT = "__text"
Parted = tuple[pl.DataFrame, pl.DataFrame, int]
"""Rows, rejected lines, and how many lines were blank."""
REJECTED_SCHEMA = {"line": pl.Int64, "reasons": pl.String, "raw": pl.String}


@dataclass(frozen=True)
class Block:
    """A stretch of one file.

    ``rows`` has one row per well-formed record: ``__line`` (the physical line it starts on, from 1) and one text
    column per header, empty text as null. ``rejected`` has line, reasons, raw. ``received`` is the sum of both.
    ``consumed`` is the share of the file, in bytes, that went into the block.
    """

    rows: pl.DataFrame
    rejected: pl.DataFrame
    blank: int
    consumed: int

    @property
    def received(self) -> int:
        """Rows received in the block, well formed or not."""
        return self.rows.height + self.rejected.height


@dataclass(frozen=True)
class Header:
    """The header of a file, held against its declaration.

    ``columns`` are the declared names, in the order of the file; those that the declaration does not know begin with
    ``__unknown``. ``first`` is the first header as the file writes it, by which a repeated header is known; ``lines``
    says over how many lines the header goes, ``delimiter`` what separates the columns. ``is_doubtful`` says that hardly
    a declared column stands in it: it may be a row of data, so that ``unknown`` gives places in it and no text.
    ``places`` says where each column stands in an object of JSON.
    """

    columns: tuple[str, ...]
    unknown: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    missing_required: tuple[str, ...] = ()
    first: str = ""
    lines: int = 1
    delimiter: str = ","
    is_doubtful: bool = False
    places: tuple[str, ...] = ()


def reject(lines: pl.DataFrame, reason: str) -> pl.DataFrame:
    """Return lines (``__line``, ``__text``) as rejected for one reason."""
    return as_rejected(lines.with_columns(pl.lit(reason).alias("reasons")))


def as_rejected(lines: pl.DataFrame) -> pl.DataFrame:
    """Return lines (``__line``, ``__text``, ``reasons``) as rejected, with the beginning of their text."""
    return lines.select(
        pl.col(LINE).cast(pl.Int64).alias("line"),
        pl.col("reasons").cast(pl.String),
        pl.col(TEXT).str.slice(0, MAX_RAW_CHARACTERS).alias("raw"),
    )


def no_rejected() -> pl.DataFrame:
    """Return no rejected lines."""
    return pl.DataFrame(schema=REJECTED_SCHEMA)


def no_rows(columns: Sequence[str]) -> pl.DataFrame:
    """Return no rows of these columns."""
    return pl.DataFrame(schema={**dict.fromkeys(columns, pl.String), LINE: pl.Int64})
