"""The code lists and concepts: whatever a declaration may refer to exists, is labelled and is unambiguous."""

from __future__ import annotations

import csv
import datetime as dt
import re
import tomllib
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

SCHEMAS = Path(__file__).parents[2] / "schemas"
LISTS = sorted(path.stem for path in (SCHEMAS / "codelists").glob("*.csv"))
DATED = {"valid_from", "valid_to", "in_force_from", "in_force_to"}
COMMON = ["code", "label_es", "label_en", "valid_from", "valid_to", "aliases"]
CONCEPTS = tomllib.loads((SCHEMAS / "concepts.toml").read_text("utf-8"))

Row = dict[str, str]


@cache
def read(name: str) -> list[Row]:
    with (SCHEMAS / "codelists" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def codes(name: str) -> set[str]:
    return {row["code"] for row in read(name)}


def plain(text: str) -> str:
    """Capitals without accents: the form in which aliases are stored."""
    letters = unicodedata.normalize("NFKD", text.strip())
    return " ".join("".join(c for c in letters if not unicodedata.combining(c)).upper().split())


def folded(text: str) -> str:
    """Without punctuation as well: the form in which values are looked up."""
    return " ".join(re.findall(r"\w+", plain(text)))


def texts(row: Row) -> set[str]:
    """Everything by which a value of an extract can lead to this row."""
    written = (row["code"], row["label_es"], row["label_en"], *row["aliases"].split("|"))
    return {folded(text) for text in written if text}


def resolve(name: str, value: str, department: str | None = None) -> set[str]:
    wanted = folded(value)
    return {
        row["code"]
        for row in read(name)
        if wanted in texts(row) and department in (None, row.get("department_code"))
    }


# ---------------------------------------------------------------- every list


@pytest.mark.parametrize("name", LISTS)
def test_columns_codes_and_labels(name: str) -> None:
    rows = read(name)
    assert list(rows[0])[: len(COMMON)] == COMMON
    assert len({row["code"] for row in rows}) == len(rows)
    for row in rows:
        assert row["code"]
        assert row["label_es"]
        assert row["label_en"]
        assert all(value == value.strip() for value in row.values()), row["code"]


@pytest.mark.parametrize("name", LISTS)
def test_dates_are_dates_in_order(name: str) -> None:
    for row in read(name):
        dates = {key: dt.date.fromisoformat(value) for key, value in row.items() if value and key in DATED}
        assert dates.get("valid_from", dt.date.min) <= dates.get("valid_to", dt.date.max), row["code"]
        assert dates.get("in_force_from", dt.date.min) <= dates.get("in_force_to", dt.date.max), row["code"]


@pytest.mark.parametrize("name", LISTS)
def test_aliases_are_stored_plain_and_once(name: str) -> None:
    for row in read(name):
        aliases = row["aliases"].split("|") if row["aliases"] else []
        assert aliases == [plain(alias) for alias in aliases], row["code"]
        assert len(set(aliases)) == len(aliases), row["code"]
        assert not set(aliases) & {plain(row[key]) for key in ("code", "label_es", "label_en")}, row["code"]


@pytest.mark.parametrize("name", LISTS)
def test_a_text_leads_to_one_code(name: str) -> None:
    """Names of municipalities repeat between departments, so there the text counts within its department."""
    owner: dict[tuple[str, str], str] = {}
    for row in read(name):
        scope = row["department_code"] if name == "divipola" else ""
        for text in texts(row):
            assert owner.setdefault((scope, text), row["code"]) == row["code"], text


REFERENCES = [
    ("country", "counts_as", "country"),
    ("country", "region", "region"),
    ("region", "part_of", "region"),
    ("department", "country_code", "country"),
    ("divipola", "department_code", "department"),
    ("border_post", "country_code", "country"),
    ("border_post", "mode", "transport_mode"),
    ("border_post", "department_code", "department"),
    ("border_post", "municipality_code", "divipola"),
    ("permit_class", "document_kind_code", "document_kind"),
    ("gsbpm", "phase", "gsbpm"),
]


@pytest.mark.parametrize(("name", "column", "target"), REFERENCES)
def test_a_reference_names_a_code_that_exists(name: str, column: str, target: str) -> None:
    given = {row[column] for row in read(name)} - {""}
    assert given
    assert given <= codes(target)


@pytest.mark.parametrize(
    ("name", "column", "values"),
    [
        ("country", "kind", {"iso", "icao", "withdrawn"}),
        ("divipola", "kind", {"municipality", "island", "non_municipal_area"}),
        ("document_kind", "changes", {"stable", "renewed"}),
        ("visa_class", "permits_residence", {"true", "false"}),
        ("permit_class", "permits_residence", {"true", "false"}),
        ("traveller_class", "in_scope", {"true", "false"}),
        ("gsbpm", "phase", set("12345678")),
    ],
)
def test_a_closed_column_holds_its_values_and_no_other(name: str, column: str, values: set[str]) -> None:
    assert {row[column] for row in read(name)} == values


# ---------------------------------------------------------------- countries


def test_all_current_iso_countries_are_there() -> None:
    iso = [row for row in read("country") if row["kind"] == "iso"]
    assert len(iso) == 249
    assert len({row["alpha_2"] for row in iso}) == len({row["numeric"] for row in iso}) == 249
    assert all(len(row["alpha_2"]) == 2 and len(row["numeric"]) == 3 for row in iso)
    assert all(row["region"] and not row["valid_to"] and not row["counts_as"] for row in iso)


def test_an_alpha_2_code_is_no_text_of_another_country() -> None:
    owner = {text: row["code"] for row in read("country") for text in texts(row)}
    for row in read("country"):
        if row["kind"] == "iso":
            assert owner.get(row["alpha_2"], row["code"]) == row["code"], row["alpha_2"]


def test_withdrawn_and_special_codes_count_as_a_country_of_today() -> None:
    today = {row["code"] for row in read("country") if not row["valid_to"]}
    for row in read("country"):
        assert (row["kind"] == "withdrawn") == bool(row["valid_to"]), row["code"]
        if row["counts_as"]:
            assert row["counts_as"] in today
    counted = {row["code"]: row["counts_as"] for row in read("country") if row["counts_as"]}
    assert not set(counted.values()) & counted.keys()
    assert {counted[code] for code in ("GBD", "GBN", "GBO", "GBP", "GBS")} == {"GBR"}


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("EE.UU.", "USA"),
        ("norteamericana", "USA"),
        ("República Bolivariana de Venezuela", "VEN"),
        ("VENEZUELA REP. BOLIVARIANA", "VEN"),
        ("venezolana", "VEN"),
        ("Ecuatoriano", "ECU"),
        ("española", "ESP"),
        ("Holanda", "NLD"),
        ("INGLATERRA", "GBR"),
        ("Corea del Sur", "KOR"),
        ("COREA", ""),
        ("Congo", "COG"),
        ("Guinea Ecuatorial", "GNQ"),
        ("dominicana", "DOM"),
        ("D", "DEU"),
        ("apátrida", "XXA"),
        ("Kosovo", "RKS"),
        ("URSS", "SUN"),
        ("Birmania", "MMR"),
        ("Türkiye", "TUR"),
    ],
)
def test_countries_as_offices_write_them(written: str, code: str) -> None:
    assert resolve("country", written) == ({code} if code else set())


