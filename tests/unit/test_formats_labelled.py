"""Files of SPSS and Stata, in which codes carry labels."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path

import polars as pl
import pyreadstat
import pytest
from kit import ingest, make_project

from register.check import check_project
from register.errors import ExtractError
from register.ingest import labelled

DECLARATION = """
table = "crossing"
files = "esi.*"
key = "id"
format = {{ type = "{kind}", labels = {labels} }}
[columns]
crossed_at = "fecha"
direction = {direction}
[person.self]
name = {{ layout = "surnames_given", full = "nombre" }}
sex = "sexo"
birth_date = "nac"
"""
FIGURES = '{ from = "tip_movi", values = { 1 = "arrival", 2 = "departure" } }'
FRAME = pl.DataFrame(
    {
        "id": [1.0, 2.0, 3.0],
        "fecha": [dt.datetime(2023, 3, 5, 14, 30), dt.datetime(2023, 3, 6), None],
        "tip_movi": [1.0, 2.0, 1.0],
        "sexo": [2.0, 1.0, None],
        "nombre": ["PEÑA, ANA", "ROJAS, LUIS", "X"],
        "nac": [dt.date(1980, 2, 29), None, None],
    }
)
LABELS = {"tip_movi": {1: "Entrada", 2: "Salida"}, "sexo": {2: "Mujer"}}


def written(folder: Path, suffix: str) -> bytes:
    path = folder / f"esi{suffix}"
    write = pyreadstat.write_dta if suffix == ".dta" else pyreadstat.write_sav
    write(FRAME, str(path), variable_value_labels=LABELS)
    return path.read_bytes()


@pytest.mark.parametrize(("suffix", "kind"), [(".sav", "spss"), (".dta", "stata")])
@pytest.mark.parametrize(("labels", "direction"), [("true", '"tip_movi"'), ("false", FIGURES)])
def test_codes_are_read_as_they_are_or_by_their_labels(
    tmp_path: Path, suffix: str, kind: str, labels: str, direction: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(labelled, "BATCH_ROWS", 2)
    declaration = DECLARATION.format(kind=kind, labels=labels, direction=direction)
    built = ingest(
        tmp_path / "p",
        {f"esi{suffix}": written(tmp_path, suffix)},
        {"schemas/sources/col/x.toml": declaration},
    )
    told = built.rows(
        "select record_key, crossed_at, direction, surname_1, sex, birth_date, line from crossing "
        "join mention using (record_key) join identity using (identity_id) order by record_key"
    )
    assert [tuple(row.values()) for row in told] == [
        ("1", dt.datetime(2023, 3, 5, 14, 30), "arrival", "PENA", "2", dt.date(1980, 2, 29), 1),
        ("2", dt.datetime(2023, 3, 6), "departure", "ROJAS", "1", None, 2),
    ]
    assert built.rows("select line, reasons from rejected") == [{"line": 3, "reasons": "crossed_at:missing"}]


def test_a_packed_one_is_read_and_a_damaged_one_is_told(tmp_path: Path) -> None:
    content = written(tmp_path, ".sav")
    with zipfile.ZipFile(tmp_path / "esi.zip", "w") as archive:
        archive.writestr("esi.sav", content)
    packed = (tmp_path / "esi.zip").read_bytes()
    edits = {
        "schemas/sources/col/x.toml": DECLARATION.format(kind="spss", labels="true", direction='"tip_movi"')
    }
    built = ingest(tmp_path / "p", {"esi.zip": packed}, edits)
    assert built.count("esi.zip")["in_tables"] == 2
    with pytest.raises(ExtractError, match="not of format spss"):
        check_project(make_project(tmp_path / "q", {"esi.sav": content[:200]}, edits).root)
