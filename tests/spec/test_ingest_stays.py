"""One row that tells of several records: a stay, with its entry and its exit, is read as two crossings.

The declaration names the rows that a row holds (``[rows.entry]``, ``[rows.exit]``) and what each takes from it.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from kit import Built, ingest

DECLARATION = """
table  = "crossing"
files  = "estadias*.csv"
format = { type = "csv", delimiter = ";", nulls = ["S/D"] }
key    = "id"

[rows.entry]
fecha     = "F_INGRESO"
puesto    = "PUESTO_INGRESO"
direction = { constant = "arrival" }

[rows.exit]
fecha     = "F_SALIDA"
puesto    = "PUESTO_SALIDA"
direction = { constant = "departure" }

[columns]
crossed_at       = { from = "fecha", format = "%d/%m/%Y" }
direction        = "direction"
border_post_code = "puesto"

[person.self]
name       = { layout = "surnames_given", full = "NOMBRE" }
birth_date = { from = "NACIDO", format = "%d/%m/%Y" }
document   = { number = "PASAPORTE" }
"""
HEADER = "id;NOMBRE;NACIDO;PASAPORTE;F_INGRESO;PUESTO_INGRESO;F_SALIDA;PUESTO_SALIDA\n"
ANA = "{};PEREZ, ANA;01/02/1990;A123456;{};{};{};{}\n"
STAY = ANA.format("S1", "05/03/2023", "AEROPUERTO EL DORADO", "20/03/2023", "RUMICHACA")
STILL_HERE = ANA.format("S2", "07/05/2023", "AEROPUERTO EL DORADO", "00/00/0000", "S/D")
ARRIVED, LEFT = dt.datetime(2023, 3, 5), dt.datetime(2023, 3, 20)


def stays(folder: Path, *texts: str, declaration: str = DECLARATION) -> Built:
    files = {f"estadias_{at}.csv": HEADER + text for at, text in enumerate(texts, start=1)}
    return ingest(folder / "p", files, {"schemas/sources/col/estadias.toml": declaration})


def crossings(built: Built, columns: str = "record_key, direction, crossed_at") -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in built.rows(f"select {columns} from crossing order by record_key")]


def test_a_stay_is_an_arrival_and_a_departure_of_one_person(tmp_path: Path) -> None:
    built = stays(tmp_path, STAY)
    assert crossings(built, "record_id, direction, crossed_at, line, flags") == [
        ("estadias:S1:entry", "arrival", ARRIVED, 2, None),
        ("estadias:S1:exit", "departure", LEFT, 2, None),
    ]
    assert built.row("select surname_1, n_mention from identity") == {"surname_1": "PEREZ", "n_mention": 2}
    posts = built.values("select border_post_code from crossing order by direction")
    assert posts == ["COL-BOG", "COL-RUM"]


def test_who_has_not_left_has_no_exit_whatever_fills_its_columns(tmp_path: Path) -> None:
    built = stays(tmp_path, STILL_HERE)
    assert crossings(built) == [("S2:entry", "arrival", dt.datetime(2023, 5, 7))]
    assert built.count("estadias_1.csv")["rejected"] == 0


def test_each_record_counts_as_one_received_and_the_account_closes(tmp_path: Path) -> None:
    bad = ANA.format("S3", "31/02/2023", "", "20/04/2023", "") + ANA.format(
        "S4", "5 de mayo", "", "mañana", ""
    )
    nothing = ANA.format("S5", "", "", "", "")
    built = stays(tmp_path, STAY + STILL_HERE + bad + nothing + "S6;too few columns\n")
    count = built.count("estadias_1.csv")
    # Six lines: S1 and S3 and S4 hold two records each; of S5, which holds none, the first is missed.
    assert (count["received"], count["unfolded"]) == (9, 3)
    assert (count["in_tables"], count["rejected"]) == (4, 5)
    rejected = built.rows("select line, reasons from rejected order by line, reasons")
    assert [(row["line"], row["reasons"]) for row in rejected] == [
        (4, "entry.crossed_at:date_unreadable"),
        (5, "entry.crossed_at:date_unreadable"),
        (5, "exit.crossed_at:date_unreadable"),
        (6, "entry.crossed_at:missing"),
        (7, "line:too_few_columns"),
    ]
    assert "S3:exit" in [key for key, _, _ in crossings(built)], "the half that can be read counts"
    raw = built.values("select raw from rejected where line = 4")
    assert raw == [ANA.format("S3", "31/02/2023", "", "20/04/2023", "").strip()], "the whole row, to mend it"


def test_an_exit_that_a_later_delivery_adds_makes_no_second_entry(tmp_path: Path) -> None:
    later = STILL_HERE.replace("00/00/0000;S/D", "09/06/2023;RUMICHACA")
    built = stays(tmp_path, STILL_HERE, later)
    assert [key for key, _, _ in crossings(built)] == ["S2:entry", "S2:exit"]
    assert built.count("estadias_2.csv")["duplicate"] == 1
    keyless = stays(
        tmp_path / "keyless", STILL_HERE, later, declaration=DECLARATION.replace("key ", "# key ")
    )
    assert keyless.values("select direction from crossing order by 1") == ["arrival", "departure"]


def test_a_corrected_exit_replaces_the_exit_alone(tmp_path: Path) -> None:
    built = stays(tmp_path, STAY, STAY.replace("20/03/2023", "21/03/2023"))
    assert crossings(built) == [
        ("S1:entry", "arrival", ARRIVED),
        ("S1:exit", "departure", dt.datetime(2023, 3, 21)),
    ]
    first, second = built.count("estadias_1.csv"), built.count("estadias_2.csv")
    assert (first["in_tables"], first["superseded"], second["duplicate"]) == (1, 1, 1)
    version = built.row("select * from superseded")
    assert (version["record_id"], version["changed_columns"]) == ("estadias:S1:exit", "fecha")
    assert (version["line"], version["later_line"]) == (2, 2)


def test_the_person_of_each_row_may_carry_another_document(tmp_path: Path) -> None:
    declaration = (
        DECLARATION.replace('"PUESTO_INGRESO"', '"PUESTO_INGRESO"\ndocumento = "PASAPORTE"')
        .replace('"PUESTO_SALIDA"', '"PUESTO_SALIDA"\ndocumento = "PASAPORTE_SALIDA"')
        .replace('number = "PASAPORTE"', 'number = "documento"')
    )
    text = (HEADER + STAY + ANA.format("S7", "", "", "20/04/2023", "")).replace("\n", ";B9\n")
    text = text.replace("PUESTO_SALIDA;B9", "PUESTO_SALIDA;PASAPORTE_SALIDA")
    built = ingest(tmp_path / "p", {"estadias.csv": text}, {"schemas/sources/col/estadias.toml": declaration})
    told = built.rows(
        "select record_key, document_number from mention join identity using (identity_id) order by 1"
    )
    # The passport that stands in every row makes no entry of a stay that has none.
    assert [tuple(row.values()) for row in told] == [
        ("S1:entry", "A123456"),
        ("S1:exit", "B9"),
        ("S7:exit", "B9"),
    ]


def test_the_members_of_a_family_share_a_visa_that_each_is_granted(tmp_path: Path) -> None:
    declaration = """
        table = "visa"
        files = "familias.csv"
        key = "sol"
        format = { nulls = ["-"] }
        [rows.holder]
        who = "titular"
        passport = "pas_titular"
        [rows.spouse]
        who = "conyuge"
        passport = "pas_conyuge"
        [columns]
        issued_on = "fecha"
        visa_class_code = "tipo"
        [person.self]
        name = { layout = "surnames_given", full = "who" }
        document = "passport"
    """
    text = """sol,tipo,fecha,titular,pas_titular,conyuge,pas_conyuge
