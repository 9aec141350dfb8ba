"""How an extract becomes tables: the six layouts of Colombia, each on one row.

A declaration (``schemas/sources/col/*.toml``) says which column holds what. These tests read as the meaning of those
six files: which record a row is, whom it names, and how what is written becomes a standard value.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from kit import BIRTHS, CROSSINGS, DEATHS, LAYOUTS, MARRIAGES, PERMITS, VISAS, Built, ingest


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """One ordinary row in each of the six layouts, and a birth without a father."""
    files = {layout.file: layout.text(layout.row()) for layout in LAYOUTS}
    files[BIRTHS.file] = BIRTHS.text(
        BIRTHS.row(),
        BIRTHS.row(serial="N2", doc_padre="", nombres_padre="", apellidos_padre="", nacionalidad_padre=""),
    )
    return ingest(tmp_path_factory.mktemp("office") / "project", files)


def test_words_that_stand_for_nobody_are_no_person(tmp_path: Path) -> None:
    nobody = [("SIN PADRE", ""), ("NO REGISTRA", "NO REGISTRA"), ("N.N.", "NN"), ("", "-")]
    births = [
        BIRTHS.row(
            serial=f"N{at}",
            doc_padre="0",
            nombres_padre=given,
            apellidos_padre=surnames,
            nacionalidad_padre="COL",
        )
        for at, (given, surnames) in enumerate(nobody)
    ]
    somebody = {"doc_padre": "79123456", "nombres_padre": "NN", "apellidos_padre": "NN"}
    births.append(BIRTHS.row(serial="D", **somebody))
    births.append(
        BIRTHS.row(
            serial="E", nombres="RECIEN NACIDO", primer_apellido="", segundo_apellido="", doc_padre="0"
        )
    )
    crossings = [
        CROSSINGS.row(
            ID_MOVIMIENTO="M1", NUM_DOCUMENTO="", NOMBRES="NN", PRIMER_APELLIDO="NN", SEGUNDO_APELLIDO=""
        )
    ]
    built = ingest(
        tmp_path / "p", {BIRTHS.file: BIRTHS.text(*births), CROSSINGS.file: CROSSINGS.text(*crossings)}
    )
    fathers = "select record_key from mention where role = 'father' order by 1"
    assert built.values(fathers) == ["D", "E"], "a document, a name"
    assert len(built.values("select 1 from mention where role = 'child'")) == 6, (
        "a child without a name was born"
    )
    assert built.values("select role from mention where source = 'crossing'") == ["self"], (
        "told by her day of birth"
    )
    assert built.count(BIRTHS.file)["in_tables"] == 6


def person(office: Built, source: str, role: str, key: str) -> dict:
    """Return the identity of the person whom a record names in a role."""
    return office.row(
        f"""select i.* from mention m join identity i using (identity_id)
        where m.source = '{source}' and m.role = '{role}' and m.record_key = '{key}'"""
    )


def test_a_border_crossing_has_a_time_a_direction_a_post_and_a_country(office: Built) -> None:
    crossing = office.row("select * from crossing")
    assert crossing["record_id"] == "migracion_movimientos:M1"
    assert (crossing["source"], crossing["declaration"]) == ("crossing", "migracion_movimientos")
    assert (crossing["file"], crossing["line"]) == (CROSSINGS.file, 2)
    assert crossing["crossed_at"] == dt.datetime(2023, 3, 5, 14, 30)
    assert crossing["direction"] == "arrival"
    assert crossing["border_post_code"] == "COL-BOG"
    assert crossing["counterpart_country_code"] == "ESP"
    assert crossing["purpose_code"] == "tourism"
    assert crossing["flags"] is None


def test_separate_name_columns_give_names_in_capitals_without_accents(office: Built) -> None:
    traveller = person(office, "crossing", "self", "M1")
    assert (traveller["given_name"], traveller["surname_1"], traveller["surname_2"]) == (
        "LUZ MARINA",
        "ZAMBRANO",
        "QUINONES",
    )
    assert (traveller["given_1"], traveller["given_2"]) == ("LUZ", "MARINA")
    assert traveller["surname_2_raw"] == "QUIÑONES", "the text as written stands beside it"


def test_a_traveller_has_birth_date_sex_citizenship_and_a_document(office: Built) -> None:
    traveller = person(office, "crossing", "self", "M1")
    assert (traveller["birth_date"], traveller["birth_date_precision"]) == (dt.date(1985, 11, 9), "day")
    assert (traveller["sex"], traveller["citizenship_code"]) == ("2", "VEN")
    assert (
        traveller["document_kind_code"],
        traveller["document_number"],
        traveller["document_issuer_code"],
    ) == ("passport", "AB123456", "VEN")


def test_a_visa_has_a_class_and_dates(office: Built) -> None:
    visa = office.row("select * from visa")
    assert visa["record_id"] == "cancilleria_visas:V1"
    assert (visa["visa_class_code"], visa["issued_on"], visa["expires_on"]) == (
        "M",
        dt.date(2022, 1, 10),
        dt.date(2025, 1, 9),
    )


def test_surnames_comma_given_names_are_parted_at_the_comma(office: Built) -> None:
    holder = person(office, "visa", "self", "V1")
    assert (holder["given_name"], holder["surname_1"], holder["surname_2"]) == (
        "LUZ MARINA",
        "ZAMBRANO",
        "QUINONES",
    )
    assert holder["full_name_raw"] == "ZAMBRANO QUIÑONES, LUZ MARINA"


def test_countries_and_sexes_are_read_as_words_too(office: Built) -> None:
    holder = person(office, "visa", "self", "V1")
    assert (holder["citizenship_code"], holder["sex"]) == ("VEN", "2")


def test_a_visa_stands_in_a_passport_of_the_holders_country(office: Built) -> None:
    holder = person(office, "visa", "self", "V1")
    assert (holder["document_kind_code"], holder["document_number"], holder["document_issuer_code"]) == (
        "passport",
        "AB123456",
        "VEN",
    )


def test_a_permit_has_a_class_dates_and_a_municipality_by_name(office: Built) -> None:
    permit = office.row("select * from permit")
    assert (permit["permit_class_code"], permit["issued_on"], permit["expires_on"]) == (
        "PPT",
        dt.date(2022, 1, 10),
        dt.date(2031, 1, 10),
    )
    assert (permit["municipality_code"], permit["department_code"]) == ("47001", "47")


def test_given_names_before_surnames_are_parted_by_what_the_other_sources_teach(office: Built) -> None:
    holder = person(office, "permit", "self", "5263179")
    assert (holder["given_name"], holder["surname_1"], holder["surname_2"]) == (
        "LUZ MARINA",
        "ZAMBRANO",
        "QUINONES",
    )


def test_a_permit_names_its_own_number_and_the_document_it_was_given_on(office: Built) -> None:
    holder = person(office, "permit", "self", "5263179")
    assert (holder["document_kind_code"], holder["document_number"], holder["document_issuer_code"]) == (
        "ppt",
        "5263179",
        "COL",
    )
    assert holder["document_2_number"] == "AB123456"


def test_a_birth_names_child_mother_and_father(office: Built) -> None:
    roles = office.values(
        "select role from mention where source = 'birth' and record_key = 'N1' order by role"
    )
    assert roles == ["child", "father", "mother"]
    birth = office.row("select * from birth where record_key = 'N1'")
    assert (birth["born_on"], birth["registered_on"]) == (dt.date(2023, 6, 1), dt.date(2023, 6, 10))
    assert (birth["municipality_code"], birth["department_code"]) == ("05001", "05")


def test_a_child_is_born_in_the_country_on_the_day_of_the_record(office: Built) -> None:
    child = person(office, "birth", "child", "N1")
    assert (child["given_name"], child["birth_date"], child["sex"], child["birth_country_code"]) == (
        "MATEO",
        dt.date(2023, 6, 1),
        "1",
        "COL",
    )
    assert child["document_number"] is None


def test_the_sex_of_mother_and_father_is_known_from_their_role(office: Built) -> None:
    mother, father = (person(office, "birth", role, "N1") for role in ("mother", "father"))
    assert (mother["sex"], mother["citizenship_code"], mother["document_number"]) == ("2", "VEN", "AB123456")
    assert (father["sex"], father["citizenship_code"], father["document_number"]) == ("1", "CHL", "15965438")


def test_surnames_in_one_column_are_two_surnames(office: Built) -> None:
    mother = person(office, "birth", "mother", "N1")
    assert (mother["surname_1"], mother["surname_2"]) == ("ZAMBRANO", "QUINONES")


def test_a_birth_without_a_father_names_two_people(office: Built) -> None:
    roles = office.values(
        "select role from mention where source = 'birth' and record_key = 'N2' order by role"
    )
    assert roles == ["child", "mother"]


def test_a_death_names_one_person(office: Built) -> None:
    death = office.row("select * from death")
    assert (death["died_on"], death["municipality_code"]) == (dt.date(2023, 11, 12), "11001")
    dead = person(office, "death", "self", "D1")
    assert (dead["given_name"], dead["surname_1"], dead["surname_2"]) == ("MIGUEL", "OSPINA", None)


def test_a_marriage_names_two_spouses_whose_sex_is_not_known(office: Built) -> None:
    assert office.row("select married_on from marriage")["married_on"] == dt.date(2021, 10, 17)
    first, second = (person(office, "marriage", role, "C1") for role in ("spouse_1", "spouse_2"))
    assert (first["given_name"], first["sex"]) == ("GERALDINE", None)
    assert (second["given_name"], second["surname_1"], second["surname_2"]) == (
        "FRANKLIN DAVID",
        "GUTIERREZ",
        "ESPITIA",
    )


def test_the_same_bundle_in_two_records_of_one_source_is_one_identity(tmp_path: Path) -> None:
    built = ingest(
        tmp_path / "project",
        {
            CROSSINGS.file: CROSSINGS.text(
                CROSSINGS.row(),
                CROSSINGS.row(ID_MOVIMIENTO="M2", FECHA_HORA="20/04/2023 08:00", TIPO_MOVIMIENTO="SALIDA"),
                CROSSINGS.row(ID_MOVIMIENTO="M3", NOMBRES="luz  marina", FECHA_HORA="01/05/2023 08:00"),
            )
        },
    )
    assert built.row("select n_mention, roles from identity") == {"n_mention": 3, "roles": "self"}


def test_identity_ids_are_the_same_in_every_build_of_a_project_and_cannot_be_recomputed_without_its_key(
    tmp_path: Path,
) -> None:
    files = {VISAS.file: VISAS.text(VISAS.row())}
    first = ingest(tmp_path / "first", files).values("select identity_id from identity")
    again = ingest(tmp_path / "again", files).values("select identity_id from identity")
    other_key = ingest(tmp_path / "other", files, {"secret.key": "11" * 32}).values(
        "select identity_id from identity"
    )
    assert first == again
    assert first != other_key


def test_each_layout_is_found_by_its_file_name(office: Built) -> None:
    assert {count["declaration"]: count["file"] for count in office.files} == {
        layout.declaration: layout.file for layout in LAYOUTS
    }
    assert office.count(DEATHS.file)["source"] == "death"
    assert office.count(MARRIAGES.file)["source"] == "marriage"
    assert office.count(PERMITS.file)["source"] == "permit"