LATIN_AMERICA = "ARG BOL BRA CHL COL CRI CUB DOM ECU GTM GUY HND HTI MEX NIC PAN PER PRY SLV URY VEN"


def test_nationalities_of_latin_america_are_known_in_both_genders() -> None:
    for row in read("country"):
        if row["code"] in LATIN_AMERICA.split():
            words = {text for text in texts(row) if len(text) > 3}
            gendered = any({word, word.removesuffix("O") + "A"} <= words for word in words)
            assert gendered or any(word.endswith("ENSE") for word in words), row["code"]


# ---------------------------------------------------------------- other lists


@pytest.mark.parametrize(
    ("name", "written", "code"),
    [
        ("sex", "M", "1"),
        ("sex", "MUJER", "2"),
        ("direction", "Entrada", "arrival"),
        ("direction", "E", "arrival"),
        ("direction", "SALIDA", "departure"),
        ("document_kind", "C.C.", "national_id"),
        ("document_kind", "Cédula de ciudadanía", "national_id"),
        ("document_kind", "DNI", "national_id"),
        ("document_kind", "P", "passport"),
        ("document_kind", "Cédula de extranjería", "foreigner_id"),
        ("document_kind", "CE", "foreigner_id"),
        ("document_kind", "Permiso por Protección Temporal", "ppt"),
        ("document_kind", "Tarjeta de identidad", "minor_id"),
        ("document_kind", "Registro civil", "civil_registration"),
        ("department", "VALLE", "76"),
        ("department", "N. de Santander", "54"),
        ("department", "Santander", "68"),
        ("department", "Bogotá D.C.", "11"),
        ("border_post", "PUENTE SIMON BOLIVAR", "COL-PSB"),
        ("border_post", "Aeropuerto Simón Bolívar", "COL-SMR"),
        ("visa_class", "Visa M", "M"),
        ("permit_class", "PEP", "PEP"),
    ],
)
def test_other_values_as_offices_write_them(name: str, written: str, code: str) -> None:
    assert resolve(name, written) == {code}


