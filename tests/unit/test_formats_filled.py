"""What an extract writes once for several rows: cells merged in a workbook, lines that go on below a person's."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st
from kit import Built, ingest

from register.errors import DeclarationError
from register.ingest.block import LINE, REJECTED_SCHEMA, Block
from register.ingest.filled import fill_down

DECLARATION = """
table = "permit"
files = "permisos.*"
key = ["exp", "n"]
format = {{ {form}, fill_down = ["exp", "persona", "pas"] }}
[columns]
permit_class_code = {{ constant = "CE" }}
issued_on = "desde"
[person.self]
name = {{ layout = "surnames_given", full = "persona" }}
document = "pas"
"""
HEADER = ("exp", "persona", "pas", "n", "desde")


def permits(folder: Path, content: bytes | str, name: str, form: str) -> Built:
    declared = {"schemas/sources/col/x.toml": DECLARATION.format(form=form)}
    return ingest(folder / "p", {f"permisos.{name}": content}, declared)


def told(built: Built) -> list[str]:
    return built.values(
        "select concat_ws(' ', permit.record_key, given_name, document_number) from permit "
        "join mention using (record_id) join identity using (identity_id) order by 1"
    )


def test_lines_that_go_on_are_records_of_the_person_named_above(tmp_path: Path) -> None:
    text = """exp;persona;pas;n;desde
7;DIAZ, EVA;A1;1;2020-01-01
;;;2;2021-01-01
;;;3;2022-01-01
8;ROJAS, LUIS;;1;2020-05-01
;;;2;2021-05-01
9;SOTO, ANA;A3;1;2020-05-01;too;many
;;;2;2021-05-01
;;A4;3;2022-05-01
10;VERA, IVO;A5;1;2020-05-01
exp;persona;pas;n;desde
;;;2;2021-05-01
"""
    built = permits(tmp_path, text, "csv", 'delimiter = ";"')
    # EVA's document must not stand in for that of LUIS, which is not told; what follows a broken line is nobody's.
    assert told(built) == [
        *("10-1 IVO A5", "10-2 IVO A5", "7-1 EVA A1", "7-2 EVA A1", "7-3 EVA A1", "8-1 LUIS", "8-2 LUIS"),
    ]
    assert built.rows("select line, reasons from rejected order by line") == [
        {"line": 7, "reasons": "line:too_many_columns"},
        {"line": 8, "reasons": "record_key:missing"},
        {"line": 9, "reasons": "record_key:missing"},
        {"line": 11, "reasons": "line:repeated_header"},
    ]


def test_merged_cells_of_a_workbook_hold_for_all_that_they_cover(tmp_path: Path) -> None:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet()
    for at, name in enumerate(HEADER):
        sheet.write(0, at, name)
    for at, (number, person, paper) in enumerate([(7, "DIAZ, EVA", "A1"), (8, "ROJAS, LUIS", "A2")]):
        for place, text in enumerate((number, person, paper)):
            sheet.merge_range(1 + 2 * at, place, 2 + 2 * at, place, text)
        for row in (1, 2):
            sheet.write(2 * at + row, 3, row)
            sheet.write(2 * at + row, 4, f"202{row}-01-01")
    book.close()
    built = permits(tmp_path, out.getvalue(), "xlsx", 'type = "xlsx"')
    assert told(built) == ["7-1 EVA A1", "7-2 EVA A1", "8-1 LUIS A2", "8-2 LUIS A2"]


CELL = st.sampled_from(["", "a", "b"])


@given(st.lists(st.tuples(CELL, CELL, st.booleans()), max_size=14), st.integers(1, 5))
def test_cells_are_filled_as_one_reads_a_sheet_from_the_top_in_blocks_of_any_size(
    lines: list[tuple[str, str, bool]], size: int
) -> None:
    expected, outer, inner = [], None, None
    for line, (first, second, is_broken) in enumerate(lines):
        if is_broken:
            outer = inner = None
            continue
        if first:
            outer, inner = first, second or None
        elif second:
            inner = second
        expected.append((line, outer, inner))
    blocks = []
    for at in range(0, len(lines), size):
        part = list(enumerate(lines))[at : at + size]
        rows = [(line, first or None, second or None) for line, (first, second, broken) in part if not broken]
        rejected = [(line, "line:binary", "") for line, (_, _, broken) in part if broken]
        blocks.append(
            Block(
                pl.DataFrame(rows, {LINE: pl.Int64, "x": pl.String, "y": pl.String}, orient="row"),
                pl.DataFrame(rejected, REJECTED_SCHEMA, orient="row"),
                0,
                0,
            )
        )
    assert [row for block in fill_down(blocks, ["x", "y"]) for row in block.rows.rows()] == expected


def test_a_column_that_is_not_read_cannot_be_filled(tmp_path: Path) -> None:
    declared = DECLARATION.format(form='delimiter = ";"').replace('"persona", "pas"]', '"persna"]')
    with pytest.raises(DeclarationError, match='Did you mean "persona"'):
        ingest(tmp_path / "p", {}, {"schemas/sources/col/x.toml": declared})
