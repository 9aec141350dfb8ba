"""Which files are read, and in which forms: encodings, line ends, compression, headers as offices write them.

A file that no declaration claims is told and left alone. A file without the columns that its table requires has every
line rejected, so that nobody mistakes it for an empty one.
"""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest
from kit import BIRTHS, CROSSINGS, PERMITS, VISAS, Built, ingest

VISA_FILE = "schemas/sources/col/cancilleria_visas.toml"
FULL_NAME = "ZAMBRANO QUIÑONES, LUZ MARINA"


def one_visa(built: Built) -> None:
    """Assert that the one ordinary visa was read as it should."""
    assert built.values("select record_key from visa") == ["V1"]
    assert built.values("select full_name_raw from identity") == [FULL_NAME]
    assert built.values("select flags from visa") == [None]


# --- encodings and line ends ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "written"),
    [
        ("utf-8", "utf-8"),
        ("utf-8", "utf-8-sig"),
        ("latin-1", "latin-1"),
        ("windows-1252", "cp1252"),
        ("utf-16", "utf-16"),
    ],
)
def test_an_extract_is_read_in_the_encoding_it_declares(tmp_path: Path, declared: str, written: str) -> None:
    text = VISAS.text(VISAS.row()).decode()
    content = text.encode(written)
    built = ingest(
        tmp_path / "project",
        {VISAS.file: content},
        {VISA_FILE: [('encoding = "utf-8"', f'encoding = "{declared}"')]},
    )
    one_visa(built)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("written", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_read_with_its_mark_and_without(tmp_path: Path, written: str, end: str) -> None:
    content = VISAS.text(VISAS.row(), end=end).decode().encode(written)
    built = ingest(tmp_path / "project", {VISAS.file: content}, {VISA_FILE: [('"utf-8"', '"utf-16"')]})
    one_visa(built)


def test_signs_that_stand_for_other_names_may_stand_in_the_path_of_a_project(tmp_path: Path) -> None:
    twice = VISAS.text(VISAS.row(), VISAS.row())
    built = ingest(tmp_path / "a[1] b*", {VISAS.file: twice})
    assert built.count(VISAS.file)["duplicate"] == 1
    one_visa(built)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False], ids=["with last line end", "without"])
def test_line_ends_of_any_system_are_read(tmp_path: Path, end: str, last: bool) -> None:
    content = VISAS.text(VISAS.row(), end=end)
    built = ingest(tmp_path / "project", {VISAS.file: content if last else content[: -len(end)]})
    one_visa(built)


def test_another_quote_and_another_delimiter(tmp_path: Path) -> None:
    lines = [VISAS.header, VISAS.row()]
    content = (
        "\n".join(lines)
        .replace('"' + FULL_NAME + '"', "\0")
        .replace(",", "\t")
        .replace("\0", f"'{FULL_NAME}'")
    )
    built = ingest(
        tmp_path / "project",
        {VISAS.file: content},
        {VISA_FILE: [('delimiter = ","', 'delimiter = "\\t", quote = "\'"')]},
    )
    one_visa(built)


# --- compression -----------------------------------------------------------------------------------------------------


def test_a_gzipped_extract_is_read_under_its_name(tmp_path: Path) -> None:
    built = ingest(tmp_path / "project", {"cancilleria_visas.csv.gz": gzip.compress(VISAS.text(VISAS.row()))})
    one_visa(built)
    assert built.count("cancilleria_visas.csv.gz")["in_tables"] == 1


