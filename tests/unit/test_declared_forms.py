"""What an outsider may write in a declaration: other words for the same are taken, the rest is explained."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from register.errors import DeclarationError
from register.ingest.dates import read_dates
from register.ingest.declaration import Source, load_source
from register.schema import load_schema, profile_directory

SCHEMA = load_schema(profile_directory() / "schemas")
DECLARATION = """
table = "crossing"
files = "x*.csv"
key = "id"
format = {{ {form} }}
[columns]
crossed_at = {{ from = "fecha", format = "{dates}" }}
direction = {direction}
[{person}]
name = {name}
{more}
"""
ORDINARY = {
    "form": "",
    "dates": "%d/%m/%Y",
    "direction": '"tipo"',
    "person": "person.self",
    "name": '{ layout = "surnames_given", full = "nombre" }',
    "more": "",
}


def declared(folder: Path, **parts: str) -> Source:
    path = folder / "x.toml"
    path.write_text(DECLARATION.format(**{**ORDINARY, **parts}), "utf-8")
    return load_source(path, SCHEMA)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("UTF8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("ISO-8859-1", "latin-1"),
        ("iso-8859-15", "latin-9"),
        ("cp1252", "windows-1252"),
        ("ANSI", "windows-1252"),
        ("UTF-16LE", "utf-16"),
        ("ibm850", "cp850"),
    ],
)
def test_an_encoding_goes_by_any_of_its_names(tmp_path: Path, written: str, meant: str) -> None:
    assert declared(tmp_path, form=f'encoding = "{written}"').format.encoding == meant


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("%Y-%M-%d", 'Did you mean "%Y-%m-%d"?'),
        ("%D/%M/%Y", 'Did you mean "%d/%m/%Y"?'),
        ("%d/%m/%Y %H:%m", 'Did you mean "%d/%m/%Y %H:%M"?'),
        ("%d %Y", "%m is missing"),
        ("%Y %y-%m-%y", "says %y twice"),
    ],
)
def test_a_format_by_which_no_date_could_be_read_is_refused(tmp_path: Path, written: str, told: str) -> None:
    with pytest.raises(DeclarationError, match=re.escape(told)):
        declared(tmp_path, dates=written)


def test_a_constant_that_no_row_could_be_read_by_is_refused_where_rows_say_it_too(tmp_path: Path) -> None:
    rows = "[rows.a]\nway = {{ constant = '{}' }}\nday = 'd'\n[rows.b]\nway = {{ constant = 'salida' }}\nday = 'e'\n"
    assert (
        declared(tmp_path, direction='"way"', more=rows.format("entrada")).rows["a"]["way"].constant
        == "entrada"
    )
    with pytest.raises(DeclarationError, match=r"\[rows.a\] way.*enntrada"):
        declared(tmp_path, direction='"way"', more=rows.format("enntrada"))
    with pytest.raises(DeclarationError, match="Atlantida"):
        declared(tmp_path, more="municipality = { constant = 'Atlantida' }")
    with pytest.raises(DeclarationError, match="lacks the column department_code"):
        declared(tmp_path, more="municipality = { from = 'm', codelist = 'sex' }")


@pytest.mark.parametrize("written", ['"tab"', '"\\t"', "'\\t'", '["TAB", ";"]'])
def test_a_tab_may_be_written_in_several_ways(tmp_path: Path, written: str) -> None:
    assert declared(tmp_path, form=f"delimiter = {written}").format.delimiter == "\t"


@pytest.mark.parametrize(
    ("written", "meant"),
    [("%-d/%-m/%Y", "%d/%m/%Y"), ("%F %T", "%Y-%m-%d %H:%M:%S"), ("%e-%h-%y", "%d-%b-%y"), ("%Y%j", "%Y%j")],
)
def test_directives_that_stand_for_others(tmp_path: Path, written: str, meant: str) -> None:
    assert declared(tmp_path, dates=written).columns["crossed_at"].formats == (meant,)


def test_several_columns_and_a_number_alone_need_no_table(tmp_path: Path) -> None:
    source = declared(
        tmp_path,
        name='{ layout = "separate", given = ["n1", "n2"], surname_1 = "a1" }',
        more='document = "dni"',
    )
    person = source.persons["self"]
    assert person.name_parts["given"].columns == ("n1", "n2")
    assert person.documents[0].number.columns == ("dni",)


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"dates": "dd/mm/yyyy hh:mm"}, 'Did you mean "%d/%m/%Y %H:%M"'),
        ({"dates": "aaaa-mm-dd"}, 'Did you mean "%Y-%m-%d"'),
        ({"dates": "%d/%m"}, "%Y is missing"),
        ({"form": 'type = "excel"'}, 'Did you mean "xlsx"'),
        ({"form": 'columns = ["a"], header = true'}, "header = false"),
        ({"direction": '{ from = "t", values = { E = "entrada" } }'}, 'Did you mean "arrival"'),
        ({"person": "person"}, r"write \[person.self\]"),
        ({"name": '"nombre"'}, "how the name is written"),
        ({"name": '{ full = "nombre" }'}, "how the name is written"),
        ({"more": 'fecha_nacimiento = "f"'}, 'Did you mean "birth_date"'),
        ({"more": 'nacionalidad = "n"'}, 'Did you mean "citizenship"'),
        ({"more": 'birthdate = "n"'}, 'Did you mean "birth_date"'),
        ({"more": '[rows."a b"]\nf = "x"'}, "cannot name a row"),
        ({"more": '[rows.a]\nf = { constant = "x" }'}, "takes nothing from the extract"),
    ],
)
def test_what_cannot_be_meant_says_what_could_be(tmp_path: Path, parts: dict[str, str], told: str) -> None:
    with pytest.raises(DeclarationError, match=told):
        declared(tmp_path, **parts)


def test_a_day_of_the_year_that_the_year_has(tmp_path: Path) -> None:
    texts = pl.Series(["2023064", "2024366", "2023366", "2023000", "23365"])
    read = read_dates(texts, ["%Y%j", "%y%j"], pivot=26)
    assert read["date"].to_list() == [date(2023, 3, 5), date(2024, 12, 31), None, None, date(2023, 12, 31)]
    assert read["reason"].to_list() == [None, None, "date_unreadable", "date_unreadable", None]
