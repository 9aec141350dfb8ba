"""JSON in every way in which it is written gives the same rows, and a broken object harms no other."""

from __future__ import annotations

import gzip
import io
import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from kit import VISAS, ingest

from register.errors import ExtractError
from register.ingest.block import LINE
from register.ingest.declaration import load_source
from register.ingest.extracts import Extract
from register.ingest.header import find_header
from register.ingest.read import read_blocks
from register.ingest.source import Format, Source
from register.schema import load_schema, profile_directory

SCHEMAS = profile_directory() / "schemas"
VISA = "schemas/sources/col/cancilleria_visas.toml"
NESTED = """
table = "crossing"
files = "*.json"
key = "id"
format = { type = "json" }
[columns]
crossed_at = { from = ["viaje.fecha", "viaje.hora"], format = "%Y-%m-%d %H:%M" }
direction = "viaje.tipo"
[person.self]
name = { layout = "separate", given = "persona.nombres", surname_1 = "persona.apellidos.1" }
document = "documentos.2.numero"
"""


def crossing(number: int) -> dict[str, Any]:
    """Return an object with objects and lists in it, and signs in its texts that mean something outside of them."""
    papers = [{"clase": "PAS", "numero": f"A{number}"}, {"numero": f"B{number}"}, {"numero": "C"}]
    return {
        "id": f"K{number:03d}",
        "viaje": {"fecha": "2023-03-05", "hora": "14:30", "tipo": "ENTRADA"},
        "persona": {"nombres": 'LUZ "Ñ" \\ }: {[', "apellidos": ["ZAM{BRANO", None]},
        "documentos": papers[: 1 + number % 3],
        "nota": "",
    }


OBJECTS = [crossing(number) for number in range(120)]
WRITTEN: dict[str, Callable[[list[dict[str, Any]]], str]] = {
    "a line each": lambda objects: "\n".join(map(json.dumps, objects)),
    "a line each, of Windows": lambda objects: (
        "\ufeff" + "".join(json.dumps(one) + "\r\n" for one in objects)
    ),
    "a list in one line": json.dumps,
    "a list, a line each": lambda objects: "[\n" + ",\n".join(map(json.dumps, objects)) + "\n]\n",
    "a list, a line a value": lambda objects: json.dumps(objects, indent=2, ensure_ascii=False),
    "one after another": lambda objects: "".join(map(json.dumps, objects)),
    "one after another, a line a value": lambda objects: "\n".join(
        json.dumps(one, indent=1) for one in objects
    ),
    "within an object": lambda objects: json.dumps({"n": 2, "datos": objects, "fin": {"x": [{}, {}]}}),
    "within an object, a line a value": lambda objects: json.dumps({"datos": objects, "n": 2}, indent=4),
}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """A declaration of objects in objects."""
    path = tmp_path_factory.mktemp("declared") / "nested.toml"
    path.write_text(NESTED, "utf-8")
    return load_source(path, load_schema(SCHEMAS))


def read(
    folder: Path, source: Source, content: str | bytes, size: int = 2**25, **form: Any
) -> tuple[list[dict[str, Any]], list[tuple[int, str, str]]]:
    """Return rows and rejected records of a file."""
    path = folder / "x.json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    extract = Extract(0, path, path.name, replace(source, format=replace(source.format, **form)))
    header = find_header(extract)
    assert header is not None
    blocks = list(read_blocks(extract, header, size))
    rows = [row for block in blocks for row in block.rows.to_dicts()]
    rejected = [row for block in blocks for row in block.rejected.select("line", "reasons", "raw").rows()]
    numbers = [row[LINE] for row in rows] + [line for line, _, _ in rejected]
    assert len(numbers) == len(set(numbers)), "every record has a number of its own"
    return rows, rejected