def test_a_zipped_extract_is_read_under_its_name(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("visas.csv", VISAS.text(VISAS.row()))
    built = ingest(tmp_path / "project", {"cancilleria_visas.csv.zip": packed.getvalue()})
    one_visa(built)


# --- which files -----------------------------------------------------------------------------------------------------


def test_extracts_lie_at_any_depth_and_their_paths_are_their_names(tmp_path: Path) -> None:
    built = ingest(
        tmp_path / "project",
        {
            "2023/enero/migracion_movimientos_2023.csv": CROSSINGS.text(CROSSINGS.row()),
            "entregas/2024/migracion_movimientos_2023.csv": CROSSINGS.text(CROSSINGS.row(ID_MOVIMIENTO="M2")),
        },
    )
    assert built.values("select file from crossing order by 1") == [
        "2023/enero/migracion_movimientos_2023.csv",
        "entregas/2024/migracion_movimientos_2023.csv",
    ]


def test_file_names_are_matched_whatever_their_case(tmp_path: Path) -> None:
    one_visa(ingest(tmp_path / "project", {"CANCILLERIA_VISAS_2022.CSV": VISAS.text(VISAS.row())}))


def test_a_folder_named_like_an_extract_is_a_folder(tmp_path: Path) -> None:
    built = ingest(
        tmp_path / "project",
        {
            "cancilleria_visas.csv/cancilleria_visas_2022.csv": VISAS.text(VISAS.row()),
            "migracion_movimientos_2023.csv/LEAME.txt": "nada",
        },
    )
    one_visa(built)
    assert [count["file"] for count in built.files] == ["cancilleria_visas.csv/cancilleria_visas_2022.csv"]


def test_files_that_no_declaration_claims_are_told_and_left_alone(tmp_path: Path) -> None:
    built = ingest(
        tmp_path / "project",
        {
            VISAS.file: VISAS.text(VISAS.row()),
            "notas/LEAME.txt": "Entrega de enero",
            "migracion_movimientos.csv.bak": "x",
            ".DS_Store": b"\0\0",
            ".oculto/cancilleria_visas.csv": VISAS.text(VISAS.row(numero_visa="V2")),
        },
    )
    one_visa(built)
    assert built.report.manifest["stages"]["ingest"]["unclaimed"] == [
        "migracion_movimientos.csv.bak",
        "notas/LEAME.txt",
    ], "hidden files are not even told"


@pytest.mark.parametrize(
    "content", [b"", b"\xef\xbb\xbf", b"\r\n\r\n"], ids=["empty", "a mark alone", "blank lines"]
)
def test_an_empty_file_has_no_rows(tmp_path: Path, content: bytes) -> None:
    built = ingest(
        tmp_path / "project", {VISAS.file: VISAS.text(VISAS.row()), "cancilleria_visas_2.csv": content}
    )
    one_visa(built)
    assert built.count("cancilleria_visas_2.csv")["received"] == 0


def test_a_file_of_a_header_alone_has_no_rows(tmp_path: Path) -> None:
    built = ingest(
        tmp_path / "project", {VISAS.file: VISAS.text(VISAS.row()), "cancilleria_visas_2.csv": VISAS.text()}
    )
    one_visa(built)
    assert built.count("cancilleria_visas_2.csv")["received"] == 0


# --- headers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        VISAS.header.upper(),
        VISAS.header.replace(",", " ,  "),
        VISAS.header.replace("_", " "),
        VISAS.header.replace("numero_visa", "Número_Visa").replace("fecha_expedicion", "Fecha_Expedición"),
        ",".join(f'"{name}"' for name in VISAS.ordinary),
    ],
    ids=["capitals", "stray spaces", "spaces for underscores", "accents", "quoted"],
)
def test_headers_are_known_whatever_their_case_accents_and_spaces(tmp_path: Path, header: str) -> None:
    built = ingest(tmp_path / "project", {VISAS.file: VISAS.text(VISAS.row(), header=header)})
    one_visa(built)
    assert built.count(VISAS.file)["missing_columns"] == []


def test_columns_may_stand_in_any_order(tmp_path: Path) -> None:
    names, cells = list(VISAS.ordinary), list(VISAS.ordinary.values())
    turned = ",".join(f'"{cell}"' for cell in cells[::-1])
    one_visa(ingest(tmp_path / "project", {VISAS.file: VISAS.text(turned, header=",".join(names[::-1]))}))


def test_a_new_column_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    content = VISAS.text(VISAS.row() + ",x", header=VISAS.header + ",consulado")
    built = ingest(tmp_path / "project", {VISAS.file: content})
    one_visa(built)
    assert built.count(VISAS.file)["unknown_columns"] == ["consulado"]


def test_a_column_that_is_ignored_on_purpose_is_not_told(tmp_path: Path) -> None:
    content = VISAS.text(VISAS.row() + ",x", header=VISAS.header + ",consulado")
    built = ingest(
        tmp_path / "project",
        {VISAS.file: content},
        {VISA_FILE: [('key    = "numero_visa"', 'key = "numero_visa"\nignored = ["consulado"]')]},
    )
    assert built.count(VISAS.file)["unknown_columns"] == []


