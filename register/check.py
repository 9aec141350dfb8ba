"""What can be known before a build: are the declarations right, do the extracts fit them, is the program complete."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from register.cases import load_cases, run_cases
from register.errors import DeclarationError, Faults, QualityError, suggest
from register.project import SETTINGS_FILE, Project, load_project
from register.run import list_runs
from register.schema import Schema, load_schema
from register.toml_file import read_toml

if TYPE_CHECKING:
    from register.ingest.block import Header
    from register.ingest.source import Source


@dataclass
class CheckReport:
    """Sources declared, files found, cases held, and what does not fit: pairs of a message key and its values."""

    sources: int = 0
    files: int = 0
    cases: int = 0
    notes: list[tuple[str, dict[str, str]]] = field(default_factory=list)


def check_project(root: Path) -> CheckReport:
    """Load every declaration and hold the header of every extract, and its first rows, against its source.

    Raises
    ------
    DeclarationError
        If declarations are wrong: all of them, with file, key and mend.
    QualityError
        If the rule does not give what one of the office's own cases expects.
    """
    from register.ingest.cells import found_in_path
    from register.ingest.extracts import find_extracts
    from register.ingest.hashing import Hasher
    from register.ingest.header import find_header
    from register.ingest.kinds import doubtful_encoding, is_unread
    from register.ingest.records import RecordReader
    from register.ingest.sample import doubtful_values, has_rows

    project, schema, sources = _declarations(root)
    cases, differences = run_cases(project)
    if differences:
        first = differences[0]
        raise QualityError(
            "case_differs",
            where=first.where,
            name=first.case,
            crossing=first.crossing,
            column=first.column,
            expected=first.expected,
            found="unknown" if first.found is None else first.found,
            more=len(differences) - 1,
        )
    extracts, unclaimed = find_extracts(project.extracts, sources)
    report = CheckReport(len(sources), len(extracts), cases)
    for name in unclaimed:
        if is_unread(name):
            report.notes.append(("check.unclaimed_kind", {"file": name, "ending": Path(name).suffix}))
        else:
            report.notes.append(("check.unclaimed", {"file": name}))
    for stray in _no_declarations(project):
        report.notes.append(("check.no_declaration", {"file": stray}))
    for source in sources:
        if not any(extract.source is source for extract in extracts):
            report.notes.append(
                ("check.no_file", {"source": source.name, "patterns": ", ".join(source.files)})
            )
    runs = list_runs(project.runs)
    similar = runs[-1].stages.get("ingest", {}).get("similar", 0) if runs else 0
    if similar:
        report.notes.append(("ingest.similar", {"count": str(similar)}))
    hasher = Hasher("")
    readers = {source.name: RecordReader(source, schema, hasher) for source in sources}
    for extract in extracts:
        if extract.rivals:
            rivals = ", ".join(extract.rivals)
            told = {"file": extract.name, "source": extract.source.name, "rivals": rivals}
            report.notes.append(("check.rivals", told))
        likely = doubtful_encoding(extract.path, extract.member, extract.source.format)
        if likely:
            told = {"file": extract.name, "encoding": extract.source.format.encoding, "likely": likely}
            report.notes.append(("check.encoding", told))
        if extract.source.delivery is not None and extract.period is None:
            report.notes.append(("check.no_delivery", {"file": extract.name}))
        for pattern in extract.source.path_patterns:
            if found_in_path(pattern, extract.name) is None:
                report.notes.append(("check.no_path", {"file": extract.name, "pattern": pattern}))
        header = find_header(extract)
        if header is None or not has_rows(extract, header):
            report.notes.append(("check.no_rows", {"file": extract.name}))
            continue
        if header.is_doubtful:
            report.notes.append(("check.no_header", {"file": extract.name}))
        elif header.unknown:
            report.notes.append(
                ("check.unknown_columns", {"file": extract.name, "columns": ", ".join(header.unknown)})
            )
        needed = header.missing_required
        others = [column for column in header.missing if column not in needed]
        for note, lacking in (("missing_needed", needed), ("missing_columns", others)):
            if lacking:
                columns = ", ".join(_beside(column, header) for column in lacking)
                report.notes.append((f"check.{note}", {"file": extract.name, "columns": columns}))
        if header.missing_required:
            continue
        for reason, count, rows in doubtful_values(extract, header, readers[extract.source.name]):
            told = {"file": extract.name, "reason": reason, "count": str(count), "rows": str(rows)}
            report.notes.append(("check.doubtful", told))
    return report


def _no_declarations(project: Project) -> list[str]:
    """Return what stands among the declarations and is none by its name: "visas.toml.txt" of an editor."""
    folder = project.schemas / "sources" / project.country.lower()
    files = (path for path in sorted(folder.iterdir()) if not path.name.startswith("."))
    return [path.relative_to(project.root).as_posix() for path in files if path.suffix != ".toml"]


def _beside(column: str, header: Header) -> str:
    """Name a column that is missing, and beside it the one of the extract that it may be."""
    likely = "" if header.is_doubtful else suggest(column, header.unknown)
    return f"{column} (≈ {likely})" if likely else column


def _declarations(root: Path) -> tuple[Project, Schema, tuple[Source, ...]]:
    """Load every declaration of a project; one that is wrong keeps none of the others from being looked at."""
    from register.assess.declaration import load_indicators
    from register.assess.questionnaire import load_questionnaire
    from register.ingest.declaration import load_sources
    from register.link.declaration import load_rules
    from register.link.itinerary import load_itinerary
    from register.release.declaration import load_releases

    faults = Faults()
    for load, path in (
        (load_rules, "linkage_rules/people.toml"),
        (load_itinerary, "linkage_rules/itinerary.toml"),
        (load_cases, "cases"),
    ):
        with faults.gathered(str(root / path)):
            load(root / path)
    schema = None
    with faults.gathered():
        schema = load_schema(root / "schemas")
        for name in schema.codelist_names:
            with faults.gathered():
                schema.codelist(name)
        for declared, file in (
            (load_releases, "releases"),
            (load_indicators, "indicators.toml"),
            (load_questionnaire, "questionnaire.toml"),
        ):
            with faults.gathered(str(schema.directory / file)):
                declared(schema)
    with faults.gathered():
        project = load_project(root)
    country = _country(root)
    # Of a country that the settings do not tell there are no sources to look at.
    with faults.gathered():
        if schema and country:
            sources = load_sources(root / "schemas" / "sources", country, schema)
    faults.tell()
    return project, schema, sources


def _country(root: Path) -> str:
    """Return the country of a project whose settings may be wrong otherwise."""
    try:
        return str(read_toml(root / SETTINGS_FILE).get("country", ""))
    except DeclarationError:
        return ""


LIBRARIES = ("duckdb", "jellyfish", "numpy", "polars", "pyarrow", "rapidfuzz", "rich", "splink", "typer")
OPTIONAL = {
    "release": ("scipy", "pysdmx", "xlsxwriter"),
    "review": ("starlette", "jinja2", "uvicorn", "python_multipart"),
    "survey": ("pyreadstat", "scipy"),
    "synth": ("faker",),
    "xlsx": ("fastexcel",),
}


def check_installation() -> list[tuple[str, str]]:
    """Return each part of the installation with its version, or an empty text where it is missing."""
    parts: list[tuple[str, str]] = []
    for library in LIBRARIES:
        try:
            parts.append((library, version(library)))
        except PackageNotFoundError:
            parts.append((library, ""))
    for extra, modules in OPTIONAL.items():
        complete = all(find_spec(module) is not None for module in modules)
        parts.append((f"[{extra}]", version(modules[0]) if complete else ""))
    return parts
