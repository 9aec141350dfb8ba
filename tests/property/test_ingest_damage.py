"""Extracts damaged at random: nothing crashes, every line is accounted for, what was not damaged survives.

Checked on the reader of lines, which alone meets the damage; what follows it sees only well-formed rows. The files are
long enough for damage to meet damage and short enough for many hundreds of them.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kit import CROSSINGS, VISAS, Layout

from register.ingest.block import LINE
from register.ingest.declaration import Source, load_sources
from register.ingest.extracts import Extract
from register.ingest.header import first_line, read_header
from register.ingest.read import read_blocks
from register.schema import load_schema, profile_directory

SCHEMAS = profile_directory() / "schemas"
SOURCES = {source.name: source for source in load_sources(SCHEMAS / "sources", "COL", load_schema(SCHEMAS))}
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@dataclass
class Read:
    """What was read: rows by line, rejected lines with reasons, and how many lines were blank."""

    rows: list[dict]
    rejected: list[tuple[int, str, str]]
    blank: int

    @property
    def keys(self) -> set[str]:
        return {next(iter(row.values())) for row in self.rows}


def read(directory: Path, layout: Layout, content: bytes, block_bytes: int = 2**25) -> Read:
    source: Source = SOURCES[layout.declaration]
    path = directory / "extract.csv"
    path.write_bytes(content)
    extract = Extract(0, path, path.name, source)
    head = first_line(extract)
    found = Read([], [], 0)
    if not head:
        return found
    for block in read_blocks(extract, read_header(head, source), block_bytes):
        assert block.received == block.rows.height + block.rejected.height
        found.rows += block.rows.to_dicts()
        found.rejected += block.rejected.select("line", "reasons", "raw").rows()
        found.blank += block.blank
    found.rejected.sort()
    return found


# --- damage -----------------------------------------------------------------------------------------------------------
# Each kind of damage is a function of a line and two random numbers; it gives the lines that stand in its place.


def cut(line: bytes, at: int, _: int) -> list[bytes]:
    return [line[: at % len(line)]]


def without_delimiter(line: bytes, at: int, _: int) -> list[bytes]:
    places = [place for place, sign in enumerate(line) if sign in b";,"]
    place = places[at % len(places)]
    return [line[:place] + line[place + 1 :]]


def inserted(*signs: bytes) -> Callable[[bytes, int, int], list[bytes]]:
    def insert(line: bytes, at: int, which: int) -> list[bytes]:
        place = at % (len(line) + 1)
        return [line[:place] + signs[which % len(signs)] + line[place:]]

    return insert


def split(line: bytes, at: int, _: int) -> list[bytes]:
    place = at % len(line)
    return [line[:place], line[place:]]


def noise(line: bytes, at: int, which: int) -> list[bytes]:
    generator = random.Random(at * 7919 + which)
    return [bytes(generator.randrange(256) for _ in range(which % 60)).translate(None, b'\n\r"')]


def blank(line: bytes, at: int, which: int) -> list[bytes]:
    return [line, *[b"", b" ", b"\t"][: which % 4]]


DAMAGE = {
    "cut": cut,
    "split": split,
    "delimiter lost": without_delimiter,
    "delimiter added": inserted(b";", b",", b"|", b"\t"),
    "NUL": inserted(b"\0", b"\0\0\0"),
    "control": inserted(b"\x0b", b"\x0c", b"\x1a", b"\x1c", b"\x85", b"\xa0"),
    "other encoding": inserted(
        "Ñ".encode("latin-1"), "Ñ".encode(), "Ñ".encode("utf-16"), b"\xff", b"\xed\xa0\x80"
    ),
    "noise": noise,
    "blank lines": blank,
    "header again": lambda line, at, which: [line, (VISAS if b"," in line else CROSSINGS).header.encode()],
}


def layout_lines(layout: Layout, number: int) -> list[bytes]:
    key = next(iter(layout.ordinary))
    return [layout.row(**{key: f"K{at:04d}"}).encode(layout.encoding) for at in range(number)]


@st.composite
def damaged(draw: st.DrawFn, layout: Layout, kinds: list[str]) -> tuple[bytes, set[str]]:
    """Draw a file with some lines damaged; return it with the keys of the lines that were not."""
    lines = layout_lines(layout, draw(st.integers(1, 12)))
    wounds = draw(
        st.dictionaries(
            st.integers(0, len(lines) - 1),
            st.tuples(st.sampled_from(kinds), st.integers(0, 400), st.integers(0, 400)),
            max_size=6,
        )
    )
    out = [layout.header.encode(layout.encoding)]
    whole = set()
    for at, line in enumerate(lines):
        if at in wounds:
            kind, place, which = wounds[at]
            out += DAMAGE[kind](line, place, which)
        else:
            out.append(line)
            whole.add(f"K{at:04d}")
    end = draw(st.sampled_from([b"\n", b"\r\n"]))
    return end.join(out) + draw(st.sampled_from([b"", end, b"\n\n"])), whole


def physical_lines(content: bytes) -> int:
    """Count the lines after the header that hold anything."""
    return sum(1 for line in content.split(b"\n") if line.strip(b"\r \t")) - 1


@QUICK
@given(damaged(CROSSINGS, list(DAMAGE)))
def test_damaged_crossings_are_accounted_for_line_by_line(
    tmp_path: Path, case: tuple[bytes, set[str]]
) -> None:
    content, whole = case
    found = read(tmp_path, CROSSINGS, content)
    assert whole <= found.keys
    assert len(found.rows) + len(found.rejected) == physical_lines(content)
    seen = [row[LINE] for row in found.rows] + [line for line, _, _ in found.rejected]
    assert len(seen) == len(set(seen)), "no line is told twice"
    assert all(reason for _, reason, _ in found.rejected)


@QUICK
@given(damaged(CROSSINGS, list(DAMAGE)), st.integers(60, 700))
def test_the_size_of_blocks_does_not_matter(tmp_path: Path, case: tuple[bytes, set[str]], size: int) -> None:
    content, _ = case
    whole, pieces = read(tmp_path, CROSSINGS, content), read(tmp_path, CROSSINGS, content, size)
    assert whole == pieces
