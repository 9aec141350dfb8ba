"""Every form in which an extract can come gives the same rows, and what cannot be read says why."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import re
import zipfile
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
import xlsxwriter
from kit import CROSSINGS, VISAS, Built, ingest

from register.errors import DeclarationError, ExtractError, UsageError
from register.ingest.declaration import load_source
from register.ingest.source import Source, Value
from register.schema import Schema, load_schema, profile_directory

VISA_FILE = "schemas/sources/col/cancilleria_visas.toml"
FORMAT = 'format = { type = "csv", delimiter = ",", encoding = "utf-8" }'
NAME = 'files  = ["cancilleria_visas*.csv"]'
OTHER = {"numero_visa": "V2", "tipo": "R"}


def with_format(declared: str, pattern: str = "cancilleria_visas*") -> dict[str, list[tuple[str, str]]]:
    return {VISA_FILE: [(FORMAT, f"format = {declared}"), (NAME, f'files = ["{pattern}"]')]}


def two_visas(built: Built, lines: tuple[int, int] = (2, 3)) -> None:
    """Assert that two visas were read, from these lines."""
    found = built.rows(
        "select record_key, visa_class_code, issued_on, line, flags from visa order by record_key"
    )
    ordinary = {"issued_on": dt.date(2022, 1, 10), "flags": None}
    assert found == [
        {"record_key": "V1", "visa_class_code": "M", "line": lines[0], **ordinary},
        {"record_key": "V2", "visa_class_code": "R", "line": lines[1], **ordinary},
    ]
    assert built.values("select full_name_raw from identity") == ["ZAMBRANO QUIÑONES, LUZ MARINA"]
    assert built.values("select birth_date from identity") == [dt.date(1985, 11, 9)]


def cells(**values: str) -> dict[str, str]:
    return {**VISAS.ordinary, **values}


ROWS = [cells(), cells(**OTHER)]


# --- text ------------------------------------------------------------------------------------------------------------


def test_a_delimiter_that_changes_from_file_to_file_is_found_by_the_header(tmp_path: Path) -> None:
    files = {
        f"cancilleria_visas_{at}.csv": "\n".join(sign.join(line) for line in (row, row.values()))
        for at, (sign, row) in enumerate(zip((";", "||"), ROWS, strict=True))
    }
    edits = with_format("{ type = 'csv', delimiter = [',', ';', '||'], quote = '' }")
    two_visas(ingest(tmp_path / "project", files, edits), (2, 2))


def test_a_delimiter_that_changes_is_found_by_the_number_of_columns_where_there_is_no_header(
    tmp_path: Path,
) -> None:
    files = {
        f"cancilleria_visas_{at}.csv": sign.join(row.values())
        for at, (sign, row) in enumerate(zip((";", "|"), ROWS, strict=True))
    }
    columns = list(VISAS.ordinary)
    edits = with_format(f"{{ type = 'csv', delimiter = [';', '|'], columns = {columns} }}")
    two_visas(ingest(tmp_path / "project", files, edits), (1, 1))


@pytest.mark.parametrize("delimiter", [";", "|", "\t", "||", "~|~", "¦"])
def test_columns_are_separated_by_one_sign_or_several(tmp_path: Path, delimiter: str) -> None:
    text = "\n".join(delimiter.join(row) for row in (VISAS.ordinary, *(row.values() for row in ROWS)))
    written = delimiter.replace("\t", "\\t")
    edits = with_format(f'{{ delimiter = "{written}", quote = "" }}')
    two_visas(ingest(tmp_path / "project", {"cancilleria_visas.csv": text}, edits))


def test_a_line_of_another_delimiter_of_several_signs_is_kept_aside(tmp_path: Path) -> None:
    lines = ["||".join(row) for row in (VISAS.ordinary, *(row.values() for row in ROWS))]
    content = "\n".join([*lines, lines[1].replace("||", "|")])
    built = ingest(
        tmp_path / "project",
        {"cancilleria_visas.csv": content},
        with_format('{ delimiter = "||", quote = "" }'),
    )
    two_visas(built)
    assert built.values("select reasons from rejected") == ["line:too_few_columns"]


def test_lines_before_the_header_are_skipped_where_that_is_declared(tmp_path: Path) -> None:
    content = b"Cancilleria;2022\n\n" + VISAS.text(VISAS.row(), VISAS.row(**OTHER))
    edits = with_format("{ skip_lines = 2 }")
    two_visas(ingest(tmp_path / "project", {"cancilleria_visas.csv": content}, edits), (4, 5))


def test_an_extract_without_a_header_has_the_columns_of_its_declaration(tmp_path: Path) -> None:
    content = VISAS.text(VISAS.row(), VISAS.row(**OTHER)).split(b"\n", 1)[1]
    edits = with_format(f"{{ columns = {list(VISAS.ordinary)} }}")
    two_visas(ingest(tmp_path / "project", {"cancilleria_visas.csv": content}, edits), (1, 2))


WIDTHS = {"numero_visa": 6, "tipo": 3, "apellidos_nombres": 40, "fecha_nacimiento": 10}


def fixed(rows: list[dict[str, str]], *, trimmed: bool = False) -> str:
    lines = []
    for row in rows:
        line = "".join(row.get(name, "").ljust(width) for name, width in {**WIDTHS, **REST}.items())
        lines.append(line.rstrip() if trimmed else line)
    return "\n".join(lines)


REST = {name: 12 for name in VISAS.ordinary if name not in WIDTHS}


def fixed_columns() -> str:
    start, out = 1, []
    for name, width in {**WIDTHS, **REST}.items():
        out.append(f'{{ name = "{name}", start = {start}, width = {width} }}')
        start += width
    return ", ".join(out)


@pytest.mark.parametrize("trimmed", [True, False], ids=["spaces at the end cut off", "whole"])
def test_columns_of_fixed_width_are_read_by_their_places(tmp_path: Path, trimmed: bool) -> None:
    edits = with_format(f'{{ type = "fixed", encoding = "latin-1", columns = [{fixed_columns()}] }}')
    content = fixed(ROWS, trimmed=trimmed).encode("latin-1")
    two_visas(ingest(tmp_path / "project", {"cancilleria_visas.csv": content}, edits), (1, 2))


def test_lines_too_short_or_too_long_for_fixed_columns_are_kept_aside(tmp_path: Path) -> None:
    edits = with_format(f'{{ type = "fixed", columns = [{fixed_columns()}] }}')
    content = "\n".join(
        [fixed(ROWS), "V3    M  CORTA", "", fixed(ROWS[:1]) + "mas", fixed(ROWS[:1]).replace("V1", "\0\0")]
    )
    built = ingest(tmp_path / "project", {"cancilleria_visas.csv": content}, edits)
    two_visas(built, (1, 2))
    assert built.rows("select line, reasons from rejected order by line") == [
        {"line": 3, "reasons": "line:too_few_columns"},
        {"line": 5, "reasons": "line:too_many_columns"},
        {"line": 6, "reasons": "line:binary"},
    ]


@pytest.mark.parametrize(
    "name",
    ['"PEREZ"X', '"PEREZ" Y "SOSA"', 'PEREZ "EL NEGRO', '""PEREZ"', '"PE,REZ"X', 'X"PEREZ,"Y'],
)
def test_quotes_where_none_should_be_cost_no_line_but_their_own(tmp_path: Path, name: str) -> None:
    lines = [VISAS.row(numero_visa=f"V{at}") for at in range(9)]
    lines.insert(4, VISAS.row(numero_visa="BAD", apellidos_nombres="@").replace("@", name))
    built = ingest(tmp_path / "project", {VISAS.file: VISAS.text(*lines)})
    good = built.values("select record_key from visa where record_key <> 'BAD' order by 1")
    assert good == [f"V{at}" for at in range(9)]
    assert built.count(VISAS.file)["received"] == 10


def test_quotes_inside_a_name_that_is_not_quoted_are_part_of_it(tmp_path: Path) -> None:
    row = VISAS.row(apellidos_nombres="@").replace("@", 'PEREZ JUAN "EL NEGRO"')
    built = ingest(tmp_path / "project", {VISAS.file: VISAS.text(row)})
    assert built.values("select full_name_raw from identity") == ['PEREZ JUAN "EL NEGRO"']


# --- workbooks and Parquet -------------------------------------------------------------------------------------------


def workbook(rows: list[dict[str, object]], sheet: str = "Hoja1", above: int = 0) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "default_date_format": "dd/mm/yyyy"}) as book:
        book.add_worksheet("Portada") if sheet != "Hoja1" else None
        page = book.add_worksheet(sheet)
        clock = book.add_format({"num_format": "hh:mm"})
        for at, row in enumerate([dict(zip(rows[0], rows[0], strict=True)), *rows]):
            for column, value in enumerate(row.values()):
                page.write(at + above, column, value, clock if isinstance(value, dt.time) else None)
    return out.getvalue()


def typed(row: dict[str, str]) -> dict[str, object]:
    """The cells of a row as a program writes them that knows dates."""
    return {
        name: dt.date.fromisoformat(text) if name.startswith("fecha") else text for name, text in row.items()
    }


@pytest.mark.parametrize("form", [typed, dict], ids=["dates as dates", "all as text"])
def test_a_workbook_is_read_with_its_own_row_numbers(tmp_path: Path, form: type) -> None:
    content = workbook([form(row) for row in ROWS], above=3)
    edits = with_format('{ type = "xlsx", skip_lines = 3 }', "cancilleria_visas*.xlsx")
    two_visas(ingest(tmp_path / "project", {"cancilleria_visas.xlsx": content}, edits), (5, 6))


def test_a_sheet_is_found_by_its_name_and_rows_of_nothing_are_no_rows(tmp_path: Path) -> None:
    content = workbook([ROWS[0], dict.fromkeys(VISAS.ordinary, ""), ROWS[1]], sheet="Visas")
    edits = with_format('{ type = "xlsx", sheet = "Visas" }', "cancilleria_visas*.xlsx")
    built = ingest(tmp_path / "project", {"cancilleria_visas.xlsx": content}, edits)
    two_visas(built, (2, 4))
    assert built.count("cancilleria_visas.xlsx")["blank"] == 1


def sheets(**pages: list[dict[str, str]]) -> bytes:
    """Return a workbook of several sheets."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        for name, rows in pages.items():
            page = book.add_worksheet(name.replace("_", " "))
            for at, row in enumerate([dict(zip(VISAS.ordinary, VISAS.ordinary, strict=True)), *rows]):
                page.write_row(at, 0, list(row.values()))
    return out.getvalue()