77,M,2023-01-02,"PEREZ, JUAN",A1,"ROJAS, ANA",A2
78,R,2023-01-03,"DIAZ, EVA",C1,-,-
"""
    built = ingest(tmp_path / "p", {"familias.csv": text}, {"schemas/sources/col/familias.toml": declaration})
    told = built.rows(
        "select record_key, given_name, document_number, issued_on::varchar from visa join mention using (record_key) "
        "join identity using (identity_id) order by record_key"
    )
    assert [tuple(row.values()) for row in told] == [
        ("77:holder", "JUAN", "A1", "2023-01-02"),
        ("77:spouse", "ANA", "A2", "2023-01-02"),
        ("78:holder", "EVA", "C1", "2023-01-03"),
    ]


def test_a_delivery_may_lack_a_half_or_call_it_otherwise(tmp_path: Path) -> None:
    declaration = DECLARATION.replace(
        '"F_INGRESO"', '{ from = "F_INGRESO", renamed_from = "FECHA_ENTRADA" }'
    ).replace('"PUESTO_SALIDA"', '{ from = "PUESTO_SALIDA", optional = true }')
    text = (
        "id;NOMBRE;NACIDO;PASAPORTE;FECHA_ENTRADA;PUESTO_INGRESO\nS9;PEREZ, ANA;01/02/1990;A1;05/03/2023;\n"
    )
    built = ingest(tmp_path / "p", {"estadias.csv": text}, {"schemas/sources/col/estadias.toml": declaration})
    assert crossings(built) == [("S9:entry", "arrival", ARRIVED)]
    assert built.count("estadias.csv")["missing_columns"] == ["F_SALIDA"]
    assert built.count("estadias.csv")["unknown_columns"] == []


def test_a_file_without_any_date_is_rejected_and_its_missing_columns_named(tmp_path: Path) -> None:
    text = "id;NOMBRE;NACIDO;PASAPORTE\nS9;PEREZ, ANA;01/02/1990;A1\n"
    built = ingest(tmp_path / "p", {"estadias.csv": text}, {"schemas/sources/col/estadias.toml": DECLARATION})
    assert set(built.values("select reasons from rejected")) == {"header:missing_column"}
    assert {"F_INGRESO", "F_SALIDA"} <= set(built.count("estadias.csv")["missing_columns"])