@pytest.mark.parametrize(
    ("written", "department", "code"),
    [
        ("Cartagena", "13", "13001"),
        ("CUCUTA", "54", "54001"),
        ("Santafé de Bogotá", "11", "11001"),
        ("BOGOTA D.C.", None, "11001"),
        ("San Andrés", "88", "88001"),
        ("San Andrés", "68", "68669"),
        ("Tumaco", "52", "52835"),
        ("Pto. Carreño", "99", "99001"),
    ],
)
def test_municipalities_as_offices_write_them(written: str, department: str | None, code: str) -> None:
    assert resolve("divipola", written, department) == {code}


def test_municipalities_and_posts_stand_in_the_department_their_codes_say() -> None:
    for row in read("divipola"):
        assert re.fullmatch(row["department_code"] + r"\d{3}", row["code"])
    for row in read("border_post"):
        assert row["code"].startswith(f"{row['country_code']}-")
        assert row["municipality_code"][:2] == row["department_code"]
        assert -5 < float(row["latitude"]) < 14
        assert -92 < float(row["longitude"]) < -66


def test_age_groups_cover_every_age_once() -> None:
    groups = [(int(row["age_from"]), row["age_to"]) for row in read("age_group")]
    starts = [start for start, _ in groups]
    assert starts == list(range(0, 90, 5))
    assert [int(end) + 1 for _, end in groups[:-1]] == starts[1:]
    assert groups[-1] == (85, "")


def test_each_sub_process_belongs_to_its_phase_in_every_country() -> None:
    rows = {row["code"]: row for row in read("gsbpm")}
    for code, row in rows.items():
        phase = rows[row["phase"]]
        assert code[0] == row["phase"]
        for country in ("col", "ecu", "mex", "chl"):
            assert row[country]
            assert row[country] == phase[country]


# ---------------------------------------------------------------- concepts


@pytest.mark.parametrize("name", sorted(CONCEPTS))
def test_a_concept_is_stated_in_full(name: str) -> None:
    concept = CONCEPTS[name]
    assert concept["type"] in {"string", "code", "date", "datetime", "integer", "number", "boolean"}
    for key in ("label_es", "label_en", "definition_es", "definition_en", "source_standard"):
        assert concept[key].strip() == concept[key] != ""
    assert concept["definition_es"].endswith(".")
    assert concept["definition_en"].endswith(".")
    assert isinstance(concept["identified"], bool)
    assert (concept["type"] == "code") == ("codelist" in concept)
    assert concept.get("codelist", LISTS[0]) in LISTS
    assert set(concept.get("derived_from", [])) <= set(CONCEPTS) - {name}
    assert "unit" not in concept or concept["type"] in {"integer", "number"}


def test_labels_of_concepts_tell_them_apart() -> None:
    for language in ("label_es", "label_en"):
        labels = [concept[language] for concept in CONCEPTS.values()]
        assert len(set(labels)) == len(labels)


