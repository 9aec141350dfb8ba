"""Tidy CSV: one file a table with codes, one file with the labels of all codes, one with the tables themselves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from register.release.declaration import TOTAL, Releases
from register.release.published import Published


def write_tidy(published: Sequence[Published], releases: Releases, folder: Path) -> None:
    """Write the tables, ``codes.csv`` and ``tables.csv``."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in published:
        one.frame.write_csv(folder / f"{one.table.name}.csv")
    used: dict[tuple[str, str], None] = {}
    for one in published:
        for dimension in one.table.dimensions:
            used |= {(dimension, code): None for code in sorted(one.frame[dimension].unique().to_list())}
    rows = [
        {
            "dimension": dimension,
            "code": code,
            "label_es": releases.label(dimension, code, "es"),
            "label_en": releases.label(dimension, code, "en"),
        }
        for dimension, code in used
    ]
    pl.DataFrame(
        rows, schema=dict.fromkeys(("dimension", "code", "label_es", "label_en"), pl.String)
    ).write_csv(folder / "codes.csv")
    pl.DataFrame(
        [
            {
                "table": one.table.name,
                "title_es": one.table.title["es"],
                "title_en": one.table.title["en"],
                "note_es": one.table.note.get("es", ""),
                "note_en": one.table.note.get("en", ""),
                "unit": one.table.unit.get("en") or "persons",
                "eurostat": " ".join(one.table.eurostat),
                "un": one.table.un.get("en", ""),
                "rows": len(one.frame),
            }
            for one in published
        ]
    ).write_csv(folder / "tables.csv")
    periods = [
        {
            "years": " ".join(map(str, period.years)),
            "kind": period.kind,
            "tables": " ".join(period.tables) or TOTAL,
            "note_es": period.label["es"],
            "note_en": period.label["en"],
        }
        for period in releases.periods
    ]
    pl.DataFrame(periods).write_csv(folder / "periods.csv")
