"""What tests of ingest and of the run share: extracts of a few lines in the six Colombian layouts, and small builds.

A layout knows its file name, its form and one ordinary row. A test writes only what it is about:

    extract = CROSSINGS.text(CROSSINGS.row(ID_MOVIMIENTO="M1", FECHA_NACIMIENTO="31/02/1990"))
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from register.console import Console
from register.engine import Engine
from register.pipeline import BuildReport, build
from register.project import KEY_FILE, Project, init_project, load_project

SECRET = "00" * 32
FATES = ("in_tables", "rejected", "duplicate", "superseded")


@dataclass(frozen=True)
class Layout:
    """One kind of extract: ``row`` holds an ordinary value of every column, in the order of the file."""

    declaration: str
    file: str
    delimiter: str
    encoding: str
    ordinary: Mapping[str, str]

    @property
    def header(self) -> str:
        return self.delimiter.join(self.ordinary)

    def row(self, **values: str) -> str:
        """Return one line, ordinary but for the values given."""
        unknown = set(values) - set(self.ordinary)
        assert not unknown, f"no such columns: {unknown}"
        cells = {**self.ordinary, **values}
        return self.delimiter.join(self._quoted(cell) for cell in cells.values())

    def _quoted(self, cell: str) -> str:
        if any(sign in cell for sign in (self.delimiter, '"', "\n")):
            return '"' + cell.replace('"', '""') + '"'
        return cell

    def text(self, *rows: str, header: str | None = None, end: str = "\n") -> bytes:
        """Return a file of a header and rows as the office would write it."""
        lines = [self.header if header is None else header, *rows]
        return "".join(line + end for line in lines).encode(self.encoding)


CROSSINGS = Layout(
    "migracion_movimientos",
    "migracion_movimientos_2023.csv",
    ";",
    "latin-1",
    {
        "ID_MOVIMIENTO": "M1",
        "FECHA_HORA": "05/03/2023 14:30",
        "TIPO_MOVIMIENTO": "ENTRADA",
        "PUESTO_CONTROL": "AEROPUERTO EL DORADO",
        "TIPO_DOCUMENTO": "PASAPORTE",
        "NUM_DOCUMENTO": "AB123456",
        "PAIS_EMISOR": "VEN",
        "PRIMER_APELLIDO": "ZAMBRANO",
        "SEGUNDO_APELLIDO": "QUIÑONES",
        "NOMBRES": "LUZ MARINA",
        "FECHA_NACIMIENTO": "09/11/1985",
        "SEXO": "F",
        "NACIONALIDAD": "VEN",
        "PAIS_PROCEDENCIA_DESTINO": "ESP",
        "MOTIVO_VIAJE": "TURISMO",
    },
)
VISAS = Layout(
    "cancilleria_visas",
    "cancilleria_visas.csv",
    ",",
    "utf-8",
    {
        "numero_visa": "V1",
        "tipo": "M",
        "fecha_expedicion": "2022-01-10",
        "fecha_vencimiento": "2025-01-09",
        "pasaporte": "AB123456",
        "apellidos_nombres": "ZAMBRANO QUIÑONES, LUZ MARINA",
        "fecha_nacimiento": "1985-11-09",
        "sexo": "Femenino",
        "nacionalidad": "Venezuela",
    },
)
PERMITS = Layout(
    "permisos_residencia",
    "permisos_residencia.csv",
    "|",
    "utf-8-sig",
    {
        "NUM_PERMISO": "5263179",
        "CLASE": "PPT",
        "F_EXPEDICION": "20220110",
        "F_VENCIMIENTO": "20310110",
        "DOC_ORIGEN": "AB123456",
        "NOMBRE_COMPLETO": "LUZ MARINA ZAMBRANO QUIÑONES",
        "F_NACIMIENTO": "19851109",
        "SEXO": "F",
        "NACIONALIDAD": "VEN",
        "MUNICIPIO": "SANTA MARTA",
        "DEPARTAMENTO": "Magdalena",
    },
)
BIRTHS = Layout(
    "registro_civil_nacimientos",
    "registro_civil_nacimientos.csv",
    ",",
    "utf-8",
    {
        "serial": "N1",
        "fecha_nacimiento": "2023-06-01",
        "nombres": "MATEO",
        "primer_apellido": "ARAYA",
        "segundo_apellido": "ZAMBRANO",
        "sexo": "M",
        "cod_municipio": "05001",
        "doc_madre": "AB123456",
        "nombres_madre": "LUZ MARINA",
        "apellidos_madre": "ZAMBRANO QUIÑONES",
        "nacionalidad_madre": "VEN",
        "doc_padre": "15965438",
        "nombres_padre": "HORACIO",
        "apellidos_padre": "ARAYA OSSES",
        "nacionalidad_padre": "CHL",
        "fecha_inscripcion": "2023-06-10",
    },
)
DEATHS = Layout(
    "registro_civil_defunciones",
    "registro_civil_defunciones.csv",
    ",",
    "utf-8",
    {
        "serial": "D1",
        "fecha_defuncion": "2023-11-12",
        "documento": "1864504264",
        "nombres": "MIGUEL",
        "primer_apellido": "OSPINA",
        "segundo_apellido": "",
        "fecha_nacimiento": "1963-02-18",
        "sexo": "M",
        "nacionalidad": "COL",
        "cod_municipio": "11001",
    },
)
MARRIAGES = Layout(
    "registro_civil_matrimonios",
    "registro_civil_matrimonios.csv",
    ",",
    "utf-8",
    {
        "serial": "C1",
        "fecha_matrimonio": "2021-10-17",
        "documento_1": "1541557143",
        "nombres_1": "GERALDINE",
        "apellidos_1": "VALENCIA SEPULVEDA",
        "fecha_nacimiento_1": "1998-10-12",
        "nacionalidad_1": "COL",
        "documento_2": "1490862266",
        "nombres_2": "FRANKLIN DAVID",
        "apellidos_2": "GUTIERREZ ESPITIA",
        "fecha_nacimiento_2": "1975-04-16",
        "nacionalidad_2": "COL",
    },
)
LAYOUTS = (CROSSINGS, VISAS, PERMITS, BIRTHS, DEATHS, MARRIAGES)


@dataclass
class Built:
    """A small project that was built, and ways to look at what came of it."""

    project: Project
    report: BuildReport

    @property
    def files(self) -> list[dict[str, Any]]:
        """What the manifest tells of each file."""
        files: list[dict[str, Any]] = self.report.manifest["stages"]["ingest"]["files"]
        return files

    def count(self, file: str) -> dict[str, Any]:
        """Return what became of the rows of one file."""
        return next(count for count in self.files if count["file"] == file)

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Return the rows of a query over the tables of the run."""
        with Engine() as engine:
            for path in tables(self.report.path):
                engine.view(path.stem, path)
            return engine.frame(query).to_dicts()

    def values(self, query: str) -> list[Any]:
        """Return the first column of a query."""
        return [next(iter(row.values())) for row in self.rows(query)]

    def row(self, query: str) -> dict[str, Any]:
        """Return the only row of a query."""
        (row,) = self.rows(query)
        return row