def test_derivation_has_no_circle() -> None:
    def depth(name: str, seen: tuple[str, ...] = ()) -> int:
        assert name not in seen, f"{name} is derived from itself"
        sources = CONCEPTS[name].get("derived_from", [])
        return 1 + max((depth(source, (*seen, name)) for source in sources), default=0)

    assert max(depth(name) for name in CONCEPTS) > 1


NAMING = sorted(name for name in CONCEPTS if {"name", "surname", "number", "given"} & set(name.split("_")))


@pytest.mark.parametrize("name", NAMING)
def test_names_and_document_numbers_are_identified(name: str) -> None:
    assert CONCEPTS[name]["identified"] or CONCEPTS[name]["type"] == "boolean"


# ---------------------------------------------------------------- the sample extracts and the sources


def sample(shared: Path, pattern: str, delimiter: str, encoding: str) -> Iterator[Row]:
    for path in sorted((shared / "extracts" / "colombia-sample").glob(pattern)):
        with path.open(encoding=encoding, newline="") as file:
            yield from csv.DictReader(file, delimiter=delimiter)


CROSSING = {
    "TIPO_MOVIMIENTO": "direction",
    "PUESTO_CONTROL": "border_post",
    "TIPO_DOCUMENTO": "document_kind",
    "PAIS_EMISOR": "country",
    "SEXO": "sex",
    "NACIONALIDAD": "country",
    "PAIS_PROCEDENCIA_DESTINO": "country",
    "MOTIVO_VIAJE": "purpose",
}
VISA = {"tipo": "visa_class", "sexo": "sex", "nacionalidad": "country"}
PERMIT = {
    "CLASE": "permit_class",
    "SEXO": "sex",
    "NACIONALIDAD": "country",
    "MUNICIPIO": "divipola",
    "DEPARTAMENTO": "department",
}
BIRTH = {
    "sexo": "sex",
    "cod_municipio": "divipola",
    "nacionalidad_madre": "country",
    "nacionalidad_padre": "country",
}
DEATH = {"sexo": "sex", "nacionalidad": "country", "cod_municipio": "divipola"}
MARRIAGE = {"nacionalidad_1": "country", "nacionalidad_2": "country"}
SAMPLE = [
    ("migracion_movimientos_*.csv", ";", "latin-1", CROSSING),
    ("cancilleria_visas.csv", ",", "utf-8-sig", VISA),
    ("permisos_residencia.csv", "|", "utf-8-sig", PERMIT),
    ("registro_civil_nacimientos.csv", ",", "utf-8-sig", BIRTH),
    ("registro_civil_defunciones.csv", ",", "utf-8-sig", DEATH),
    ("registro_civil_matrimonios.csv", ",", "utf-8-sig", MARRIAGE),
]


@pytest.mark.parametrize(("pattern", "delimiter", "encoding", "columns"), SAMPLE, ids=[s[0] for s in SAMPLE])
def test_every_coded_value_of_the_sample_leads_to_one_code(
    shared: Path, pattern: str, delimiter: str, encoding: str, columns: dict[str, str]
) -> None:
    seen: dict[str, set[str]] = {column: set() for column in columns}
    for row in sample(shared, pattern, delimiter, encoding):
        for column in columns:
            seen[column].add(row[column])
    for column, name in columns.items():
        values = {value for value in seen[column] if value}
        assert values, column
        assert {value: len(resolve(name, value)) for value in values} == dict.fromkeys(values, 1), column


def test_divipola_is_what_dane_published(shared: Path) -> None:
    with (shared / "data" / "divipola_2021.csv").open(encoding="utf-8", newline="") as file:
        published = {row["code"]: row for row in csv.DictReader(file)}
    ours = {row["code"]: row for row in read("divipola")}
    departments = {row["code"]: row for row in read("department")}
    assert ours.keys() == published.keys()
    for code, row in published.items():
        assert folded(ours[code]["label_es"]) == folded(row["name"])
        assert ours[code]["department_code"] == row["department_code"]
        assert (ours[code]["latitude"], ours[code]["longitude"]) == (row["latitude"], row["longitude"])
        assert folded(row["department"]) in texts(departments[row["department_code"]])