MONTHS = {"Portada": [], "Enero_2022": [ROWS[0]], "FEBRERO_2022": [ROWS[1]]}


@pytest.mark.parametrize("names", ["'* 2022'", "['enero 2022', 'Febrero 2022']", "['Enero*', '*ero 2022 ']"])
@pytest.mark.parametrize("packed", [False, True])
def test_the_sheets_of_the_months_of_a_year_are_read_and_counted_one_by_one(
    tmp_path: Path, names: str, packed: bool
) -> None:
    book, file = sheets(**MONTHS), "cancilleria_visas_2022.xlsx"
    if packed:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("cancilleria_visas.xlsx", book)
        book, file = out.getvalue(), "cancilleria_visas_2022.xlsx.zip"
    edits = with_format(f"{{ type = 'xlsx', sheet = {names} }}", "cancilleria_visas*.xlsx")
    built = ingest(tmp_path / "project", {file: book}, edits)
    assert {count["file"]: count["in_tables"] for count in built.files} == {
        f"{file}/Enero 2022": 1,
        f"{file}/FEBRERO 2022": 1,
    }
    assert built.values("select file || ' ' || line from visa order by record_key") == [
        f"{file}/Enero 2022 2",
        f"{file}/FEBRERO 2022 2",
    ]


def test_the_name_of_a_sheet_tells_its_delivery_and_what_a_path_tells(tmp_path: Path) -> None:
    pages = {"M_2023": [ROWS[0]], "R_2022": [ROWS[0]]}
    edits = with_format("{ type = 'xlsx', sheet = '* 20*' }", "cancilleria_visas*.xlsx")
    edits[VISA_FILE] += [
        (
            'key    = "numero_visa"',
            "key = 'numero_visa'\ndelivery = '(?P<year>20[0-9]{2})$'\nignored = ['tipo']",
        ),
        ('visa_class_code = "tipo"', "visa_class_code = { path = '/([MR]) ' }"),
    ]
    built = ingest(tmp_path / "project", {"cancilleria_visas.xlsx": sheets(**pages)}, edits)
    assert built.values("select visa_class_code from visa") == ["M"], "of 2023, the later delivery"
    assert built.values("select file from superseded") == ["cancilleria_visas.xlsx/R 2022"]


