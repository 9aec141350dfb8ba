"""Twice fifty thousand lines, one in three of them damaged in some way: nothing crashes, all are counted."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kit import CROSSINGS, ingest

from register.errors import QualityError

LINES = 50_000
EVERYTHING_ALLOWED = {"register.toml": [("max_rejected_share = 0.02", "max_rejected_share = 1.0")]}
# Longer than what readers of CSV take for a value, and longer than a line can be.
HUGE = (*[5_000] * 300, 140_000, 2**20 + 9)
Damage = Callable[[bytes, random.Random], bytes]


def cells(line: bytes, at: int, value: bytes) -> bytes:
    parts = line.split(b";")
    parts[at] = value
    return b";".join(parts)


DAMAGE: dict[str, Damage] = {
    "truncated": lambda line, draw: line[: draw.randrange(len(line))],
    "another delimiter": lambda line, draw: line.replace(b";", draw.choice([b",", b"\t", b"|"])),
    "binary": lambda line, draw: draw.randbytes(draw.randrange(1, 80)).replace(b"\n", b""),
    "NUL": lambda line, draw: line[:9] + b"\0" * draw.randrange(1, 5) + line[9:],
    "a huge value": lambda line, draw: cells(line, 9, b"X" * draw.choice(HUGE)),
    "a huge value in quotes over two lines": lambda line, draw: cells(
        line, 9, b'"' + b"X" * draw.choice(HUGE) + b'\n"'
    ),
    "a date that is none": lambda line, draw: cells(
        line, 1, draw.choice([b"31/02/2023 10:00", b"ayer", b"", b"0"])
    ),
    "an unknown code": lambda line, draw: cells(line, 2, draw.choice([b"TRANSITO", b"?", b"99"])),
    "no key": lambda line, draw: cells(line, 0, b" "),
    "no birth date": lambda line, draw: cells(line, 10, draw.choice([b"99/99/9999", b"SIN", b"01/01/2999"])),
    "the header again": lambda line, draw: CROSSINGS.header.encode(),
    "another encoding": lambda line, draw: cells(
        line, 8, "PEÑA".encode(draw.choice(["utf-8", "utf-16", "cp437"]))
    ),
    "a stray quote": lambda line, draw: cells(line, 7, draw.choice([b'"', b'A"B', b'"A"B', b'""', b'"A;B"'])),
    "twice": lambda line, draw: line + b"\r\n" + line,
    "columns too many": lambda line, draw: line + b";" * draw.randrange(1, 9),
    "nothing": lambda line, draw: draw.choice([b"", b" ", b"\t", b";;;"]),
    "two lines in one": lambda line, draw: line + line,
}


@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_a_hundred_thousand_lines_of_every_damage_are_accounted_for(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    kinds = list(DAMAGE.values())
    files: dict[str, list[bytes]] = {f"migracion_movimientos_{year}.csv": [] for year in (2019, 2020, 2021)}
    whole = 0
    for at, name in zip(range(LINES), list(files) * LINES, strict=False):
        line = CROSSINGS.row(ID_MOVIMIENTO=f"M{at}", NUM_DOCUMENTO=f"AB{at % 977:06d}").encode("latin-1")
        damaged = draw.random() < 1 / 3
        whole += not damaged
        files[name].append(draw.choice(kinds)(line, draw) if damaged else line)
    content: dict[str, bytes | str] = {
        name: b"\r\n".join([CROSSINGS.header.encode(), *lines]) for name, lines in files.items()
    }
    content |= {
        "migracion_movimientos_2022.csv": b"",
        "migracion_movimientos_2023.csv/LEAME.txt": "una carpeta con nombre de archivo",
        "migracion_movimientos_2024.csv": draw.randbytes(100_000),
    }
    built = ingest(Path(mkdtemp(dir=tmp_path)), content, EVERYTHING_ALLOWED, until="ingest")
    for name, lines in files.items():
        physical = b"\n".join(lines).split(b"\n")
        filled = sum(1 for line in physical if line.strip(b"\r \t\x1a"))
        # A value in quotes over two lines is one row where it is whole.
        assert filled - sum(b'\n"' in line for line in lines) <= built.count(name)["received"] <= filled
    assert built.values("select count(*) from crossing")[0] >= whole
    assert built.values(
        "select count(*) from rejected where reasons is null or file is null or line is null"
    ) == [0]
    reasons = {reason for count in built.files for reason in count["reasons"]}
    assert {
        *(
            "line:too_few_columns",
            "line:too_many_columns",
            "line:binary",
            "line:repeated_header",
            "line:open_quote",
            "line:too_long",
        ),
        *("crossed_at:date_unreadable", "crossed_at:missing", "direction:unknown_code", "record_key:missing"),
        *("birth_date:date_unreadable", "birth_date:date_out_of_range", "header:missing_column"),
    } <= reasons
    assert built.count("migracion_movimientos_2022.csv")["received"] == 0
    assert built.count("migracion_movimientos_2024.csv")["in_tables"] == 0


DECLARATION = "schemas/sources/col/migracion_movimientos.toml"
KEY = 'key    = "ID_MOVIMIENTO"'


def crossings(bad: int) -> dict[str, bytes]:
    rows = [CROSSINGS.row(ID_MOVIMIENTO=f"M{at}") for at in range(1_000)]
    worse = [row.replace("ENTRADA", "TRANSITO") for row in rows[:bad]]
    return {
        CROSSINGS.file: CROSSINGS.text(*worse, *rows[bad:]),
        "migracion_movimientos_2024.csv": CROSSINGS.text(),
    }


def test_a_source_worse_than_the_project_allows_stops_the_build_and_says_where(tmp_path: Path) -> None:
    with pytest.raises(QualityError) as caught:
        ingest(tmp_path / "project", crossings(21))
    assert caught.value.exit_code == 13
    assert caught.value.where == CROSSINGS.file
    assert "2.1%" in str(caught.value)
    assert "direction:unknown_code" in str(caught.value)
    ingest(tmp_path / "better", crossings(20))


@pytest.mark.parametrize(("allowed", "bad"), [("0.5", 499), ("0.001", 1)])
def test_a_declaration_may_allow_more_or_less_than_the_project(
    tmp_path: Path, allowed: str, bad: int
) -> None:
    edits = {DECLARATION: [(KEY, f"{KEY}\nmax_rejected_share = {allowed}")]}
    ingest(tmp_path / "within", crossings(bad), edits)
    with pytest.raises(QualityError):
        ingest(tmp_path / "beyond", crossings(bad + 2), edits)