def test_of_two_columns_of_one_name_the_first_counts(tmp_path: Path) -> None:
    content = VISAS.text(VISAS.row() + ",V", header=VISAS.header + ",tipo")
    built = ingest(tmp_path / "project", {VISAS.file: content})
    assert built.values("select visa_class_code from visa") == ["M"]
    assert built.count(VISAS.file)["unknown_columns"] == ["tipo"]


def test_a_column_that_had_another_name_in_other_years_is_one_column(tmp_path: Path) -> None:
    built = ingest(
        tmp_path / "project",
        {
            "cancilleria_visas_2019.csv": VISAS.text(
                VISAS.row(), header=VISAS.header.replace("tipo", "clase_visa")
            ),
            "cancilleria_visas_2020.csv": VISAS.text(VISAS.row(numero_visa="V2", tipo="R")),
        },
        {VISA_FILE: [('= "tipo"', '= { from = "tipo", renamed_from = ["clase_visa", "categoria"] }')]},
    )
    assert built.values("select visa_class_code from visa order by record_key") == ["M", "R"]
    assert [count["missing_columns"] for count in built.files] == [[], []]


def test_a_missing_column_is_told_and_its_values_are_null(tmp_path: Path) -> None:
    content = "numero_visa,tipo,pasaporte,apellidos_nombres\n" + f'V1,M,AB123456,"{FULL_NAME}"\n'
    built = ingest(tmp_path / "project", {VISAS.file: content})
    one_visa(built)
    assert built.count(VISAS.file)["missing_columns"] == [
        "fecha_expedicion",
        "fecha_vencimiento",
        "fecha_nacimiento",
        "sexo",
        "nacionalidad",
    ]
    assert built.row("select issued_on from visa")["issued_on"] is None
    assert built.row("select birth_date, sex from identity") == {"birth_date": None, "sex": None}


def test_a_column_that_some_deliveries_lack_is_not_told_where_it_is_declared_optional(tmp_path: Path) -> None:
    header = VISAS.header.removesuffix(",nacionalidad")
    built = ingest(
        tmp_path / "project",
        {VISAS.file: VISAS.text(VISAS.row().rsplit(",", 1)[0], header=header)},
        {VISA_FILE: [('= "nacionalidad"\n', '= { from = "nacionalidad", optional = true }\n'),
                     (', issuer = "nacionalidad"', "")]},
    )  # fmt: skip
    assert built.count(VISAS.file)["missing_columns"] == []


@pytest.mark.parametrize("column", ["FECHA_HORA", "TIPO_MOVIMIENTO", "ID_MOVIMIENTO"])
def test_a_file_without_a_required_column_has_every_line_rejected_its_header_too(
    tmp_path: Path, column: str
) -> None:
    bad = CROSSINGS.text(CROSSINGS.row(), CROSSINGS.row(), header=CROSSINGS.header.replace(column, "OTRA"))
    built = ingest(
        tmp_path / "project",
        {CROSSINGS.file: CROSSINGS.text(CROSSINGS.row()), "migracion_movimientos_2024.csv": bad},
    )
    assert built.values("select reasons from rejected") == ["header:missing_column"] * 3
    count = built.count("migracion_movimientos_2024.csv")
    assert (count["received"], count["rejected"], count["missing_columns"]) == (3, 3, [column])


def test_the_order_of_files_does_not_matter(tmp_path: Path) -> None:
    rows = [CROSSINGS.row(ID_MOVIMIENTO=f"M{at}", NUM_DOCUMENTO=f"AB{at:06d}") for at in range(6)]
    permit = PERMITS.text(PERMITS.row())
    birth = BIRTHS.text(BIRTHS.row())
    found = []
    for name, first, second in (("one", rows[:3], rows[3:]), ("two", rows[3:], rows[:3])):
        built = ingest(
            tmp_path / name,
            {
                "migracion_movimientos_a.csv": CROSSINGS.text(*first),
                "migracion_movimientos_b.csv": CROSSINGS.text(*second),
                PERMITS.file: permit,
                BIRTHS.file: birth,
            },
        )
        found.append(
            [
                built.rows("select * from identity order by identity_id"),
                built.rows("select * from mention order by record_id, role"),
                built.rows("select * exclude (file, line) from crossing order by record_id"),
            ]
        )
    assert found[0] == found[1]