def test_two_declarations_read_two_sheets_of_one_workbook(tmp_path: Path) -> None:
    edits: dict[str, Any] = dict(with_format("{ type = 'xlsx', sheet = 'Visas' }", "libro.xlsx"))
    edits["schemas/sources/col/otras.toml"] = """
        table = "visa"
        files = "libro*.xlsx"
        key = "numero_visa"
        format = { type = "xlsx", sheet = "Otras" }
        [columns]
        issued_on = "fecha_expedicion"
        [person.self]
        document = { number = "pasaporte" }
    """
    book = sheets(Visas=[ROWS[0]], Otras=[ROWS[1]], Nadie=[ROWS[1]])
    built = ingest(tmp_path / "project", {"libro.xlsx": book}, edits)
    assert {count["file"]: count["declaration"] for count in built.files} == {
        "libro.xlsx/Otras": "otras",
        "libro.xlsx/Visas": "cancilleria_visas",
    }
    assert [count["in_tables"] for count in built.files] == [1, 1]


@pytest.mark.parametrize("names", ["'Marzo'", "['Enero 2022', 'Marzo']", "'2024*'"])
def test_a_sheet_that_is_not_in_the_workbook_is_told(tmp_path: Path, names: str) -> None:
    edits = with_format(f"{{ type = 'xlsx', sheet = {names} }}", "cancilleria_visas*.xlsx")
    with pytest.raises(ExtractError) as told:
        ingest(tmp_path / "project", {"cancilleria_visas.xlsx": sheets(**MONTHS)}, edits)
    assert told.value.key == "no_sheet"
    assert "Enero 2022" in str(told.value)


