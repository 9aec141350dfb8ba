"""What a later delivery corrected is kept: what the office said before, and what stands in its place."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from kit import CROSSINGS, VISAS, Built, ingest, make_project, tables

from register.engine import Engine
from register.errors import DeclarationError
from register.ingest import superseded
from register.link.declaration import load_rules
from register.link.words import Words
from register.locale import translate
from register.run import find_run
from register.trace.named import name_records
from register.trace.records import Made, corrections_of
from register.trace.tell import Teller
from tests.cli.test_commands import run

VISA_FILE = "schemas/sources/col/cancilleria_visas.toml"


def visas(tmp_path: Path, **files: list[str]) -> Built:
    return ingest(
        tmp_path / "project",
        {f"cancilleria_visas_{name}.csv": VISAS.text(*rows) for name, rows in files.items()},
    )


def versions(built: Built, columns: str = "*") -> list[dict[str, Any]]:
    return built.rows(f"select {columns} from superseded order by record_id, version")


def test_a_replaced_row_is_kept_as_it_came_beside_what_replaced_it(tmp_path: Path) -> None:
    was = {"tipo": "M", "sexo": "", "apellidos_nombres": 'ÑÁÑEZ "EL\\LA", LUZ'}
    now = {"tipo": "R", "sexo": "Femenino", "apellidos_nombres": "ÑAÑEZ, LUZ"}
    built = visas(tmp_path, a=[VISAS.row(numero_visa="V0"), VISAS.row(**was)], b=[VISAS.row(**now)])
    [kept] = versions(built)
    told = {name: json.loads(kept.pop(name)) for name in ("value_before", "value_after", "row_before")}
    assert kept == {
        "source": "visa",
        "declaration": "cancilleria_visas",
        "record_id": "cancilleria_visas:V1",
        "record_key": "V1",
        "version": 1,
        "file": "cancilleria_visas_a.csv",
        "line": 3,
        "later_file": "cancilleria_visas_b.csv",
        "later_line": 2,
        "changed_columns": "apellidos_nombres;sexo;tipo",
    }
    assert told["value_before"] == {**was, "sexo": None}
    assert told["value_after"] == now
    assert told["row_before"] == {name: cell for name, cell in {**VISAS.ordinary, **was}.items() if cell}


def test_every_version_is_beside_the_last_in_the_order_of_deliveries(tmp_path: Path) -> None:
    built = visas(tmp_path, a=[VISAS.row(tipo="V")], b=[VISAS.row(tipo="M")], c=[VISAS.row(tipo="R")])
    assert versions(built, "version, file, value_before, later_file, value_after") == [
        {
            "version": at,
            "file": f"cancilleria_visas_{name}.csv",
            "value_before": f'{{"tipo": "{tipo}"}}',
            "later_file": "cancilleria_visas_c.csv",
            "value_after": '{"tipo": "R"}',
        }
        for at, name, tipo in ((1, "a", "V"), (2, "b", "M"))
    ]


def test_what_came_twice_alike_is_no_old_version(tmp_path: Path) -> None:
    built = visas(tmp_path, a=[VISAS.row(), VISAS.row()], b=[VISAS.row()])
    assert versions(built) == []


def test_without_a_correction_no_extract_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_given: object, **_named: object) -> None:
        raise AssertionError("an extract was read again")

    monkeypatch.setattr(superseded, "read_blocks", fail)
    built = visas(tmp_path, a=[VISAS.row(), VISAS.row(numero_visa="V2")], b=[VISAS.row()])
    assert built.count("cancilleria_visas_b.csv")["duplicate"] == 1


def test_columns_in_another_order_and_a_column_more_are_compared_by_their_names(tmp_path: Path) -> None:
    [*names] = VISAS.ordinary
    turned = ",".join([*reversed(names), "nueva"])
    cells = [VISAS.ordinary[name] for name in names]
    cells[names.index("apellidos_nombres")] = '"ZAMBRANO QUIÑONES, LUZ MARINA"'
    cells[names.index("tipo")] = "R"
    built = ingest(
        tmp_path / "project",
        {
            "cancilleria_visas_a.csv": VISAS.text(VISAS.row()),
            "cancilleria_visas_b.csv": f"{turned}\n{','.join([*reversed(cells), 'x'])}\n",
        },
    )
    assert versions(built, "changed_columns, value_before, value_after") == [
        {"changed_columns": "tipo", "value_before": '{"tipo": "M"}', "value_after": '{"tipo": "R"}'}
    ]


def naive_versions(
    deliveries: list[tuple[str, list[tuple[str, str]]]],
) -> list[tuple[str, int, str, int, str, str]]:
    """Say which rows (key, content) are old versions, going through the deliveries one by one."""
    last: dict[str, tuple[str, list[tuple[int, str]]]] = {}
    for name, rows in deliveries:
        for line, (key, content) in enumerate(rows, 2):
            if last.get(key, ("", []))[0] != name:
                last[key] = (name, [])
            last[key][1].append((line, content))
    return sorted(
        (name, line, last[key][0], last[key][1][0][0], content, last[key][1][0][1])
        for name, rows in deliveries
        for line, (key, content) in enumerate(rows, 2)
        if content not in {standing for _, standing in last[key][1]}
    )


def test_random_deliveries_keep_the_versions_that_going_through_them_one_by_one_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(20261122)
    monkeypatch.setattr(superseded, "ROWS_AT_ONCE", 7)
    deliveries = [
        (
            f"cancilleria_visas_{number:02d}.csv",
            [(f"V{chance.randrange(60)}", chance.choice("VMR")) for _ in range(chance.randrange(40))],
        )
        for number in range(12)
    ]
    built = ingest(
        tmp_path / "project",
        {
            name: VISAS.text(*(VISAS.row(numero_visa=key, tipo=kind) for key, kind in rows))
            for name, rows in deliveries
        },
    )
    found = [
        (
            row["file"],
            row["line"],
            row["later_file"],
            row["later_line"],
            json.loads(row["value_before"])["tipo"],
            json.loads(row["value_after"])["tipo"],
        )
        for row in versions(built)
    ]
    expected = naive_versions(deliveries)
    assert len(expected) > 50
    assert sorted(found) == expected


CORRECTED = {
    "migracion_movimientos_1.csv": CROSSINGS.text(CROSSINGS.row(), CROSSINGS.row(ID_MOVIMIENTO="M2")),
    "migracion_movimientos_2.csv": CROSSINGS.text(
        CROSSINGS.row(SEXO="M", NOMBRES="LUIS MARINO"), CROSSINGS.row(ID_MOVIMIENTO="M2", SEXO="M")
    ),
}


def test_the_command_counts_corrected_columns_without_their_values_and_exports_the_rows(
    tmp_path: Path,
) -> None:
    root = str(make_project(tmp_path / "p", CORRECTED).root)
    built = run("-C", root, "build", "--until", "ingest")
    assert "rejected --superseded" in built.err
    files = {"file": "migracion_movimientos_1.csv", "later_file": "migracion_movimientos_2.csv"}
    assert json.loads(run("-C", root, "--json", "rejected", "--superseded").out) == [
        {**files, "source_column": "NOMBRES", "rows": 1},
        {**files, "source_column": "SEXO", "rows": 2},
    ]
    told = run("-C", root, "rejected", "--superseded")
    for said in (built, told):
        assert said.code == 0
        assert not {name for name in ("MARINA", "MARINO") if name in said.out + said.err}
    path = tmp_path / "superseded.csv"
    assert run("-C", root, "rejected", "--superseded", "-o", str(path)).code == 0
    exported = pl.read_csv(path)
    assert [json.loads(text)["SEXO"] for text in exported["value_after"]] == ["M", "M"]
    assert "LUZ MARINA" in exported["row_before"][0]
    [place] = (tmp_path / "p" / "runs").glob("*/tables/*/superseded.parquet")
    assert place.parent.name == "identified", "beside the names"


def test_an_explanation_names_the_corrected_versions_of_records_without_their_text(tmp_path: Path) -> None:
    built = ingest(tmp_path / "project", CORRECTED)
    with Engine() as engine:
        for path in tables(built.report.path):
            engine.view(path.stem, path)
        name_records(engine, find_run(built.project.runs))
        [who] = built.values("select identity_id from mention where record_key = 'M1'")
        made = Made({}, [], [], 0, [], corrections_of(engine, [who]))
    rules = load_rules(built.project.linkage_rules / "people.toml")
    teller = Teller(Words(rules, {}, "en"), lambda key, **values: translate(key, "en", **values), {})
    assert list(teller.made("p1", made))[-1].strip() == (
        "crossing:M1, version 1 (migracion_movimientos_1.csv, line 2): corrected by migracion_movimientos_2.csv, "
        "line 2. Changed: NOMBRES, SEXO."
    )


WITHDRAWN = {VISA_FILE: [("key    =", "withdrawn = { from = 'tipo', pattern = '^(ANULAD)' }\nkey    =")]}


def test_a_record_that_its_office_takes_back_stands_nowhere_and_what_was_said_of_it_is_kept(
    tmp_path: Path,
) -> None:
    back = {"tipo": "ANULADA", "fecha_expedicion": "", "apellidos_nombres": "", "pasaporte": ""}
    deliveries = {
        "a": [VISAS.row(), VISAS.row(numero_visa="V2"), VISAS.row(numero_visa="V3"), VISAS.row(numero_visa="V4")],
        # V1 is taken back, V2 given again afterwards; V3 is corrected and taken back at once; V5 was never heard of.
        "b": [VISAS.row(**back), VISAS.row(numero_visa="V2", **back), VISAS.row(numero_visa="V3", tipo="R"),
              VISAS.row(numero_visa="V3", **back), VISAS.row(numero_visa="V5", **back)],
        "c": [VISAS.row(numero_visa="V2", tipo="R"), VISAS.row(numero_visa="", **back)],
    }  # fmt: skip
    files = {f"cancilleria_visas_{name}.csv": VISAS.text(*rows) for name, rows in deliveries.items()}
    built = ingest(tmp_path / "project", files, WITHDRAWN)
    assert built.values("select record_key || visa_class_code from visa order by 1") == ["V2R", "V4M"]
    assert built.values("select record_key from mention order by 1") == ["V2", "V4"]
    fates = ("received", "in_tables", "superseded", "duplicate", "rejected")
    assert [[count[fate] for fate in fates] for count in built.files] == [
        [4, 1, 3, 0, 0], [5, 0, 5, 0, 0], [2, 1, 0, 0, 1],
    ]  # fmt: skip
    columns = "record_key, file[-5:-5], line, later_file[-5:-5], later_line"
    assert [tuple(row.values()) for row in versions(built, columns)] == [
        ("V1", "a", 2, "b", 2), ("V1", "b", 2, "b", 2), ("V2", "a", 3, "c", 2), ("V2", "b", 3, "c", 2),
        ("V3", "a", 4, "b", 5), ("V3", "b", 4, "b", 5), ("V3", "b", 5, "b", 5), ("V5", "b", 6, "b", 6),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("declared", "key"),
    [
        ("withdrawn = 'tipo'\nkey    =", "withdrawn_without_pattern"),
        ("withdrawn = { from = 'tipo', pattern = '(A)' }\n# key =", "withdrawn_without_key"),
    ],
)
def test_what_takes_a_record_back_is_declared_by_a_pattern_and_a_key(
    tmp_path: Path, declared: str, key: str
) -> None:
    with pytest.raises(DeclarationError) as told:
        ingest(tmp_path / "p", {}, {VISA_FILE: [("key    =", declared)]})
    assert told.value.key == key