def make_project(directory: Path, files: Mapping[str, bytes | str], edits: Mapping[str, Any] = {}) -> Project:
    """Make a project with a known secret key, extracts by path, and declarations edited.

    ``edits`` maps a file of the project to its new text, or to pairs of old and new text.
    """
    project = init_project(directory, "col")
    (project.root / KEY_FILE).write_text(SECRET, "ascii")
    for name, content in files.items():
        put(project, name, content)
    for name, edit in edits.items():
        path = project.root / name
        if isinstance(edit, str):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(edit, "utf-8")
            continue
        text = path.read_text("utf-8")
        for old, new in edit:
            assert old in text, f"{old!r} is not in {name}"
            text = text.replace(old, new)
        path.write_text(text, "utf-8")
    return load_project(project.root)


def put(project: Project, name: str, content: bytes | str) -> Path:
    """Put an extract into a project."""
    path = project.extracts / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def build_project(project: Project, **options: Any) -> Built:
    """Build a project in silence."""
    return Built(project, build(project, Console("en", quiet=True), **options))


def ingest(
    directory: Path,
    files: Mapping[str, bytes | str],
    edits: Mapping[str, Any] = {},
    until: str = "identify",
) -> Built:
    """Make a project of these files and read them in."""
    built = build_project(make_project(directory, files, edits), until=until)
    assert_all_accounted(built.files)
    return built


def assert_all_accounted(files: Iterable[Mapping[str, Any]]) -> None:
    """Every row received stands in a table, is rejected, or is a counted duplicate or old version: file by file."""
    for count in files:
        assert count["received"] == sum(count[fate] for fate in FATES), count
        assert all(count[fate] >= 0 for fate in FATES), count


def command(*arguments: str, code: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, in English unless told otherwise; ``code`` is run before it."""
    inherited = {
        key: value for key, value in os.environ.items() if not key.startswith(("REGISTER_", "LC_", "LANG"))
    }
    return subprocess.run(
        [sys.executable, "-c", f"{code}\nfrom register.cli import main\nmain()", *arguments],
        capture_output=True,
        text=True,
        env={**inherited, "LANG": "en_US.UTF-8", **environment},
        check=False,
    )


def tables(run: Path) -> list[Path]:
    """Return the Parquet files of a run."""
    return sorted((run / "tables").rglob("*.parquet"))


def sorted_rows(path: Path) -> Sequence[tuple[Any, ...]]:
    """Return the rows of a Parquet file sorted, to compare tables in whatever order they were written."""
    import polars as pl

    frame = pl.read_parquet(path, glob=False)
    return sorted(frame.rows(), key=lambda row: [(cell is None, str(cell)) for cell in row])