def test_lines_above_the_header_and_totals_below_the_rows_of_a_sheet_are_no_rows(tmp_path: Path) -> None:
    rows = [typed(row) for row in ROWS]
    total: dict[str, object] = dict.fromkeys(VISAS.ordinary)
    book = workbook([*rows, total | {"numero_visa": "Total:", "tipo": 2}], above=2)
    declared = "{ type = 'xlsx', header_begins = '^numero_visa,', ignored_lines = '^Total' }"
    edits = with_format(declared, "cancilleria_visas*.xlsx")
    two_visas(ingest(tmp_path / "project", {"cancilleria_visas.xlsx": book}, edits), (4, 5))


def test_a_moment_whose_time_stands_in_a_cell_of_its_own(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"id": 1, "fecha": dt.date(2023, 3, 5), "hora": dt.time(14, 30), "doc": "AB123456"},
        {"id": 2, "fecha": dt.date(2023, 3, 5), "hora": "09:05", "doc": "AB123456"},
    ]
    declaration = """
        table = "crossing"
        files = "puesto.xlsx"
        key = "id"
        format = { type = "xlsx" }
        [columns]
        crossed_at = { from = ["fecha", "hora"], format = "%Y-%m-%d %H:%M" }
        direction = { constant = "arrival" }
        [person.self]
        document = { number = "doc" }
    """
    files = {"puesto.xlsx": workbook(rows)}
    built = ingest(tmp_path / "project", files, {"schemas/sources/col/puesto.toml": declaration})
    assert built.values("select crossed_at from crossing order by 1") == [
        dt.datetime(2023, 3, 5, 9, 5),
        dt.datetime(2023, 3, 5, 14, 30),
    ]


def test_a_sheet_that_is_not_there_stops_the_build_and_names_those_that_are(tmp_path: Path) -> None:
    edits = with_format('{ type = "xlsx", sheet = "Visados" }', "cancilleria_visas*.xlsx")
    with pytest.raises(ExtractError, match="Hoja1"):
        ingest(tmp_path / "project", {"cancilleria_visas.xlsx": workbook(ROWS)}, edits)


