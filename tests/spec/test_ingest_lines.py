"""A line that is not what the declaration says is kept aside with its number, its reason and its text.

The lines around it are read as if nothing had happened: one bad line never costs a good one.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from kit import BIRTHS, CROSSINGS, VISAS, Built, ingest

from register.ingest.block import MAX_RAW_CHARACTERS
from register.ingest.stretches import MAX_LINE_BYTES


def visas(tmp_path: Path, content: bytes) -> Built:
    return ingest(tmp_path / "project", {VISAS.file: content})


def between(bad: str | bytes) -> bytes:
    """Return a file with a good row before and after the bad lines."""
    text = bad.encode() if isinstance(bad, str) else bad
    return (
        VISAS.text(VISAS.row(numero_visa="BEFORE")) + text + b"\n" + VISAS.row(numero_visa="AFTER").encode()
    )


ORDINARY = VISAS.row(numero_visa="V9")

BROKEN = {
    "too few columns": (ORDINARY.rsplit(",", 1)[0], "line:too_few_columns"),
    "cut in the middle of a quoted field": (ORDINARY[:55], "line:open_quote"),
    "one separator too many": (ORDINARY + ",", "line:too_many_columns"),
    "an unquoted delimiter in a name": (ORDINARY.replace('"', ""), "line:too_many_columns"),
    "another delimiter": (ORDINARY.replace(",", ";"), "line:too_few_columns"),
    "a quote that never closes": (VISAS.row(apellidos_nombres="X").replace("X", '"X'), "line:open_quote"),
    "a NUL byte": (ORDINARY.replace("ZAMBRANO", "ZAM\0RANO"), "line:binary"),
    "binary data": (bytes(range(256)).replace(b"\n", b"").replace(b'"', b""), "line:binary"),
    "bytes of another encoding": (ORDINARY.encode("latin-1"), "line:encoding"),
    "the header again": (VISAS.header, "line:repeated_header"),
    "a line without end": ("A" * (MAX_LINE_BYTES + 1), "line:too_long"),
    "a total line at the foot": ("TOTAL: 2", "line:too_few_columns"),
}


@pytest.mark.parametrize("bad", BROKEN)
def test_a_broken_line_is_rejected_with_its_reason_and_its_neighbours_are_read(
    tmp_path: Path, bad: str
) -> None:
    line, reason = BROKEN[bad]
    built = visas(tmp_path, between(line))
    rejected = built.row("select file, line, reasons, raw from rejected")
    assert (rejected["file"], rejected["line"], rejected["reasons"]) == (VISAS.file, 3, reason)
    assert 0 < len(rejected["raw"]) <= MAX_RAW_CHARACTERS
    assert built.values("select record_key from visa order by line") == ["BEFORE", "AFTER"]
    assert built.count(VISAS.file)["reasons"] == {reason: 1}


def test_a_quoted_field_may_hold_delimiters_quotes_and_line_ends(tmp_path: Path) -> None:
    name = 'ZAMBRANO "LA NEGRA",\nLUZ'
    built = visas(tmp_path, VISAS.text(VISAS.row(apellidos_nombres=name), VISAS.row(numero_visa="V2")))
    assert built.values("select full_name_raw from identity where full_name_raw like '%NEGRA%'") == [name]
    assert built.rows("select record_key, line from visa order by line") == [
        {"record_key": "V1", "line": 2},
        {"record_key": "V2", "line": 4},
    ]


def test_a_stray_quote_costs_no_line_but_its_own(tmp_path: Path) -> None:
    stray = VISAS.row(apellidos_nombres="X").replace("X", 'ZAMBRANO 5"')
    rows = [VISAS.row(numero_visa=f"V{at}") for at in range(100)]
    built = visas(tmp_path, VISAS.text(*rows[:50], stray, *rows[50:]))
    assert built.values("select reasons from rejected") == ["line:open_quote"]
    assert built.values("select count(*) from visa") == [100]


def test_blank_lines_are_no_rows_and_are_counted_apart(tmp_path: Path) -> None:
    content = b"\n \n" + VISAS.text(VISAS.row(), "", "\t", VISAS.row(numero_visa="V2"), "")
    built = visas(tmp_path, content)
    assert (built.count(VISAS.file)["received"], built.count(VISAS.file)["blank"]) == (2, 5)
    assert built.values("select line from visa order by line") == [4, 7]


def test_a_line_of_delimiters_alone_is_a_row_without_a_key(tmp_path: Path) -> None:
    built = visas(tmp_path, VISAS.text(VISAS.row(), "," * (len(VISAS.ordinary) - 1)))
    assert built.values("select reasons from rejected") == ["record_key:missing"]


def test_every_kind_of_broken_line_at_once(tmp_path: Path) -> None:
    bad = [line if isinstance(line, bytes) else line.encode() for line, _ in BROKEN.values()]
    good = [VISAS.row(numero_visa=f"V{at}").encode() for at in range(len(bad) + 1)]
    lines = [VISAS.header.encode(), good[0]]
    for broken, after in zip(bad, good[1:], strict=True):
        lines += [broken, after]
    built = visas(tmp_path, b"\r\n".join(lines))
    assert built.values("select count(*) from visa") == [len(good)]
    assert built.values("select reasons from rejected order by line") == [
        reason for _, reason in BROKEN.values()
    ]


def test_broken_lines_of_several_files_are_told_by_file(tmp_path: Path) -> None:
    built = ingest(
        tmp_path / "project",
        {
            "2022/migracion_movimientos_2022.csv": CROSSINGS.text(CROSSINGS.row(), "x"),
            "2023/migracion_movimientos_2023.csv": CROSSINGS.text("y", "z"),
            BIRTHS.file: BIRTHS.text(BIRTHS.row()),
        },
    )
    assert built.rows("select file, line from rejected order by all") == [
        {"file": "2022/migracion_movimientos_2022.csv", "line": 3},
        {"file": "2023/migracion_movimientos_2023.csv", "line": 2},
        {"file": "2023/migracion_movimientos_2023.csv", "line": 3},
    ]


@pytest.mark.parametrize("name", ["ZAMBRANO,\n\nLUZ", "ZAMBRANO, LUZ\n" + "x" * 200_000])
def test_a_quoted_value_over_lines_keeps_blank_ones_and_may_be_long(tmp_path: Path, name: str) -> None:
    built = visas(tmp_path, VISAS.text(VISAS.row(numero_visa="A"), VISAS.row(apellidos_nombres=name)))
    assert built.count(VISAS.file)["received"] == 2
    assert built.count(VISAS.file)["blank"] == 0
    assert built.values("select record_key from visa order by line") == ["A", "V1"]
    assert name in built.values("select full_name_raw from identity")


def test_a_quote_in_the_header_that_never_closes_swallows_no_row(tmp_path: Path) -> None:
    header = VISAS.header.replace("tipo", '"tipo')
    rows = [VISAS.row(numero_visa=key, apellidos_nombres=f'{key}"') for key in "ABC"]
    built = visas(tmp_path, VISAS.text(*rows, header=header))
    assert built.count(VISAS.file)["received"] == 3
