"""Rows that hold several records, unfolded, against a reference that goes from row to row."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from register.ingest.block import LINE
from register.ingest.declaration import Source, load_source
from register.ingest.unfold import ROW, line_of, unfold
from register.schema import load_schema, profile_directory

DECLARATION = """
table = "crossing"
files = "x.csv"
key = "id"
format = { nulls = ["S/D"] }
[rows.entry]
day = ["d1", "h1"]
post = "p1"
paper = "doc"
way = { constant = "E" }
[rows.exit]
day = ["d2", "h2"]
post = "p2"
paper = "doc2"
way = { constant = "S" }
[columns]
crossed_at = { from = "day", format = "%d/%m/%Y %H:%M" }
direction = "way"
border_post_code = "post"
[person.self]
document = "paper"
"""
CELLS = ("id", "d1", "h1", "p1", "doc", "d2", "h2", "p2", "doc2")
NOTHING = (None, "", " ", "S/D", "00/00/0000", "00:00", "-", "0")
SAYING = ("05/03/2023", "14:30", "EL DORADO", "9")
ROWS = st.lists(st.tuples(*(st.sampled_from(NOTHING + SAYING) for _ in CELLS)), max_size=8)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    path = tmp_path_factory.mktemp("x") / "x.toml"
    path.write_text(DECLARATION, "utf-8")
    return load_source(path, load_schema(profile_directory() / "schemas"))


def joined(*cells: str | None) -> str | None:
    told = [cell.strip() for cell in cells if cell is not None and cell.strip() not in ("", "S/D")]
    return " ".join(told) or None


def bare(cell: str | None) -> str | None:
    return None if cell is not None and cell.strip() == "S/D" else cell


def says(cell: str | None) -> bool:
    return cell is not None and any(sign not in "0/:- " for sign in cell)


def one_by_one(rows: list[tuple[str | None, ...]]) -> list[tuple[object, ...]]:
    """Return line, name, shared and own cells of every record, row by row."""
    found: list[tuple[object, ...]] = []
    for line, row in enumerate(rows, start=2):
        cell = dict(zip(CELLS, row, strict=True))
        both = [
            (name, joined(cell[f"d{at}"], cell[f"h{at}"]), bare(cell[f"p{at}"]), bare(cell[paper]), way)
            for at, name, paper, way in ((1, "entry", "doc", "E"), (2, "exit", "doc2", "S"))
        ]
        there = [one for one in both if says(one[1]) or says(one[2])] or both[:1]
        found += [(line, one[0], bare(cell["id"]), *one[1:]) for one in there]
    return found


@given(rows=ROWS)
def test_every_row_gives_the_records_that_it_tells_of(
    source: Source, rows: list[tuple[str | None, ...]]
) -> None:
    frame = pl.DataFrame(rows, schema=dict.fromkeys(CELLS, pl.String), orient="row").with_columns(
        pl.int_range(2, 2 + len(rows), dtype=pl.Int64).alias(LINE)
    )
    records = unfold(frame, source, "x.csv")
    assert records[LINE].is_unique().all()
    assert records[LINE].is_sorted()
    told = records.select(line_of(source), ROW, "id", "day", "post", "paper", "way").rows()
    assert told == one_by_one(rows)