@pytest.mark.parametrize("form", ["xlsx", "parquet"])
def test_a_file_of_another_format_stops_the_build(tmp_path: Path, form: str) -> None:
    edits = with_format(f'{{ type = "{form}" }}')
    with pytest.raises(ExtractError, match=form):
        ingest(tmp_path / "project", {f"cancilleria_visas.{form}": VISAS.text(VISAS.row())}, edits)


def test_without_the_library_of_workbooks_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("register.ingest.sheets.find_spec", lambda _: None)
    edits = with_format('{ type = "xlsx" }', "cancilleria_visas*.xlsx")
    with pytest.raises(UsageError, match=re.escape("[xlsx]")):
        ingest(tmp_path / "project", {"cancilleria_visas.xlsx": workbook(ROWS)}, edits)


@pytest.mark.parametrize("form", [typed, dict], ids=["dates as dates", "all as text"])
def test_parquet_is_read_with_the_place_of_each_record(tmp_path: Path, form: type) -> None:
    out = io.BytesIO()
    pl.DataFrame([form(row) for row in ROWS]).write_parquet(out)
    edits = with_format('{ type = "parquet" }', "cancilleria_visas*.parquet")
    two_visas(ingest(tmp_path / "project", {"cancilleria_visas.parquet": out.getvalue()}, edits), (1, 2))


def test_a_number_that_became_a_decimal_is_whole_again(tmp_path: Path) -> None:
    frame = pl.DataFrame([{**row, "numero_visa": float(at)} for at, row in enumerate(ROWS, start=7)])
    out = io.BytesIO()
    frame.with_columns(pl.lit([[1]]).alias("lista")).write_parquet(out)
    edits = with_format('{ type = "parquet" }', "cancilleria_visas*.parquet")
    built = ingest(tmp_path / "project", {"cancilleria_visas.parquet": out.getvalue()}, edits)
    assert built.values("select record_key from visa order by 1") == ["7", "8"]


# --- packed ---------------------------------------------------------------------------------------------------------


def packed(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return out.getvalue()


def test_the_files_of_a_zip_are_read_each_as_its_own(tmp_path: Path) -> None:
    content = packed(
        cancilleria_visas_1__csv=VISAS.text(VISAS.row()),
        cancilleria_visas_2__csv=VISAS.text(VISAS.row(**OTHER)),
        migracion_movimientos_1__csv=CROSSINGS.text(CROSSINGS.row()),
        LEAME__txt=b"nada",
    )
    built = ingest(tmp_path / "project", {"entrega.zip": content})
    assert {count["file"]: count["in_tables"] for count in built.files} == {
        "entrega.zip/cancilleria_visas_1.csv": 1,
        "entrega.zip/cancilleria_visas_2.csv": 1,
        "entrega.zip/migracion_movimientos_1.csv": 1,
    }
    assert built.report.manifest["stages"]["ingest"]["unclaimed"] == ["entrega.zip/LEAME.txt"]


def test_a_zip_of_nothing_is_an_empty_extract(tmp_path: Path) -> None:
    files = {VISAS.file: VISAS.text(VISAS.row(), VISAS.row(**OTHER)), "cancilleria_visas_2.csv.zip": packed()}
    built = ingest(tmp_path / "project", files)
    two_visas(built)
    assert built.count("cancilleria_visas_2.csv.zip")["received"] == 0


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cancilleria_visas.csv.gz", gzip.compress(VISAS.text(*[VISAS.row()] * 50))[:-20]),
        ("cancilleria_visas.csv.gz", b"no gzip"),
        ("cancilleria_visas.csv.zip", b"no zip"),
    ],
)
def test_a_damaged_packed_file_stops_the_build(tmp_path: Path, name: str, content: bytes) -> None:
    with pytest.raises(ExtractError, match="damaged"):
        ingest(tmp_path / "project", {name: content})


# --- values ----------------------------------------------------------------------------------------------------------


