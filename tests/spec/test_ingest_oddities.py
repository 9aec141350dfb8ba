"""What spreadsheets, printers and joined files do to an extract, each declared in a few lines of TOML."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from kit import Built, ingest

DECLARATION = """
table = "crossing"
files = "m*.csv"
key = "id"
format = {{ type = "csv", delimiter = ";"{form} }}
[columns]
crossed_at = {{ from = {columns}, format = {dates} }}
direction = {{ from = "tipo", values = {{ E = "arrival", S = "departure" }} }}
[person.self]
document = {{ number = "doc" }}
"""
HEADER = "id;fecha;tipo;doc\n"
DAY = dt.datetime(2023, 3, 5)


def crossings(
    folder: Path, text: str, form: str = "", columns: str = '"fecha"', dates: str = '"%d/%m/%Y"'
) -> Built:
    declaration = DECLARATION.format(form=form, columns=columns, dates=dates)
    return ingest(folder / "p", {"m.csv": text.encode()}, {"schemas/sources/col/x.toml": declaration})


def read(built: Built, columns: str = "record_key, crossed_at") -> list[tuple[Any, ...]]:
    rows = built.rows(
        f"select {columns} from crossing left join mention using (record_id, record_key) "
        "left join identity using (identity_id) order by record_key"
    )
    return [tuple(row.values()) for row in rows]


def test_files_put_together_keep_a_mark_where_each_began(tmp_path: Path) -> None:
    mark = "\ufeff"
    text = f"{mark}{HEADER}1;05/03/2023;E;A1\n{mark}2;05/03/2023;E;Ñ2\n{mark}{HEADER}3;05/03/2023;E;A3\n"
    built = crossings(tmp_path, text)
    assert read(built) == [("1", DAY), ("2", DAY), ("3", DAY)]
    assert built.values("select reasons from rejected") == ["line:repeated_header"]


def test_pages_of_a_printed_report_with_titles_headers_and_totals(tmp_path: Path) -> None:
    page = f"Informe mensual\n{HEADER}{{}};05/03/2023;E;A1\nPágina 1\n"
    form = ", header_begins = '^id;', ignored_lines = '^(Página|Informe|Total)'"
    built = crossings(tmp_path, page.format(1) + page.format(2) + "Total;2;;\n\x1a", form)
    assert read(built) == [("1", DAY), ("2", DAY)]
    assert built.values("select reasons from rejected") == ["line:repeated_header"]


@pytest.mark.parametrize("told", ["sep=;", '"sep=;"', "SEP=\t"])
def test_the_line_that_tells_spreadsheets_the_delimiter_is_no_header(tmp_path: Path, told: str) -> None:
    built = crossings(tmp_path, f"{told}\r\n{HEADER}1;05/03/2023;E;A1\r\n")
    assert read(built) == [("1", DAY)]
    assert built.values("select line from crossing") == [3]


def test_the_last_sign_of_an_old_system_is_no_row(tmp_path: Path) -> None:
    built = crossings(tmp_path, f"{HEADER}1;05/03/2023;E;A1\r\n\x1a")
    assert built.count("m.csv")["received"] == 1


@pytest.mark.parametrize(
    ("written", "format_"),
    [
        ("5/3/23", "%d/%m/%y"),
        ("050323", "%d%m%y"),
        ("05-MARZO-2023", "%d-%B-%Y"),
        ("5 mar. 2023", "%d %b %Y"),
        ("05 de Marzo del 2023", "%d de %B del %Y"),
        ("domingo, 5 de marzo de 2023", "%A, %d de %B de %Y"),
        ("dom. 5/mar/23", "%a %d/%b/%y"),
        ("Mar/05/2023", "%b/%d/%Y"),
        ("44990", "excel"),
    ],
)
def test_a_day_as_people_write_it(tmp_path: Path, written: str, format_: str) -> None:
    assert read(crossings(tmp_path, f"{HEADER}1;{written};E;A1\n", dates=f'"{format_}"')) == [("1", DAY)]


@pytest.mark.parametrize(
    ("day", "hour", "dates"),
    [
        ("44990", "0,604166666666667", '"excel"'),
        ("44990", ".604166667", '"excel"'),
        ("44990,604166667", "", '"excel"'),
        ("44990,5", "0.104166667", '"excel"'),
        ("05/03/23", "02:30 p. m.", '["%d/%m/%y %I:%M %p"]'),
        ("05/03/2023", "1430", '["%d/%m/%Y %H%M"]'),
    ],
)
def test_an_hour_in_a_column_of_its_own(tmp_path: Path, day: str, hour: str, dates: str) -> None:
    text = f"id;fecha;hora;tipo;doc\n1;{day};{hour};E;A1\n2;{day.split(',')[0]};;E;A1\n"
    built = crossings(
        tmp_path, text, columns='["fecha", "hora"]', dates=dates.replace("]", ', "%d/%m/%Y", "%d/%m/%y"]')
    )
    assert read(built) == [("1", DAY.replace(hour=14, minute=30)), ("2", DAY)]


def test_numbers_that_a_spreadsheet_wrote_with_decimals(tmp_path: Path) -> None:
    text = f"{HEADER}1,0;44990;E;52345678,0\n2.00;44990,0;E;52345678.00\n3;44990;E;52.345.678\n"
    built = crossings(tmp_path, text, ", trim_decimals = true", dates='"excel"')
    assert read(built, "record_key, crossed_at, document_number") == [
        (key, DAY, "52345678") for key in ("1", "2", "3")
    ]


def test_a_document_that_lost_its_last_figures_to_an_exponent_is_empty_and_told(tmp_path: Path) -> None:
    text = f"{HEADER}1;05/03/2023;E;5,23457E+08\n2;05/03/2023;E;5.2e+9\n3;05/03/2023;E;7234567890,00\n"
    built = crossings(tmp_path, text)
    damaged = "document_number:document_damaged"
    assert read(built, "record_key, document_number, flags") == [
        ("1", None, damaged),
        ("2", None, damaged),
        ("3", "7234567890", None),
    ]
    assert built.count("m.csv")["reasons"] == {damaged: 2}


def test_lines_may_end_before_their_last_columns_where_that_is_declared(tmp_path: Path) -> None:
    row = "{};05/03/2023;E;A1{}\n"
    ends = ("", ';"x;y"', ";;", ";;;z")
    text = "id;fecha;tipo;doc;a;b\n\n" + "".join(
        row.format(key, end) for key, end in enumerate(ends, start=1)
    )
    built = crossings(tmp_path, text, ", short_lines = true")
    assert [key for key, _ in read(built)] == ["1", "2", "3"]
    assert built.rows("select line, reasons from rejected") == [
        {"line": 6, "reasons": "line:too_many_columns"}
    ]
    undeclared = crossings(tmp_path / "undeclared", text)
    assert [key for key, _ in read(undeclared)] == ["3"]


def test_a_municipality_of_a_person_that_nobody_knows_is_told(tmp_path: Path) -> None:
    declaration = """
        table = "birth"
        files = "n.csv"
        key = "id"
        format = { type = "csv", delimiter = ";" }
        [columns]
        born_on = { from = "f", format = "%d/%m/%Y" }
        [person.child]
        name = { layout = "separate", given = "nom", surnames = "ape" }
        municipality = "mun"
        department = "dep"
    """
    text = "id;f;nom;ape;mun;dep\n1;05/03/2023;ANA;DIAZ;CTG;BOLIVAR\n2;05/03/2023;EVA;DIAZ;XYZZY;ANTIOQUIA\n"
    built = ingest(tmp_path / "p", {"n.csv": text}, {"schemas/sources/col/n.toml": declaration})
    assert built.values("select flags from birth order by record_key") == [
        None,
        "child.municipality_code:unknown",
    ]
