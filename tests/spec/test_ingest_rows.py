"""What becomes of a row: it enters a table, is rejected with its reasons, or is a counted duplicate or old version.

A value without which the record says nothing (when a crossing was, in which direction, the office's own key) must be
readable, or the row is rejected. Any other value that cannot be read, or cannot be true, is null and told in ``flags``.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from kit import (
    BIRTHS,
    CROSSINGS,
    DEATHS,
    FATES,
    PERMITS,
    VISAS,
    Built,
    assert_all_accounted,
    build_project,
    ingest,
    put,
)

from register.errors import DeclarationError


def crossings(tmp_path: Path, *rows: str) -> Built:
    return ingest(tmp_path / "project", {CROSSINGS.file: CROSSINGS.text(*rows)})


def visas(tmp_path: Path, **files: list[str]) -> Built:
    """Ingest deliveries of visas, by the last part of their file names, in that order."""
    return ingest(
        tmp_path / "project",
        {f"cancilleria_visas_{name}.csv": VISAS.text(*rows) for name, rows in files.items()},
    )


# --- a value that cannot be read ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("31/02/1990", "date_unreadable"),
        ("1990-05-01", "date_unreadable"),
        ("ayer", "date_unreadable"),
        ("01/05/1790", "date_out_of_range"),
        ("01/05/2999", "date_out_of_range"),
        ("00/00/0000", "date_placeholder"),
        ("01/01/1900", "date_placeholder"),
    ],
)
def test_a_birth_date_that_cannot_be_read_does_not_lose_the_crossing(
    tmp_path: Path, written: str, reason: str
) -> None:
    built = crossings(tmp_path, CROSSINGS.row(FECHA_NACIMIENTO=written))
    assert built.row("select flags from crossing")["flags"] == f"birth_date:{reason}"
    assert built.row("select birth_date, birth_date_precision from identity") == {
        "birth_date": None,
        "birth_date_precision": None,
    }
    assert built.count(CROSSINGS.file)["reasons"] == {f"birth_date:{reason}": 1}


def test_a_birth_date_without_day_or_month_keeps_what_is_known(tmp_path: Path) -> None:
    built = crossings(
        tmp_path,
        CROSSINGS.row(ID_MOVIMIENTO="M1", FECHA_NACIMIENTO="00/00/1975"),
        CROSSINGS.row(ID_MOVIMIENTO="M2", FECHA_NACIMIENTO="00/08/1975"),
    )
    found = built.rows(
        "select birth_date, birth_date_precision as precision from identity order by birth_date"
    )
    assert found == [
        {"birth_date": dt.date(1975, 1, 1), "precision": "year"},
        {"birth_date": dt.date(1975, 8, 1), "precision": "month"},
    ]
    assert built.values("select flags from crossing") == [None, None]


def test_a_birth_after_the_crossing_cannot_be_true(tmp_path: Path) -> None:
    built = crossings(tmp_path, CROSSINGS.row(FECHA_HORA="05/03/2023 14:30", FECHA_NACIMIENTO="06/03/2023"))
    assert built.row("select flags from crossing")["flags"] == "birth_date:after_event"
    assert built.values("select birth_date from identity") == [None]


def test_a_birth_on_the_day_of_the_crossing_can_be_true(tmp_path: Path) -> None:
    built = crossings(tmp_path, CROSSINGS.row(FECHA_HORA="05/03/2023 14:30", FECHA_NACIMIENTO="05/03/2023"))
    assert built.values("select flags from crossing") == [None]


def test_every_fault_of_a_row_is_flagged(tmp_path: Path) -> None:
    built = crossings(
        tmp_path,
        CROSSINGS.row(
            FECHA_NACIMIENTO="pronto", SEXO="Q", NACIONALIDAD="ATLANTIS", PUESTO_CONTROL="PUERTO DE NADIE"
        ),
    )
    flags = built.row("select flags from crossing")["flags"].split(";")
    assert sorted(flags) == [
        "birth_date:date_unreadable",
        "border_post_code:unknown_code",
        "citizenship_code:unknown_code",
        "sex:unknown_code",
    ]


def test_blank_is_not_a_fault(tmp_path: Path) -> None:
    built = crossings(
        tmp_path,
        CROSSINGS.row(FECHA_NACIMIENTO="", SEXO="  ", NACIONALIDAD="", MOTIVO_VIAJE="", PUESTO_CONTROL=""),
    )
    assert built.values("select flags from crossing") == [None]


def test_codes_are_read_as_code_label_or_alias_whatever_their_case_and_accents(tmp_path: Path) -> None:
    built = crossings(
        tmp_path,
        CROSSINGS.row(ID_MOVIMIENTO="M1", NACIONALIDAD="PER", TIPO_MOVIMIENTO="Entrada"),
        CROSSINGS.row(ID_MOVIMIENTO="M2", NACIONALIDAD="Perú", TIPO_MOVIMIENTO=" ingreso "),
        CROSSINGS.row(ID_MOVIMIENTO="M3", NACIONALIDAD="PERUANA", TIPO_MOVIMIENTO="E"),
    )
    assert built.values("select distinct citizenship_code from identity") == ["PER"]
    assert built.values("select distinct direction from crossing") == ["arrival"]


def test_a_permit_that_ends_before_it_begins_keeps_its_beginning(tmp_path: Path) -> None:
    built = ingest(
        tmp_path / "project",
        {PERMITS.file: PERMITS.text(PERMITS.row(F_EXPEDICION="20220110", F_VENCIMIENTO="20210110"))},
    )
    assert built.row("select issued_on, expires_on, flags from permit") == {
        "issued_on": dt.date(2022, 1, 10),
        "expires_on": None,
        "flags": "expires_on:before_issue",
    }


def test_a_municipality_is_matched_by_name_within_its_department(tmp_path: Path) -> None:
    written = [
        ("BOGOTA", "Bogotá, D.C.", "11001"),
        ("Santafé de Bogotá D.C.", "BOGOTA", "11001"),
        ("CTG", "BOLIVAR", "13001"),
        ("Medellín", "Antioquia", "05001"),
        ("LA UNION", "Nariño", "52399"),
        ("LA UNION", "Valle del Cauca", "76400"),
    ]
    rows = [
        PERMITS.row(NUM_PERMISO=str(5000000 + at), MUNICIPIO=municipality, DEPARTAMENTO=department)
        for at, (municipality, department, _) in enumerate(written)
    ]
    built = ingest(tmp_path / "project", {PERMITS.file: PERMITS.text(*rows)})
    found = built.rows("select municipality_code, flags from permit order by record_key")
    assert found == [{"municipality_code": code, "flags": None} for _, _, code in written]


def test_a_municipality_matched_by_similarity_is_used_and_flagged_for_the_office_to_confirm(
    tmp_path: Path,
) -> None:
    built = ingest(
        tmp_path / "project",
        {PERMITS.file: PERMITS.text(PERMITS.row(MUNICIPIO="BARRANQUILA", DEPARTAMENTO="Atlántico"))},
    )
    assert built.row("select municipality_code, flags from permit") == {
        "municipality_code": "08001",
        "flags": "municipality_code:similar",
    }


def test_a_municipality_of_no_likeness_is_null_and_never_a_guess(tmp_path: Path) -> None:
    built = ingest(
        tmp_path / "project",
        {PERMITS.file: PERMITS.text(PERMITS.row(MUNICIPIO="XANADU", DEPARTAMENTO="Atlántico"))},
    )
    assert built.row("select municipality_code, department_code, flags from permit") == {
        "municipality_code": None,
        "department_code": "08",
        "flags": "municipality_code:unknown",
    }


# --- a row that says nothing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "reasons"),
    [
        ({"TIPO_MOVIMIENTO": "TRANSITO"}, "direction:unknown_code"),
        ({"TIPO_MOVIMIENTO": ""}, "direction:missing"),
        ({"FECHA_HORA": "31/02/2023 14:30"}, "crossed_at:date_unreadable"),
        ({"FECHA_HORA": ""}, "crossed_at:missing"),
        ({"FECHA_HORA": "01/01/2199 10:00"}, "crossed_at:date_out_of_range"),
        ({"ID_MOVIMIENTO": " "}, "record_key:missing"),
        ({"ID_MOVIMIENTO": "", "TIPO_MOVIMIENTO": "?", "FECHA_HORA": "x"}, None),
    ],
)
def test_a_crossing_without_key_time_or_direction_is_rejected_with_its_reasons(
    tmp_path: Path, fault: dict[str, str], reasons: str | None
) -> None:
    built = crossings(tmp_path, CROSSINGS.row(ID_MOVIMIENTO="M0"), CROSSINGS.row(**fault))
    rejected = built.row("select source, declaration, file, line, reasons from rejected")
    found = rejected.pop("reasons")
    assert rejected == {
        "source": "crossing",
        "declaration": "migracion_movimientos",
        "file": CROSSINGS.file,
        "line": 3,
    }
    if reasons is None:
        assert len(found.split(";")) == 3, "every reason is given"
    else:
        assert found == reasons
    assert built.values("select record_key from crossing") == ["M0"]


def test_a_rejected_row_keeps_its_text_and_names_nobody(tmp_path: Path) -> None:
    row = CROSSINGS.row(TIPO_MOVIMIENTO="TRANSITO")
    built = crossings(tmp_path, row)
    assert built.row("select raw from rejected")["raw"] == row
    assert built.values("select count(*) from mention") == [0]
    assert built.values("select count(*) from identity") == [0]


def test_a_death_needs_its_day_and_a_birth_too(tmp_path: Path) -> None:
    built = ingest(
        tmp_path / "project",
        {
            DEATHS.file: DEATHS.text(DEATHS.row(fecha_defuncion="")),
            BIRTHS.file: BIRTHS.text(BIRTHS.row(fecha_nacimiento="2023-13-01")),
        },
    )
    assert built.values("select reasons from rejected order by file") == [
        "died_on:missing",
        "born_on:date_unreadable",
    ]


def test_a_corrected_file_takes_the_row_in_on_the_next_build(tmp_path: Path) -> None:
    built = crossings(tmp_path, CROSSINGS.row(TIPO_MOVIMIENTO="TRANSITO"))
    put(built.project, CROSSINGS.file, CROSSINGS.text(CROSSINGS.row(TIPO_MOVIMIENTO="SALIDA")))
    again = build_project(built.project, until="identify")
    assert again.report.done == ["ingest", "identify"]
    assert again.values("select direction from crossing") == ["departure"]
    assert again.values("select count(*) from rejected") == [0]


# --- a row delivered more than once ----------------------------------------------------------------------------------


def fates(built: Built, name: str) -> dict[str, int]:
    count = built.count(f"cancilleria_visas_{name}.csv")
    return {fate: count[fate] for fate in FATES if count[fate]}


def test_an_exact_duplicate_within_a_file_is_counted_and_dropped(tmp_path: Path) -> None:
    built = visas(tmp_path, a=[VISAS.row(), VISAS.row(), VISAS.row()])
    assert built.rows("select record_id, line from visa") == [
        {"record_id": "cancilleria_visas:V1", "line": 2}
    ]
    assert fates(built, "a") == {"in_tables": 1, "duplicate": 2}
    assert built.values("select count(*) from mention") == [1]


def test_an_exact_duplicate_in_a_later_file_is_counted_there(tmp_path: Path) -> None:
    built = visas(tmp_path, a=[VISAS.row()], b=[VISAS.row()])
    assert fates(built, "a") == {"in_tables": 1}
    assert fates(built, "b") == {"duplicate": 1}


def test_a_later_file_corrects_an_earlier_one_and_the_old_version_is_counted_as_superseded(
    tmp_path: Path,
) -> None:
    built = visas(tmp_path, a=[VISAS.row(tipo="M")], b=[VISAS.row(tipo="R")])
    assert built.rows("select record_id, file, visa_class_code from visa") == [
        {
            "record_id": "cancilleria_visas:V1",
            "file": "cancilleria_visas_b.csv",
            "visa_class_code": "R",
        }
    ]
    assert fates(built, "a") == {"superseded": 1}
    assert fates(built, "b") == {"in_tables": 1}


def test_of_three_versions_the_last_wins(tmp_path: Path) -> None:
    built = visas(tmp_path, a=[VISAS.row(tipo="V")], b=[VISAS.row(tipo="M")], c=[VISAS.row(tipo="R")])
    assert built.values("select visa_class_code from visa") == ["R"]
    assert fates(built, "a") == fates(built, "b") == {"superseded": 1}


def test_a_correction_taken_back_is_the_first_version_again(tmp_path: Path) -> None:
    built = visas(tmp_path, a=[VISAS.row(tipo="V")], b=[VISAS.row(tipo="M")], c=[VISAS.row(tipo="V")])
    assert built.values("select visa_class_code from visa") == ["V"]
    assert fates(built, "b") == {"superseded": 1}


def test_a_person_whom_only_an_old_version_names_is_no_identity(tmp_path: Path) -> None:
    built = visas(
        tmp_path,
        a=[VISAS.row(apellidos_nombres="PERES, JUAN")],
        b=[VISAS.row(apellidos_nombres="PEREZ, JUAN")],
    )
    assert built.values("select surname_1 from identity") == ["PEREZ"]


def test_one_key_with_other_content_in_the_same_file_is_two_records(tmp_path: Path) -> None:
    built = visas(tmp_path, a=[VISAS.row(tipo="M"), VISAS.row(tipo="R")])
    assert built.rows("select record_id, record_key, visa_class_code from visa order by line") == [
        {"record_id": "cancilleria_visas:V1", "record_key": "V1", "visa_class_code": "M"},
        {"record_id": "cancilleria_visas:V1~2", "record_key": "V1", "visa_class_code": "R"},
    ]
    assert fates(built, "a") == {"in_tables": 2}
    assert sorted(built.values("select record_id from mention")) == [
        "cancilleria_visas:V1",
        "cancilleria_visas:V1~2",
    ]


def test_the_same_key_in_two_kinds_of_extract_is_two_records(tmp_path: Path) -> None:
    built = ingest(
        tmp_path / "project",
        {
            VISAS.file: VISAS.text(VISAS.row(numero_visa="1")),
            DEATHS.file: DEATHS.text(DEATHS.row(serial="1")),
        },
    )
    assert built.values("select record_id from mention order by 1") == [
        "cancilleria_visas:1",
        "registro_civil_defunciones:1",
    ]


def test_the_order_of_columns_does_not_make_another_record(tmp_path: Path) -> None:
    columns = list(VISAS.ordinary)
    turned = dict(reversed(VISAS.ordinary.items()))
    line = ",".join(f'"{cell}"' for cell in turned.values())
    built = ingest(
        tmp_path / "project",
        {
            "cancilleria_visas_a.csv": VISAS.text(VISAS.row()),
            "cancilleria_visas_b.csv": VISAS.text(line, header=",".join(reversed(columns))),
        },
    )
    assert built.count("cancilleria_visas_b.csv")["duplicate"] == 1


def test_a_rejected_correction_leaves_the_version_before_it(tmp_path: Path) -> None:
    built = ingest(
        tmp_path / "project",
        {
            "migracion_movimientos_1.csv": CROSSINGS.text(CROSSINGS.row()),
            "migracion_movimientos_2.csv": CROSSINGS.text(CROSSINGS.row(TIPO_MOVIMIENTO="?")),
        },
    )
    assert built.values("select direction from crossing") == ["arrival"]
    assert built.count("migracion_movimientos_2.csv")["rejected"] == 1


def test_a_source_without_a_key_knows_a_record_by_its_content(tmp_path: Path) -> None:
    built = ingest(
        tmp_path / "project",
        {
            "cancilleria_visas_a.csv": VISAS.text(VISAS.row(), VISAS.row(tipo="R")),
            "cancilleria_visas_b.csv": VISAS.text(VISAS.row()),
        },
        {
            "schemas/sources/col/cancilleria_visas.toml": [
                ('key    = "numero_visa"', 'ignored = ["numero_visa"]')
            ]
        },
    )
    assert len(set(built.values("select record_id from visa"))) == 2
    assert built.count("cancilleria_visas_b.csv")["duplicate"] == 1


def test_a_key_of_two_columns_joins_them_with_a_hyphen(tmp_path: Path) -> None:
    built = ingest(
        tmp_path / "project",
        {VISAS.file: VISAS.text(VISAS.row(), VISAS.row(tipo="R"), VISAS.row(tipo=""))},
        {
            "schemas/sources/col/cancilleria_visas.toml": [
                ('key    = "numero_visa"', 'key = ["numero_visa", "tipo"]')
            ]
        },
    )
    assert built.values("select record_key from visa order by 1") == ["V1-M", "V1-R"]
    assert built.values("select reasons from rejected") == ["record_key:missing"]


# --- the sample ----------------------------------------------------------------------------------------------------


def test_every_row_of_the_sample_extracts_is_accounted_for(sample_build) -> None:
    from register.run import find_run

    files = find_run(sample_build.runs).stages["ingest"]["files"]
    assert_all_accounted(files)
    assert len(files) == 12
    lines = sum(len((sample_build.extracts / count["file"]).read_bytes().splitlines()) - 1 for count in files)
    assert sum(count["received"] for count in files) == lines == 15_283


def test_a_date_may_be_told_by_how_long_after_another_it_is(tmp_path: Path) -> None:
    visas = "schemas/sources/col/cancilleria_visas.toml"
    after = (
        '{ from = "fecha_vencimiento", format = "%Y-%m-%d" }',
        '{ from = "fecha_vencimiento", months_after = "issued_on" }',
    )
    told = {"V1": "1", "V2": "24.0", "V3": "", "V4": "indefinida", "V5": "6", "V6": "9999"}
    rows = [
        VISAS.row(
            numero_visa=key, fecha_vencimiento=months, fecha_expedicion="" if key == "V5" else "2023-01-31"
        )
        for key, months in told.items()
    ]
    built = ingest(tmp_path / "p", {VISAS.file: VISAS.text(*rows)}, {visas: [after]})
    found = built.rows("select record_key, expires_on::varchar as day, flags from visa order by 1")
    assert [tuple(row.values()) for row in found] == [
        ("V1", "2023-02-28", None),
        ("V2", "2025-01-31", None),
        ("V3", None, None),
        ("V4", None, "expires_on:duration_unreadable"),
        ("V5", None, None),
        ("V6", None, "expires_on:date_out_of_range"),
    ]
    for wrong in ("issued", "expires_on"):
        with pytest.raises(DeclarationError, match=f'"{wrong}" is no other date'):
            ingest(tmp_path / wrong, {}, {visas: [(after[0], after[1].replace('"issued_on"', f'"{wrong}"'))]})