def test_a_value_is_put_together_of_several_columns_or_taken_out_of_one(tmp_path: Path) -> None:
    header = "numero_visa,clase,dia,mes,anio,apellidos,nombres,pasaporte"
    rows = ["V1,Visa M - migrante,5,3,2022,ZAMBRANO,LUZ,AB123456", "V2,Visa R,,3,2022,ZAMBRANO,LUZ,AB123456"]
    declared = """
        table = "visa"
        files = "cancilleria_visas*.csv"
        key = "numero_visa"
        [columns]
        visa_class_code = { from = "clase", pattern = '^Visa (\\w)' }
        issued_on = { from = ["anio", "mes", "dia"], join = "-", format = "%Y-%m-%d" }
        [person.self]
        name = { layout = "surnames_given", full = { from = ["apellidos", "nombres"], join = ", " } }
        document = { kind = { constant = "passport" }, number = "pasaporte" }
    """
    built = ingest(tmp_path / "project", {VISAS.file: "\n".join([header, *rows])}, {VISA_FILE: declared})
    assert built.rows("select visa_class_code, issued_on from visa order by record_key") == [
        {"visa_class_code": "M", "issued_on": dt.date(2022, 3, 5)},
        {"visa_class_code": "R", "issued_on": dt.date(2022, 3, 1)},
    ]
    assert built.values("select full_name_raw from identity") == ["ZAMBRANO, LUZ"]


@pytest.mark.parametrize(
    ("period", "missing"),
    [
        ((dt.date(2019, 1, 1), dt.date(2019, 12, 31)), False),
        ((dt.date(2020, 1, 1), dt.date(2020, 12, 31)), True),
        ((dt.date(2023, 1, 1), dt.date(2023, 12, 31)), False),
        (None, False),
    ],
)
def test_a_column_is_missed_only_while_it_is_valid(
    period: tuple[dt.date, dt.date] | None, missing: bool
) -> None:
    value = Value(("oficio",), valid_from=dt.date(2020, 6, 1), valid_to=dt.date(2022, 12, 31))
    assert value.is_missing(frozenset({"otra"}), period) is missing
    assert not value.is_missing(frozenset({"oficio"}), period)


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("visas_2019.csv", dt.date(2019, 1, 1), dt.date(2019, 12, 31)),
        ("visas_2019-12.csv", dt.date(2019, 12, 1), dt.date(2019, 12, 31)),
        ("2020/visas_2020-02-29.csv", dt.date(2020, 2, 29), dt.date(2020, 2, 29)),
    ],
)
def test_the_path_of_a_file_tells_the_days_that_it_covers(name: str, first: dt.date, last: dt.date) -> None:
    source = SimpleNamespace(
        delivery=re.compile(r"(?P<year>\d{4})(?:-(?P<month>\d\d))?(?:-(?P<day>\d\d))?\.csv")
    )
    assert Source.period(source, name) == (first, last)  # type: ignore[arg-type]
    assert Source.period(source, "visas.csv") is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pattern", "name", "first"),
    [
        (r"(?P<year>\d{4})/(?P<month>\w+)/", "2023/Febrero/m.csv", dt.date(2023, 2, 1)),
        (r"(?P<month>[A-Za-z]+)[ _-](?P<year>\d{2})\b", "libro.xlsx/SET-23", dt.date(2023, 9, 1)),
        (r"(?P<day>\d\d)-(?P<month>\d\d)-(?P<year>\d\d)", "m_15-01-23.csv", dt.date(2023, 1, 15)),
        (r"(?P<year>\d{4})/(?P<month>\w+)/", "2023/varios/m.csv", None),
        (r"m(?P<year>\d{4})?", "m.csv", None),
        (r"m(?P<year>\w+)", "mes.csv", None),
    ],
)
def test_the_day_of_a_delivery_is_found_in_words_and_short_years_and_nothing_is_guessed(
    pattern: str, name: str, first: dt.date | None
) -> None:
    found = Source.period(SimpleNamespace(delivery=re.compile(pattern)), name)  # type: ignore[arg-type]
    assert (found and found[0]) == first


