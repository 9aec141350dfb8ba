"""What is remembered from block to block changes nothing of what is read."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit import CROSSINGS, PERMITS, ingest
from polars.testing import assert_frame_equal

from register.ingest import name_memory, people
from register.ingest.documents import read_documents, standardise_documents
from register.ingest.name_knowledge import NOTHING
from register.ingest.name_memory import NAMES, NameReader
from register.ingest.names import standardise_names

GIVEN = [
    "LUZ MARINA",
    "Jose",
    "MARIA DEL CARMEN",
    "DRA ANA",
    "NN",
    "JUAN DE DIOS",
    "M.",
    "x",
    "NU?EZ",
    "SIN NOMBRE",
    None,
]
SURNAME = [
    "PEREZ",
    "DE LA CRUZ",
    "Muñoz",
    "PEREZ GOMEZ",
    "GOMEZ-SOSA",
    "DE ROJAS",
    "VDA DE DIAZ",
    "JR",
    "NO REGISTRA",
    "X",
    None,
]
NUMBERS = [
    "AB123456",
    "025268968",
    "V-12.345",
    "12345678",
    "0000",
    "1.2E+7",
    "C.C. 1.234.567",
    "sn",
    "",
    "AÑ55",
    "99",
    None,
]


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(GIVEN), st.sampled_from(SURNAME), st.sampled_from(SURNAME)),
        min_size=1,
        max_size=60,
    )
)
def test_names_put_together_of_parts_are_those_of_whole_names(names: list[tuple[str | None, ...]]) -> None:
    columns = ["given_name_raw", "surname_1_raw", "surname_2_raw"]
    raw = pl.DataFrame(names, schema=dict.fromkeys(columns, pl.String), orient="row")
    reader = NameReader("separate", NOTHING)
    for block in (raw.head(5), raw, raw.reverse()):
        expected = standardise_names(block.unique(), "separate").select(*columns, *NAMES)
        whole = block.join(expected, on=columns, how="left", nulls_equal=True, maintain_order="left")
        assert_frame_equal(reader.read(block).select(NAMES), whole.select(NAMES))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(NUMBERS), st.sampled_from(["passport", "national_id", None]))))
def test_documents_read_quickly_are_those_standardised(
    documents: list[tuple[str | None, str | None]],
) -> None:
    schema = dict.fromkeys(("number", "kind"), pl.String)
    raw = pl.DataFrame(documents, schema=schema, orient="row").with_columns(issuer=pl.lit("VEN"))
    expected = standardise_documents(raw.select("kind", "number", "issuer"))
    assert_frame_equal(read_documents(raw), expected.select("document_number", "document_bare_key"))


def test_forgetting_what_was_met_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        CROSSINGS.row(
            ID_MOVIMIENTO=f"M{at}",
            NOMBRES=f"{GIVEN[at % 4]}",
            NUM_DOCUMENTO=f"AB{at % 7:06d}",
            FECHA_NACIMIENTO=["09/11/1985", "01/01/2099", "31/12/2022", "x"][at % 4],
        )
        for at in range(60)
    ]
    files = {f"migracion_movimientos_{part}.csv": CROSSINGS.text(*rows[part::5]) for part in range(5)}
    found = []
    for limit in (1_000_000, 1):
        monkeypatch.setattr(people, "MET_LIMIT", limit)
        monkeypatch.setattr(name_memory, "LIMIT", limit)
        built = ingest(tmp_path / str(limit), files)
        found.append(
            [
                built.rows(f"select * from {table} order by all")
                for table in ("crossing", "mention", "identity")
            ]
        )
    assert found[0] == found[1]


def test_what_similarity_matched_is_listed_for_the_office_with_its_rows(tmp_path: Path) -> None:
    rows = [
        PERMITS.row(NUM_PERMISO=str(at), MUNICIPIO=name, DEPARTAMENTO="Atlántico")
        for at, name in enumerate(["BARRANQUILA", "BARRANQUILA", "BARRANQUILLA", "XANADU"])
    ]
    built = ingest(tmp_path / "project", {PERMITS.file: PERMITS.text(*rows)})
    listed = built.rows("select * from similar_match where column_name = 'municipality_code'")
    assert [{**row, "score": round(row["score"])} for row in listed] == [
        {
            "source": "permit",
            "declaration": "permisos_residencia",
            "column_name": "municipality_code",
            "text": "BARRANQUILA",
            "within": "Atlántico",
            "code": "08001",
            "score": 96,
            "n_row": 2,
        }
    ]
    assert built.report.manifest["stages"]["ingest"]["similar"] == 1


def test_an_alias_in_the_code_list_confirms_what_similarity_matched(tmp_path: Path) -> None:
    schema = (Path(__file__).parent.parent.parent / "schemas" / "codelists" / "divipola.csv").read_text(
        "utf-8"
    )
    line = next(line for line in schema.splitlines() if line.startswith("08001,"))
    cells = line.split(",")
    cells[5] = "|".join(filter(None, [cells[5], "BARRANQUILA"]))
    built = ingest(
        tmp_path / "project",
        {PERMITS.file: PERMITS.text(PERMITS.row(MUNICIPIO="BARRANQUILA", DEPARTAMENTO="Atlántico"))},
        {"schemas/codelists/divipola.csv": [(line, ",".join(cells))]},
    )
    assert built.rows("select municipality_code, flags from permit") == [
        {"municipality_code": "08001", "flags": None}
    ]
    assert built.values("select count(*) from similar_match") == [0]
