"""A second country is files alone: Ecuador is built from its declarations, without a line of Python.

The extract has the columns that Ecuador publishes of entries and exits, and nominal ones beside them: parts of dates in
columns of their own, codes as figures or as words, years of birth without month and day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path

import pytest
from kit import Built, assert_all_accounted, build_project

from register.project import init_project, load_project

HEADER = (
    "id_movi;tip_movi;tip_naci;via_tran;pro_jefm;jef_migr;anio_movi;mes_movi;dia_movi;hor_movi;nac_migr;sex_migr;"
    "anio_nac;mes_nac;dia_nac;edad;mot_viam;pais_prod;apellido_1;apellido_2;nombres;tip_docu;num_docu;pais_docu"
)
PERSONS = {
    "ana": "Colombia;Mujer;1990;4;7;30;Turismo;Colombia;MUÑOZ;PEÑA;ANA LUCÍA;Pasaporte;AX112233;Colombia",
    "luis": "Ecuador;1;1985;;;35;Residencia;España;CEVALLOS;MORA;LUIS ALFREDO;Pasaporte;A9988776;Ecuador",
}


def row(
    key: int, direction: str, post: str, day: str, person: str, way: str = "Aérea", hour: str = "14:30"
) -> str:
    year, month, date = day.split("-")
    kind = "1" if person == "luis" else "2"
    return f"{key};{direction};{kind};{way};Pichincha;{post};{year};{month};{date};{hour};{PERSONS[person]}"


def ecuador(
    directory: Path, files: dict[str, Iterable[str]], header: str = HEADER, **options: object
) -> Built:
    project = init_project(directory, "ecu")
    for name, rows in files.items():
        text = "".join(f"{line}\r\n" for line in (header, *rows))
        (project.extracts / name).write_bytes(text.encode("cp1252"))
    built = build_project(load_project(project.root), **options)
    assert_all_accounted(built.files)
    return built


def test_entries_and_exits_of_ecuador_become_events(tmp_path: Path) -> None:
    built = ecuador(
        tmp_path / "project",
        {
            "esi_2019.csv": [
                row(1, "Entrada", "Quito", "2019-3-5", "ana"),
                row(2, "2", "GUAYAQUIL", "2019-1-9", "luis"),
            ],
            "esi_2022.csv": [row(3, "Salida", "Tulcán", "2022-06-01", "ana", way="Vía terrestre")],
        },
    )
    crossings = built.rows(
        "select record_key, crossed_at, direction, border_post_code, transport_mode, counterpart_country_code,"
        " purpose_code from crossing order by record_key"
    )
    assert crossings[0] == {
        "record_key": "1",
        "crossed_at": dt.datetime(2019, 3, 5, 14, 30),
        "direction": "arrival",
        "border_post_code": "ECU-UIO",
        "transport_mode": "air",
        "counterpart_country_code": "COL",
        "purpose_code": "tourism",
    }
    assert [line["direction"] for line in crossings] == ["arrival", "departure", "departure"]
    assert [line["transport_mode"] for line in crossings] == ["air", "air", "land"]
    people = built.rows(
        "select surname_1, sex, citizenship_code, birth_date, birth_date_precision from identity order by 1"
    )
    assert people == [
        {
            "surname_1": "CEVALLOS",
            "sex": "1",
            "citizenship_code": "ECU",
            "birth_date": dt.date(1985, 1, 1),
            "birth_date_precision": "year",
        },
        {
            "surname_1": "MUNOZ",
            "sex": "2",
            "citizenship_code": "COL",
            "birth_date": dt.date(1990, 4, 7),
            "birth_date_precision": "day",
        },
    ]
    assert built.values("select count(distinct person_id) from membership") == [2]
    assert built.values("select direction from event where citizenship_code = 'COL' order by event_date") == [
        "immigration",
        "emigration",
    ]


def test_a_day_without_its_hour_is_the_beginning_of_that_day(tmp_path: Path) -> None:
    built = ecuador(
        tmp_path / "project",
        {"esi_2019.csv": [row(1, "Entrada", "Quito", "2019-3-5", "ana", hour="")]},
        until="identify",
    )
    assert built.values("select crossed_at from crossing") == [dt.datetime(2019, 3, 5)]


def test_a_header_in_capitals_is_the_same_header(tmp_path: Path) -> None:
    built = ecuador(
        tmp_path / "project",
        {"esi_2012.csv": [row(1, "Entrada", "Huaquillas", "2012-3-5", "ana", way="Terrestre")]},
        header=HEADER.upper(),
        until="identify",
    )
    assert built.values("select border_post_code from crossing") == ["ECU-HUA"]
    assert built.files[0]["missing_columns"] == []


def test_the_open_data_as_inec_writes_it_in_one_year_and_another(tmp_path: Path) -> None:
    """Months and ways in words, the office of migration by its whole name, commas in some years; no names in it."""
    published = ",".join(
        (
            *(
                "tip_movi",
                "tip_naci",
                "via_tran",
                "pro_jefm",
                "can_jefm",
                "jef_migr",
                "anio_movi",
                "mes_movi",
            ),
            *("dia_movi", "nac_migr", "sex_migr", "edad", "ocu_migr", "mot_viam", "pais_prod", "lug_prod"),
            *("pais_res", "cont_prod", "cont_res", "cont_nac", "subcont_prod", "subcont_nac"),
        )
    )
    nominal = (
        ",id_movi,hor_movi,apellido_1,apellido_2,nombres,tip_docu,num_docu,pais_docu,anio_nac,mes_nac,dia_nac"
    )
    office = "Unidad de Control Migratorio Puerto Marítimo Ayora"
    line = (
        f"Entrada,Extranjero,Vía Maritimo,Galápagos,Santa Cruz,{office},2023,Septiembre,5,Taiwán (República de China),"
        "Mujer,33,No especificado,Turismo,Estados Unidos de América,Miami,Venezuela,América,América,Asia,"
        "América del Norte,Asia Oriental,7,,LIN,,MEI,Pasaporte,C1234567,Taiwán (República de China),1990,,"
    )
    built = ecuador(
        tmp_path / "project", {"esi2023.csv": [line]}, header=published + nominal, until="identify"
    )
    assert built.files[0]["unknown_columns"] == built.files[0]["missing_columns"] == []
    assert built.row(
        "select crossed_at::date as day, direction, transport_mode, border_post_code, counterpart_country_code,"
        " purpose_code, flags from crossing"
    ) == {
        "day": dt.date(2023, 9, 5),
        "direction": "arrival",
        "transport_mode": "sea",
        "border_post_code": "ECU-AYO",
        "counterpart_country_code": "USA",
        "purpose_code": "tourism",
        "flags": None,
    }
    assert built.values("select citizenship_code from identity") == ["TWN"]


@pytest.mark.parametrize(
    ("earlier", "later"), [("esi_2019_b.csv", "esi_2020_a.csv"), ("z/esi_2019.csv", "a/esi_2020.csv")]
)
def test_of_two_deliveries_the_later_by_date_wins_whatever_its_path(
    tmp_path: Path, earlier: str, later: str
) -> None:
    for name in (earlier, later):
        (tmp_path / "project" / "extracts" / name).parent.mkdir(parents=True, exist_ok=True)
    built = ecuador(
        tmp_path / "project",
        {
            earlier: [row(1, "Entrada", "Quito", "2019-12-31", "ana")],
            later: [row(1, "Entrada", "Guayaquil", "2019-12-31", "ana")],
        },
        until="identify",
    )
    assert built.values("select border_post_code from crossing") == ["ECU-GYE"]
    assert {count["file"]: count["superseded"] for count in built.files} == {earlier: 1, later: 0}