def test_deliveries_in_folders_of_months_are_in_the_order_of_the_year(tmp_path: Path) -> None:
    months = ("enero", "febrero", "diciembre")
    files = {
        f"2023/{month}/cancilleria_visas.csv": VISAS.text(VISAS.row(tipo=kind))
        for month, kind in zip(months, "VMR", strict=True)
    }
    edits = {VISA_FILE: [("[columns]", "delivery = '(?P<year>\\d{4})/(?P<month>\\w+)'\n[columns]")]}
    built = ingest(tmp_path / "project", files, edits)
    assert built.values("select visa_class_code from visa") == ["R"], "that of December"


FAULTS = {
    'format = { type = "ods" }': "unknown_format",
    'format = { type = "xlsx", delimiter = ";" }': "key_of_other_format",
    'format = { type = "fixed" }': "missing_key",
    'format = { type = "fixed", columns = ["A"] }': "bad_fixed_column",
    'format = { type = "fixed", columns = [{ name = "A", start = 0, width = 1 }] }': "bad_fixed_column",
    "format = { header = false }": "missing_key",
    'format = { columns = ["A", "A"] }': "column_repeated",
    'format = { delimiter = "" }': "bad_delimiter",
    'format = { quote = "««" }': "bad_quote",
    "format = { quote = ',' }": "bad_delimiter",
    "format = { delimiter = 1 }": "not_a_text",
    "format = 'csv'": "not_a_section",
    "format = { skip_lines = '3' }": "not_a_count",
    "format = { header = 'no' }": "not_true_or_false",
    "format = { nulls = 0 }": "not_texts",
    "format = { header_begins = '(' }": "pattern_open",
    "key = 3": "bad_value",
    "key = { constant = '1' }": "constant_key",
    "ignored = 3": "not_texts",
    "title = 'Visas'": "not_a_section",
    "max_rejected_share = 'x'": "bad_share",
    "delivery = '(?P<year>'": "pattern_open",
    "delivery = '(?P<anio>.)'": "bad_delivery",
    "max_rejected_share = 2": "bad_share",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_form_that_cannot_be_meant_is_refused(tmp_path: Path, fault: str) -> None:
    assert refused(tmp_path, fault, 'issued_on = "F"') == FAULTS[fault]


VALUE_FAULTS = {
    "{ from = ['A', 'B'], renamed_from = 'C' }": "renamed_several",
    "{ from = 'A', constant = 'B' }": "bad_value",
    "{ from = [] }": "bad_value",
    "{ from = 'A', pattern = 'x' }": "pattern_without_group",
    "{ from = 'A', pattern = '(' }": "pattern_open",
    "{ from = 'A', format = '%d/%m' }": "bad_date_format",
    "{ from = 'A', valid_from = '2020' }": "bad_date_setting",
    "{ from = 'A', codelist = 'country' }": "key_of_codes",
    "{ from = 'A', values = { B = '1' } }": "key_of_codes",
    "{ from = 3 }": "not_texts",
    "{ from = ['A', 3] }": "not_texts",
    "{ from = 'A', optional = 'no' }": "not_true_or_false",
    "{ from = 'A', join = 1 }": "not_a_text",
    "{ from = 'A', format = '%Q' }": "bad_date_format",
    "{ from = 'A', pattern = '(?=x)(y)' }": "pattern_look_around",
    "{ from = 'A', pattern = '(*)' }": "pattern_repeat",
    r"{ from = 'A', pattern = '(\q)' }": "bad_pattern",
    "{ path = 'visas' }": "pattern_without_group",
    "{ constant = 'ayer' }": "constant_no_date",
    "{ from = 'A', renamed_from = { B = 'C' } }": "renamed_unknown",
    "{ from = 'A', renamed_from = 'DOC' }": "renamed_in_use",
    "{ from = 'A', similarity = 90 }": "key_of_places",
    "3": "bad_value",
}


@pytest.mark.parametrize("fault", VALUE_FAULTS)
def test_a_value_that_cannot_be_meant_is_refused(tmp_path: Path, fault: str) -> None:
    assert refused(tmp_path, "", f"issued_on = {fault}") == VALUE_FAULTS[fault]


CODE_FAULTS = {
    "{ from = 'A', codelist = 'visa_clas' }": "unknown_codelist",
    "{ from = 'A', format = '%Y' }": "key_of_dates",
    "{ from = 'A', values = { R = 'resident' } }": "unknown_code",
    "{ from = 'A', values = 'R' }": "not_a_section",
    "{ constant = 'Residnte' }": "unknown_code",
}


@pytest.mark.parametrize("fault", CODE_FAULTS)
def test_a_code_that_no_list_knows_is_refused(tmp_path: Path, fault: str) -> None:
    assert refused(tmp_path, "", f"visa_class_code = {fault}") == CODE_FAULTS[fault]


PERSON_FAULTS = {
    "": "nobody_named",
    "[person.self]": "nobody_named",
    "[person.self]\nsex = 'SEXO'": "nobody_named",
    "[person.self]\nname = 'NOMBRE'": "name_without_layout",
    "[person.self]\nname = { full = 'NOMBRE' }": "name_without_layout",
    "[person.self]\nname = { layout = 'mzr', full = 'NOMBRE' }": "unknown_layout",
    "[person.self]\nname = { layout = 'mrz' }": "missing_key",
    "[person.self]\nname = { layout = 'separate', surnames = 'A', surname_1 = 'B' }": "surnames_twice",
    "[person.self]\nname = { layout = 'separate', given = 'A', surname_2 = 'B' }": "missing_key",
    "[person.self]\nname = { layout = 'portuguese', surnames = 'B' }": "missing_key",
    "[person.self]\ndocument = 3": "not_a_section",
    "[person.self]\ndocuments = { number = 'DOC' }": "not_tables",
    "[person.self]\ndocument = { kind = { constant = 'pasport' }, number = 'DOC' }": "unknown_code",
    "[person]\nname = { layout = 'mrz', full = 'NOMBRE' }": "person_without_role",
    "[person]\nself = 3": "not_a_section",
    "[person.yo]\nname = 3": "unknown_key",
}


@pytest.mark.parametrize("fault", PERSON_FAULTS)
def test_a_person_that_cannot_be_meant_is_refused(tmp_path: Path, fault: str) -> None:
    assert refused(tmp_path, "", "issued_on = 'A'", fault) == PERSON_FAULTS[fault]


SELF = "[person.self]\ndocument = { number = 'DOC' }"


@cache
def shipped_schema() -> Schema:
    return load_schema(profile_directory() / "schemas")


def refused(folder: Path, top: str, columns: str, person: str | None = None) -> str:
    path = folder / "visas.toml"
    person = SELF if person is None else person
    path.write_text(f"table = 'visa'\nfiles = 'x'\n{top}\n[columns]\n{columns}\n{person}\n", "utf-8")
    with pytest.raises(DeclarationError) as caught:
        load_source(path, shipped_schema())
    return str(caught.value.key)


def test_an_encoding_that_changes_from_file_to_file_is_known_by_the_bytes(tmp_path: Path) -> None:
    written = {"a": "utf-8", "b": "windows-1252", "c": "utf-16", "d": "utf-8-sig"}
    # Lines of both put together: each is read in its own, whichever are more.
    rows = [VISAS.text(VISAS.row(numero_visa=f"e{at}")).decode().splitlines()[1] for at in range(9)]
    mixed = {
        few: "\n".join([VISAS.header, *rows]).encode().replace("Ñ".encode(), b"\xd1", few) for few in (2, 7)
    }
    files = {
        f"cancilleria_visas_{name}.csv": VISAS.text(VISAS.row(numero_visa=name)).decode().encode(encoding)
        for name, encoding in written.items()
    } | {f"cancilleria_visas_{few}.csv": text for few, text in mixed.items()}
    several = '{ type = "csv", delimiter = ",", encoding = ["utf-8", "utf-16", "cp1252"] }'
    built = ingest(tmp_path / "p", files, with_format(several))
    assert built.values("select distinct full_name_raw from identity") == ["ZAMBRANO QUIÑONES, LUZ MARINA"]
    assert built.values("select record_key from visa order by 1") == [*"abcd", *(f"e{at}" for at in range(9))]
    assert built.count("cancilleria_visas_7.csv")["duplicate"] == 9, "the same rows, in another mixture"
    with pytest.raises(DeclarationError, match="latin-1 or in windows-1252"):
        ingest(tmp_path / "q", {}, with_format('{ encoding = ["utf-8", "latin-1", "cp1252"] }'))