@pytest.mark.parametrize("size", [2**25, 1_500])
@pytest.mark.parametrize("way", WRITTEN)
def test_objects_are_the_same_rows_however_they_are_written(
    tmp_path: Path, source: Source, way: str, size: int
) -> None:
    listed = "datos" if way.startswith("within") else ""
    rows, rejected = read(tmp_path, source, WRITTEN[way](OBJECTS), size, records=listed)
    assert not rejected
    assert [row["id"] for row in rows] == [one["id"] for one in OBJECTS]
    assert {row["persona.nombres"] for row in rows} == {'LUZ "Ñ" \\ }: {['}
    assert {row["persona.apellidos.1"] for row in rows} == {"ZAM{BRANO"}
    assert [row["documentos.2.numero"] for row in rows[:4]] == [None, "B1", "B2", None]
    first = 2 if way == "a list, a line each" else 1
    assert [row[LINE] for row in rows] == list(range(first, first + len(OBJECTS)))


def hurt(text: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(text))
    if chance.random() < 0.4:
        return text[:at]
    sign = chance.choice(
        [b'"', b"{", b"}", b"[", b"]", b"\\", b"\0", b"\xff", b"\x1e", b"},{", b"\t", b"[" * 90]
    )
    return text[:at] + sign + text[at + chance.randrange(2) :]


def test_an_object_or_a_list_where_a_text_is_declared_is_no_text(tmp_path: Path) -> None:
    objects = [crossing(number) for number in range(5)]
    objects[0]["persona"]["nombres"] = {"primero": "LUZ", "segundo": "MARINA"}
    objects[1]["documentos"] = [{}, {"numero": ["B1", "B2"]}]
    objects[2]["persona"]["nombres"] = "{LUZ}"
    objects[3]["id"] = {}
    objects[4]["id"] = 9_007_199_254_740_993
    declared = {"schemas/sources/col/x.toml": NESTED}
    built = ingest(tmp_path / "p", {"x.json": json.dumps(objects)}, declared)
    said = "select record_key, given_name_raw, document_number from mention natural join identity order by 1"
    assert [tuple(row.values()) for row in built.rows(said)] == [
        ("9007199254740993", 'LUZ "Ñ" \\ }: {[', "B4"),
        ("K000", None, None),
        ("K001", 'LUZ "Ñ" \\ }: {[', None),
        ("K002", "{LUZ}", "B2"),
    ]
    assert built.values("select reasons from rejected") == ["record_key:missing"]


@pytest.mark.parametrize("seed", range(8))
def test_a_broken_object_on_a_line_harms_no_other(tmp_path: Path, source: Source, seed: int) -> None:
    chance = random.Random(seed)
    lines = [json.dumps(one, ensure_ascii=False).encode() for one in OBJECTS]
    broken = {number for number in range(len(lines)) if chance.random() < 0.2}
    written = [hurt(line, chance) if number in broken else line for number, line in enumerate(lines)]
    rows, rejected = read(tmp_path, source, b"\n".join(written), chance.choice([2**25, 3_000]))
    assert {row["id"] for row in rows} >= {f"K{number:03d}" for number in range(len(lines))} - {
        f"K{number:03d}" for number in broken
    }
    assert len(rows) + len(rejected) == sum(bool(line.strip()) for line in written)
    assert {line - 1 for line, _, _ in rejected} <= broken


@pytest.mark.parametrize("seed", range(5))
def test_a_broken_object_of_a_list_harms_those_beside_it_at_most(
    tmp_path: Path, source: Source, seed: int
) -> None:
    chance = random.Random(seed)
    texts = [json.dumps(one).encode() for one in OBJECTS]
    at = chance.randrange(2, len(texts) - 2)
    texts[at] = hurt(texts[at], chance)
    rows, _ = read(tmp_path, source, b"[" + b", ".join(texts) + b"]", chance.choice([2**25, 3_000]))
    beside = {f"K{number:03d}" for number in (at - 1, at, at + 1)}
    assert {row["id"] for row in rows} >= {one["id"] for one in OBJECTS} - beside


def test_text_that_is_no_json_is_rejected_line_by_line(tmp_path: Path, source: Source) -> None:
    rows, rejected = read(tmp_path, source, "id;fecha\n1;2\n\n2;3\n")
    assert not rows
    assert [(line, reasons) for line, reasons, _ in rejected] == [
        (1, "header:missing_column"),
        (2, "header:missing_column"),
        (4, "header:missing_column"),
    ]


