"""Every indicator that needs no linkage, on a few rows with the answer worked by hand."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from register.assess.declaration import load_indicators
from register.assess.questionnaire import load_questionnaire
from register.assess.report import Report
from register.schema import load_schema, profile_directory
from tests.kit import BIRTHS, CROSSINGS, PERMITS, VISAS
from tests.kit.assess import Figures, assessed

MOVEMENTS = "migracion_movimientos"
SCHEMA = load_schema(profile_directory() / "schemas")
INDICATORS, QUESTIONS = load_indicators(SCHEMA), load_questionnaire(SCHEMA)


def crossing(key: str, moment: str, direction: str = "ENTRADA", **values: str) -> str:
    return CROSSINGS.row(ID_MOVIMIENTO=key, FECHA_HORA=moment, TIPO_MOVIMIENTO=direction, **values)


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Figures:
    """Ten lines of which eight are records, each with its fault."""
    rows = [
        crossing("M1", "05/03/2022 10:00", NUM_DOCUMENTO="AB000001"),
        crossing("M1", "05/03/2022 10:00", NUM_DOCUMENTO="AB000001"),  # the row again, key and all
        crossing("M2", "05/03/2022 10:00", NUM_DOCUMENTO="AB000001"),  # the event again, under another key
        crossing("M3", "06/03/2023 10:00", "SALIDA", NUM_DOCUMENTO="SIN DOCUMENTO", MOTIVO_VIAJE=""),
        crossing("M4", "07/03/2023 10:00", FECHA_NACIMIENTO="01/01/1900", SEXO="ND", NUM_DOCUMENTO=""),
        crossing("M5", "08/03/2023 10:00", FECHA_NACIMIENTO="31/02/1990", NACIONALIDAD="QQQ", NUM_DOCUMENTO="AB000005"),
        crossing("M6", "09/03/2023 10:00", FECHA_NACIMIENTO="01/05/2024", NOMBRES="NN", NUM_DOCUMENTO="AB000006"),
        crossing("M7", "10/03/2023 10:00", FECHA_NACIMIENTO="02/01/1910", NUM_DOCUMENTO="AB000007"),  # 113 years old
        crossing("M8", "SIN DATO", NUM_DOCUMENTO="AB000008"),  # no date, no record
        "M9;cut",
    ]  # fmt: skip
    folder = tmp_path_factory.mktemp("faulty") / "p"
    return Figures(assessed(folder, {CROSSINGS.file: CROSSINGS.text(*rows)}), MOVEMENTS)


def test_rows(faulty: Figures) -> None:
    assert faulty("rows_parsed") == (9, 10)  # the line that was cut
    assert faulty("rows_accepted") == (8, 10)  # and the row without a date
    assert faulty("schema_conformity") == (15, 15)


def test_duplicates(faulty: Figures) -> None:
    assert faulty("duplicate_rows") == (1, 8)
    assert faulty("repeated_events") == (1, 8)
    assert faulty("reused_keys") == (0, 8)
    assert faulty("duplicate_rows", period="2022") == (1, 3)
    assert faulty("duplicate_rows", period="2023") == (0, 5)


def test_missing_and_filler_are_told_apart(faulty: Figures) -> None:
    assert faulty("missing", "document_number") == (1, 8)
    assert faulty("sentinel", "document_number") == (1, 8)
    assert faulty("complete", "document_number") == (6, 8)
    assert faulty("sentinel", "birth_date") == (1, 8)  # 1900-01-01
    assert faulty("sentinel", "sex") == (1, 8)  # ND
    assert faulty("sentinel", "given_name") == (1, 8)  # NN
    assert faulty("missing", "purpose_code") == (1, 8)
    assert faulty("complete", "purpose_code", "2023") == (4, 5)


def test_validity_speaks_of_what_was_written(faulty: Figures) -> None:
    assert faulty("valid", "birth_date") == (6, 7)  # 31 February; the filler is no failure of reading
    assert faulty("valid", "citizenship_code") == (7, 8)  # QQQ
    assert faulty("valid", "document_number") == (6, 6)
    assert faulty("valid", "crossed_at") == (8, 8)  # the rejected row held a filler


def test_edits(faulty: Figures) -> None:
    assert faulty("edit_failures", "birth_date.after_event") == (1, 8)
    assert faulty("edit_failures", "birth_date.too_old") == (1, 8)
    assert faulty("edit_failures") == (2, 8)


def test_keys_and_linkability(faulty: Figures) -> None:
    # Given name, surname, birth date and document are all there in M1 (twice) and M2; M7 was born too early to count.
    assert faulty("keys_complete") == (3, 8)
    # By the shipped weights a document alone has 19.9 bits and a birth date 13.9. Ten bits are asked for beyond
    # log2 of the handful of people. Everybody has a surname (6.5) and a second one (6.1).
    assert faulty("linkability") == (8, 8)


def test_what_an_extract_that_lacks_a_column_conforms_to(tmp_path: Path) -> None:
    header = CROSSINGS.header.replace(";MOTIVO_VIAJE", ";OTRA")
    figures = Figures(
        assessed(tmp_path / "p", {CROSSINGS.file: CROSSINGS.text(CROSSINGS.row(), header=header)}), MOVEMENTS
    )
    # Fifteen columns are declared; one is missing, and one came that nobody declared.
    assert figures("schema_conformity") == (14, 16)
    assert figures("missing", "purpose_code") == (1, 1)


def test_a_key_used_for_two_records(tmp_path: Path) -> None:
    rows = [
        crossing("M1", "05/03/2023 10:00"),
        crossing("M1", "06/03/2023 10:00"),
        crossing("M2", "07/03/2023 10:00"),
    ]
    figures = Figures(assessed(tmp_path / "p", {CROSSINGS.file: CROSSINGS.text(*rows)}), MOVEMENTS)
    assert figures("reused_keys") == (1, 3)
    assert figures("duplicate_rows") == (0, 3)


@pytest.fixture(scope="module")
def travellers(tmp_path_factory: pytest.TempPathFactory) -> Figures:
    """Three people: ANA with two passports and an unrecorded exit, LUZ whose name is mistyped once, EVA who stays."""
    ana = {"NOMBRES": "ANA", "FECHA_NACIMIENTO": "01/01/1990"}
    luz = {"NOMBRES": "LUZ", "FECHA_NACIMIENTO": "01/07/1983", "NUM_DOCUMENTO": "LL111111"}
    eva = {"NOMBRES": "EVA", "FECHA_NACIMIENTO": "15/06/1991", "NUM_DOCUMENTO": "EE111111"}
    land = {"PUESTO_CONTROL": "PARAGUACHON"}
    rows = [
        crossing("M1", "10/01/2021 08:00", **ana, NUM_DOCUMENTO="AA111111"),
        crossing("M2", "10/02/2021 08:00", "SALIDA", **ana, NUM_DOCUMENTO="AA111111"),
        crossing("M3", "10/03/2021 08:00", **ana, NUM_DOCUMENTO="AA222222"),  # another passport
        crossing(
            "M4", "10/04/2022 08:00", **ana, **land, NUM_DOCUMENTO="AA222222"
        ),  # the exit before it is missing
        crossing("M5", "11/01/2021 08:00", **luz),
        crossing("M6", "11/02/2021 08:00", "SALIDA", **{**luz, "NOMBRES": "LUS"}, **land),
        crossing("M7", "12/01/2021 08:00", **eva),
        crossing("M8", "12/01/2023 08:00", **luz),
    ]
    folder = tmp_path_factory.mktemp("travellers") / "p"
    return Figures(assessed(folder, {CROSSINGS.file: CROSSINGS.text(*rows)}), MOVEMENTS)


def test_documents_and_persons(travellers: Figures) -> None:
    # Before linkage a person is a name and birth date: ANA (2 documents), LUZ, LUS, EVA; documents: 2 + 1 + 1.
    assert travellers("documents_per_person") == (5, 4)
    assert travellers("persons_per_document") == (5, 4)
    assert travellers("documents_shared") == (1, 4)  # that of LUZ and LUS


def test_alternation_follows_people_over_documents_and_typing_errors(travellers: Figures) -> None:
    # ANA: in, out, in, in. LUZ: in, out, in. EVA: in. Five steps, one of which does not alternate.
    assert travellers("alternation") == (4, 5)
    assert travellers("alternation", "post.COL-PGN") == (1, 2)
    assert travellers("alternation", "post.COL-BOG") == (3, 3)
    assert travellers("alternation", period="2022") == (0, 1)


def test_entries_that_nothing_followed(travellers: Figures) -> None:
    # The series ends on 12 January 2023; entries before 12 January 2022: ANA's two, LUZ's, EVA's. Only EVA's is left.
    assert travellers("entries_unanswered") == (1, 4)


def test_birth_dates_that_were_filled_up(travellers: Figures) -> None:
    # Each once: ANA on 1 January; LUZ and LUS on 1 July (they are two before linkage); EVA.
    assert travellers("born_1_january", "birth_date") == (1, 4)
    assert travellers("born_1_july", "birth_date") == (2, 4)


def test_whipple(tmp_path: Path) -> None:
    # Ages at the crossing: 30, 40, 41, 62, 63, 22, and one of 24. Five are from 23 to 62, two of them end in 0 or 5.
    births = [("1993", "30"), ("1983", "40"), ("1982", "41"), ("1961", "62"), ("1960", "63"), ("2001", "22")]
    rows = [
        crossing(
            f"M{at}", "31/12/2023 08:00", FECHA_NACIMIENTO=f"31/12/{year}", NUM_DOCUMENTO=f"AB00{at}{age}"
        )
        for at, (year, age) in enumerate(births)
    ]
    # On the day before the birthday the person of 25 is still 24.
    rows.append(crossing("M9", "30/12/2023 08:00", FECHA_NACIMIENTO="31/12/1998", NUM_DOCUMENTO="AB9999"))
    figures = Figures(assessed(tmp_path / "p", {CROSSINGS.file: CROSSINGS.text(*rows)}), MOVEMENTS)
    assert figures("whipple", "birth_date") == (2, 5)
    assert figures.value("whipple", "birth_date") == pytest.approx(500 * 2 / 5)


def test_lag_of_registration(tmp_path: Path) -> None:
    lags = (0, 5, 9, 31, 100)
    rows = [
        BIRTHS.row(serial=f"N{at}", fecha_nacimiento="2023-01-01", fecha_inscripcion=day)
        for at, day in enumerate(("2023-01-01", "2023-01-06", "2023-01-10", "2023-02-01", "2023-04-11"))
    ]
    figures = Figures(
        assessed(tmp_path / "p", {BIRTHS.file: BIRTHS.text(*rows)}), "registro_civil_nacimientos"
    )
    assert figures.value("lag_median", "registered_on") == sorted(lags)[2]
    assert figures.value("lag_p90", "registered_on") == pytest.approx(31 + 0.6 * (100 - 31))


def test_coverage_by_document(tmp_path: Path) -> None:
    files = {
        CROSSINGS.file: CROSSINGS.text(
            crossing("M1", "05/03/2023 10:00", NUM_DOCUMENTO="AB000001"),
            crossing("M2", "06/03/2023 10:00", NUM_DOCUMENTO="AB000002"),
        ),
        VISAS.file: VISAS.text(
            VISAS.row(numero_visa="V1", pasaporte="ab-000001"),  # the same number, written in another way
            VISAS.row(numero_visa="V2", pasaporte="AB000003"),
            VISAS.row(numero_visa="V3", pasaporte="AB000004"),
        ),
    }
    assessment = assessed(tmp_path / "p", files)
    assert Figures(assessment, MOVEMENTS)("coverage_by_document", "against.cancilleria_visas") == (1, 3)
    assert Figures(assessment, "cancilleria_visas")("coverage_by_document", f"against.{MOVEMENTS}") == (1, 2)


def test_linkability_counts_the_bits_that_are_there(tmp_path: Path) -> None:
    # Of two mothers one has a document, the other a name alone: given name 10.0 bits and surname 6.5.
    rows = [
        BIRTHS.row(serial="N1", doc_padre="", nombres_padre="", apellidos_padre=""),
        BIRTHS.row(
            serial="N2", doc_madre="", apellidos_madre="", doc_padre="", nombres_padre="", apellidos_padre=""
        ),
    ]
    figures = Figures(
        assessed(tmp_path / "p", {BIRTHS.file: BIRTHS.text(*rows)}), "registro_civil_nacimientos"
    )
    # The second mother is left with a given name (10.0 bits) and her sex, which the role tells (1.0): log2 of the
    # people and ten more are asked for.
    assert figures("linkability", "mother") == (1, 2)
    assert figures("linkability", "father")[0] == 0
    assert figures("keys_complete", "child") == (0, 2)  # a child has no document yet


def test_an_expiry_before_the_issue_is_an_edit_failure(tmp_path: Path) -> None:
    rows = [
        PERMITS.row(NUM_PERMISO="1000001"),
        PERMITS.row(NUM_PERMISO="1000002", F_EXPEDICION="20220110", F_VENCIMIENTO="20210110"),
    ]
    figures = Figures(assessed(tmp_path / "p", {PERMITS.file: PERMITS.text(*rows)}), "permisos_residencia")
    assert figures("edit_failures", "expires_on.before_issue") == (1, 2)
    assert figures("valid", "expires_on") == (1, 2)


def test_a_text_that_the_source_declares_to_be_nothing_is_filler(tmp_path: Path) -> None:
    edits = {
        "schemas/sources/col/migracion_movimientos.toml": [
            ('encoding = "latin-1"', 'encoding = "latin-1", nulls = ["S-D"]')
        ]
    }
    rows = [
        crossing("M1", "05/03/2023 10:00", SEXO="S-D", NOMBRES="S-D", NUM_DOCUMENTO="S-D", MOTIVO_VIAJE="S-D")
    ]
    figures = Figures(assessed(tmp_path / "p", {CROSSINGS.file: CROSSINGS.text(*rows)}, edits), MOVEMENTS)
    for variable in ("sex", "given_name", "document_number", "purpose_code"):
        assert figures("missing", variable) == (0, 1), variable
        assert figures("sentinel", variable) == (1, 1), variable


def test_extracts_without_a_record_and_records_without_a_date(tmp_path: Path) -> None:
    files = {
        CROSSINGS.file: CROSSINGS.text(),
        BIRTHS.file: b"",
        PERMITS.file: PERMITS.text("1;cut", "2;cut"),
        VISAS.file: VISAS.text(
            VISAS.row(fecha_expedicion=""), VISAS.row(numero_visa="V2", fecha_expedicion="2023-05-01")
        ),
    }
    assessment = assessed(tmp_path / "p", files)
    levels = {verdict.declaration: verdict.level for verdict in assessment.verdicts}
    assert levels[MOVEMENTS] == levels["permisos_residencia"] == levels["registro_civil_nacimientos"] == 0
    assert Figures(assessment, "permisos_residencia")("rows_parsed") == (0, 2)
    visas = Figures(assessment, "cancilleria_visas")
    assert visas("complete", "sex", "_U") == (1, 1)
    assert visas("missing", "issued_on") == (1, 2)
    assert visas("month_records", period="2023-05")[0] == 1
    pages = [Report(assessment, INDICATORS, QUESTIONS, SCHEMA, language).page() for language in ("es", "en")]
    assert all("</html>" in page for page in pages)


def test_people_of_two_sources_stand_on_the_page_once_they_are_linked(tmp_path: Path) -> None:
    files = {PERMITS.file: PERMITS.text(PERMITS.row()), VISAS.file: VISAS.text(VISAS.row())}
    assessment = assessed(tmp_path / "p", files)
    bare = Report(assessment, INDICATORS, QUESTIONS, SCHEMA, "en").page()
    assert '<th scope="col">95% interval' not in bare
    first = {"source": "permit", "declaration": "permisos_residencia", "period": "_T"}
    against = {**first, "variable": "against.cancilleria_visas", "numerator": 40.0, "denominator": 400.0}
    figures = {
        "coverage_corrected": 0.1,
        "dual_system": 4000.0,
        "dual_system_low": 3125.2,
        "dual_system_high": 5556.8,
    }
    told = pl.DataFrame(
        [{**against, "indicator_id": name, "value": value} for name, value in figures.items()]
    ).select(assessment.indicator.columns)
    linked = replace(
        assessment, run="r", indicator=pl.concat([assessment.indicator, told], how="vertical_relaxed")
    )
    page = re.sub(r"<[^>]+>", " ", Report(linked, INDICATORS, QUESTIONS, SCHEMA, "en").page())
    assert re.search(r"4.000\s+3.125 – 5.557", page)
