"""Disorder for testing ingest: unreadable dates, codes that no list holds, rows twice, lines cut short.

All shares are zero unless a file of faults says otherwise. The truth knows nothing of it: a mention whose
line was cut stays in the truth, and evaluation counts it among those that the run does not have.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from register.synth.declare import Rates
from register.synth.draw import chance, choose_word, replace_some
from register.synth.extracts import Layout

NO_DATES = {"SIN DATO": 1.0, "00/00/0000": 1.0, "31/02/1980": 1.0, "19801345": 1.0, "1980-02-30": 1.0}
NO_CODE = "QQQ"


def disorder(rng: np.random.Generator, rates: Rates, rows: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    """Return the rows of an extract with unreadable values and rows repeated."""
    for share, columns in (
        (rates["unreadable_birth_date"], layout.birth_dates),
        (rates["unreadable_date"], layout.dates),
    ):
        rows = rows.with_columns(
            replace_some(
                rows[column],
                chance(rng, share, rows.height) & rows[column].is_not_null().to_numpy(),
                lambda words: choose_word(rng, NO_DATES, len(words)),
            )
            for column in columns
        )
    rows = rows.with_columns(
        replace_some(
            rows[column],
            chance(rng, rates["bad_code"], rows.height),
            lambda words: pl.repeat(NO_CODE, len(words), eager=True),
        )
        for column in layout.codes
    )
    return rows[np.repeat(np.arange(rows.height), 1 + chance(rng, rates["duplicate_row"], rows.height))]


def break_lines(rng: np.random.Generator, share: float, text: str) -> str:
    """Return the text of an extract with some lines, never the first, cut in the middle."""
    if not share:
        return text
    lines = text.split("\r\n")
    for at in np.flatnonzero(chance(rng, share, len(lines) - 2)) + 1:
        lines[at] = lines[at][: len(lines[at]) // 3]
    return "\r\n".join(lines)