def test_an_object_too_long_is_one_rejected_record(tmp_path: Path, source: Source) -> None:
    long = json.dumps({"id": "K001", "nota": "Ñ" * 2**21}, ensure_ascii=False)
    for between in (",", "\n"):
        content = between.join([json.dumps(crossing(0)), long, json.dumps(crossing(2))])
        rows, rejected = read(tmp_path, source, content, 2**18)
        assert [row["id"] for row in rows] == ["K000", "K002"]
        assert [reasons for _, reasons, _ in rejected] == ["line:too_long"]


def test_an_empty_list_holds_nothing(tmp_path: Path, source: Source) -> None:
    path = tmp_path / "x.json"
    for content, listed in ((b"[]", ""), (b"", ""), (b'{"datos": []}', "datos")):
        path.write_bytes(content)
        form: Format = replace(source.format, records=listed)
        assert find_header(Extract(0, path, path.name, replace(source, format=form))) is None


def test_json_is_built_with_its_account_and_told_of_where_it_is_not_declared(tmp_path: Path) -> None:
    office = [VISAS.ordinary, {**VISAS.ordinary, "numero_visa": 2, "pasaporte": 987654}]
    late = {**VISAS.ordinary, "numero_visa": None}
    content = gzip.compress("\n".join(json.dumps(one) for one in [*office, late, {}]).encode() + b'\n{"a"\n')
    files = {"visas.jsonl.gz": content}
    declared = [('type = "csv", delimiter = ","', 'type = "json"'), ("cancilleria_visas*.csv", "visas.jsonl")]
    built = ingest(tmp_path / "p", files, {VISA: declared})
    assert built.values("select record_key from visa order by 1") == ["2", "V1"]
    assert built.rows("select line, reasons from rejected order by 1") == [
        {"line": 3, "reasons": "record_key:missing"},
        {"line": 4, "reasons": "record_key:missing"},
        {"line": 5, "reasons": "line:no_object"},
    ]
    assert {name: built.files[0][name] for name in ("received", "in_tables", "rejected")} == {
        "received": 5, "in_tables": 2, "rejected": 3,
    }  # fmt: skip
    with pytest.raises(ExtractError, match="json"):
        ingest(tmp_path / "q", {"visas.jsonl": b'[\n  {"a": 1}\n]'}, {VISA: declared[1:]})


def test_what_columns_of_parquet_hold_within_them_is_named_as_in_json(tmp_path: Path) -> None:
    holder = {name: VISAS.ordinary[name] for name in ("apellidos_nombres", "fecha_nacimiento", "pasaporte")}
    frame = pl.DataFrame(
        [{**VISAS.ordinary, "titular": {"persona": holder}}, {**VISAS.ordinary, "numero_visa": "V2"}]
    )
    content = io.BytesIO()
    frame.drop(holder).write_parquet(content)
    edits = [
        ("cancilleria_visas*.csv", "v.parquet"),
        ('type = "csv", delimiter = ",", encoding = "utf-8"', 'type = "parquet"'),
    ]
    edits += [(f'"{name}"', f'"titular.persona.{name}"') for name in holder]
    built = ingest(tmp_path / "p", {"v.parquet": content.getvalue()}, {VISA: edits})
    assert built.rows(
        "select record_key, full_name_raw, document_number from mention join identity using (identity_id) order by 1"
    ) == [
        {"record_key": "V1", "full_name_raw": "ZAMBRANO QUIÑONES, LUZ MARINA", "document_number": "AB123456"},
    ]


def test_rows_of_a_file_without_any_declared_column_are_no_records(tmp_path: Path) -> None:
    files = {
        "v.json": json.dumps({"V-1": {"x": 1}, "V-2": {"x": 2}}),
        "cancilleria_visas_2.csv": "a;b\n1;2\n",
    }
    edits = [('files  = ["', 'files = ["v.json", "'), ("key    =", "ignored =")]
    for form in ("json", "csv"):
        edited = [*edits, ('type = "csv", delimiter = ","', f'type = "{form}"')]
        wanted = {name: text for name, text in files.items() if name.endswith(form)}
        built = ingest(tmp_path / form, wanted, {VISA: edited})
        assert set(built.values("select reasons from rejected")) == {"header:missing_column"}
