"""Nobody's name and no document number leaves the identified tables, whatever happens to the build.

What is looked for are the names and numbers of the extracts themselves: every word of five letters or more in a column
of names, every document number. They are searched in the bytes of what is shown, logged or published.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

import polars as pl
import pytest
from kit import BIRTHS, CROSSINGS, PERMITS, VISAS, Layout, command, make_project, tables
from kit.country import FILES, built_country

from register.schema import load_schema, profile_directory

NAMES = re.compile(r"nombre|apellido", re.IGNORECASE)
NUMBERS = re.compile(r"^(num_documento|pasaporte|doc_|documento)", re.IGNORECASE)


def secrets_of(files: dict[str, bytes]) -> set[str]:
    """Return the words of names and the document numbers of extracts."""
    found: set[str] = set()
    for layout in (CROSSINGS, VISAS, PERMITS, BIRTHS):
        for name, content in files.items():
            if name.startswith(layout.declaration):
                found |= _secrets(layout, content.decode(layout.encoding))
    return found


def _secrets(layout: Layout, text: str) -> set[str]:
    import csv

    found: set[str] = set()
    for row in csv.DictReader(text.splitlines(), delimiter=layout.delimiter):
        for column, cell in row.items():
            if NAMES.search(column):
                found |= set(re.findall(r"[^\W\d_]{5,}", cell))
            elif NUMBERS.search(column) and cell:
                found.add(cell)
    return found


SECRETS = secrets_of(FILES)


def told(text: str, secrets: Iterable[str] = SECRETS) -> set[str]:
    """Return the secrets that a text tells, as whole words, whatever their case."""
    words = set(re.findall(r"\w+", text.upper()))
    return {secret for secret in secrets if secret.upper() in words}


def test_the_search_finds_what_is_there() -> None:
    assert {"ZAMBRANO", "QUIÑONES", "085123467", "SALDARRIAGA", "1583297460"} <= SECRETS
    identity = pl.read_parquet(next(p for p in tables(built_country().report.path) if p.stem == "identity"))
    assert told(identity.write_csv()) >= {"ZAMBRANO", "085123467"}


def test_no_statistical_table_tells_a_name_or_a_document() -> None:
    statistical = [path for path in tables(built_country().report.path) if path.parent.name == "statistical"]
    assert {"person", "movement", "stay", "event", "flow", "stock"} <= {path.stem for path in statistical}
    for path in statistical:
        frame = pl.read_parquet(path)
        text = frame.select(pl.col(pl.String)).write_csv()
        assert told(text) == set(), path.stem
        assert all(secret.encode() not in path.read_bytes() for secret in SECRETS), path.stem


def test_no_statistical_table_declares_an_identified_concept() -> None:
    schema = load_schema(profile_directory() / "schemas")
    for table in schema.tables.values():
        if not table.identified:
            identified = [column.name for column in table.columns.values() if column.concept.identified]
            assert identified == [], table.name


def test_the_concepts_that_name_people_are_marked_as_such() -> None:
    schema = load_schema(profile_directory() / "schemas")
    for name, concept in schema.concepts.items():
        if re.search(
            r"(given|surname|full|married)_.*name|document(_2)?_(number|key)|^surname|(^|_)raw$", name
        ):
            assert concept.identified, name


def test_the_manifest_and_the_log_tell_no_name() -> None:
    run = built_country().report.path
    for name in ("run.json", "log.jsonl"):
        assert told((run / name).read_text("utf-8")) == set(), name
    others = [path for path in run.rglob("*") if path.is_file() and path.suffix != ".parquet"]
    assert {path.name for path in others} == {"run.json", "log.jsonl", "lock"}


DAMAGED = {
    "rows with faults": {
        CROSSINGS.file: CROSSINGS.text(
            CROSSINGS.row(FECHA_HORA="x"),
            CROSSINGS.row(ID_MOVIMIENTO="M2", SEXO="ZAMBRANO", NACIONALIDAD="LUZ MARINA"),
            CROSSINGS.row(ID_MOVIMIENTO="M3") + ";QUIÑONES",
            "ZAMBRANO;QUIÑONES",
            CROSSINGS.row(ID_MOVIMIENTO="M4"),
        )
    },
    "no header": {
        CROSSINGS.file: CROSSINGS.text(
            CROSSINGS.row(ID_MOVIMIENTO="M4"), header=CROSSINGS.row(ID_MOVIMIENTO="M0")
        )
    },
    "columns moved by one": {
        CROSSINGS.file: CROSSINGS.text(
            ";".join(CROSSINGS.row().split(";")[1:]) + ";", CROSSINGS.row(ID_MOVIMIENTO="M4")
        )
    },
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_build_of_damaged_extracts_tells_no_name(tmp_path: Path, kind: str) -> None:
    project = make_project(tmp_path / "project", DAMAGED[kind])
    secrets = secrets_of({CROSSINGS.file: CROSSINGS.text(CROSSINGS.row())})
    assert "ZAMBRANO" in secrets
    for arguments in (
        ["check"],
        ["build", "--until", "identify"],
        ["build", "--json", "--until", "identify"],
        ["rejected"],
        ["runs", "show"],
    ):
        ran = command("-C", str(project.root), *arguments)
        assert ran.returncode == 0, ran.stderr
        assert told(ran.stdout + ran.stderr, secrets) == set(), arguments
    run = next(project.runs.iterdir())
    assert (
        told((run / "run.json").read_text("utf-8") + (run / "log.jsonl").read_text("utf-8"), secrets) == set()
    )


def test_an_unforeseen_error_tells_where_it_happened_and_not_what_it_read(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", FILES)
    broken = (
        "import register.ingest.load as load\n"
        "def fail(*given, **named):\n"
        "    raise ValueError('could not read ZAMBRANO;QUIÑONES;085123467')\n"
        "load.read_blocks = fail\n"
    )
    ran = command("-C", str(project.root), "build", code=broken)
    assert ran.returncode == 1
    assert "ValueError" in ran.stderr
    assert told(ran.stdout + ran.stderr) == set()


def test_a_build_uses_no_network(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", FILES)
    offline = (
        "import socket\n"
        "class Refused(socket.socket):\n"
        "    def __init__(self, *arguments, **values):\n"
        "        raise AssertionError('the network was used')\n"
        "socket.socket = socket.create_connection = socket.getaddrinfo = Refused\n"
    )
    ran = command("--json", "-C", str(project.root), "build", code=offline)
    assert ran.returncode == 0, ran.stdout
    assert json.loads(ran.stdout)["done"][-1] == "flows"
