"""Loads ``schemas/``: concepts, tables and code lists, and checks that they agree with one another.

What data mean is declared, not coded. This module turns the TOML and CSV of a profile into frozen objects
and refuses what does not fit, naming the file, the key and the nearest right word.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from register.concepts import TYPES, Check, Column, Concept, Table
from register.errors import DeclarationError, Faults, suggest
from register.toml_file import read_toml


def profile_directory() -> Path:
    """Return the folder that holds the shipped ``schemas/`` and ``linkage_rules/``.

    In an installed wheel they lie inside the package; in a checkout they stand at its top.
    """
    bundled = Path(__file__).parent / "_profile"
    return bundled if bundled.is_dir() else Path(__file__).parent.parent


def refuse_unknown_keys(
    given: Iterable[str], known: Iterable[str], where: str, concepts: Mapping[str, Concept] | None = None
) -> None:
    """Stop on a key that no reader would look at: a misspelt setting must not be silently ignored.

    Where keys stand for concepts, one may be called by a concept's label: "fecha_nacimiento" means ``birth_date``.
    """
    allowed, faults = list(known), Faults()
    labels = {
        label.lower(): key for key, concept in (concepts or {}).items() for label in concept.label.values()
    }
    for key in given:
        with faults.gathered():
            if key not in allowed:
                raise DeclarationError(
                    "unknown_key",
                    where=where,
                    key=key,
                    suggestion=_meant(key, allowed, labels),
                    known=", ".join(sorted(allowed)),
                )
    faults.tell()


def _meant(key: str, allowed: Iterable[str], labels: Mapping[str, str]) -> str:
    near = suggest(key.replace("_", " ").lower() if labels else key, [*allowed, *labels])
    return labels.get(near, near)


def table_at(node: Mapping[str, Any], key: str, where: str) -> dict[str, Any]:
    """Return the TOML table at a key, empty if absent; refuse anything else that stands there."""
    value = node.get(key, {})
    if not isinstance(value, dict):
        raise DeclarationError("not_a_section", where=where, key=key)
    return value


@dataclass(frozen=True)
class Schema:
    """Everything that ``schemas/`` declares, code lists read when asked for."""

    directory: Path
    concepts: Mapping[str, Concept]
    tables: Mapping[str, Table]
    _codelists: dict[str, pl.DataFrame] = field(default_factory=dict, repr=False, compare=False)

    def codelist(self, name: str) -> pl.DataFrame:
        """Return a code list as a frame: code, label_es, label_en, valid_from, valid_to, aliases, ...

        Raises
        ------
        DeclarationError
            If there is no such list or it lacks a column.
        """
        if name not in self._codelists:
            self._codelists[name] = _read_codelist(self._folder_of(name), name)
        return self._codelists[name]

    def labels(self, name: str, language: str) -> Mapping[str, str]:
        """Return the labels of a code list by code."""
        frame = self.codelist(name)
        return dict(zip(frame["code"], frame[f"label_{language}"], strict=True))

    @cached_property
    def codelist_names(self) -> tuple[str, ...]:
        """Names of the code lists at hand."""
        return tuple(sorted({path.stem for folder in self._folders for path in folder.glob("*.csv")}))

    @property
    def _folders(self) -> tuple[Path, Path]:
        return self.directory / "codelists", profile_directory() / "schemas" / "codelists"

    def _folder_of(self, codelist: str) -> Path:
        own, shipped = self._folders
        is_shipped = not (own / f"{codelist}.csv").is_file() and (shipped / f"{codelist}.csv").is_file()
        return shipped if is_shipped else own


def _read_codelist(directory: Path, name: str) -> pl.DataFrame:
    path = directory / f"{name}.csv"
    if not path.is_file():
        known = [file.stem for file in directory.glob("*.csv")]
        raise DeclarationError(
            "unknown_codelist", where=str(path), name=name, suggestion=suggest(name, known)
        )
    try:
        frame = pl.read_csv(path, infer_schema=False, glob=False)
    except pl.exceptions.PolarsError as error:
        raise DeclarationError("codelist_broken", where=str(path)) from error
    missing = {"code", "label_es", "label_en", "valid_from", "valid_to", "aliases"} - set(frame.columns)
    if missing:
        raise DeclarationError("codelist_columns", where=str(path), columns=", ".join(sorted(missing)))
    repeated = frame.filter(frame["code"].is_duplicated())["code"]
    if len(repeated):
        raise DeclarationError("codelist_repeated", where=str(path), code=repeated[0])
    return frame


def load_schema(directory: Path) -> Schema:
    """Load and check the concepts and tables of a ``schemas/`` folder.

    A project copied the shipped files when it was made; a table, a column of one, a concept or a code list that a later
    version added is taken from the shipped ones.

    Raises
    ------
    DeclarationError
        If a file is missing, is not TOML, names what does not exist, or gives another type than the shipped one to
        what a source declares.
    """
    concepts, tables = _declared(directory, _stamp(directory))
    return Schema(directory, concepts, tables)


def _stamp(directory: Path) -> tuple[tuple[str, int, int], ...]:
    """Return name, time and size of every file that declares a table or a concept, or holds a code list."""
    folders = (profile_directory() / "schemas", directory)
    patterns = ("concepts.toml", "tables/*.toml", "codelists/*.csv")
    paths = [path for folder in folders for pattern in patterns for path in sorted(folder.glob(pattern))]
    found = ((path, path.stat()) for path in paths)
    return tuple((str(path), stat.st_mtime_ns, stat.st_size) for path, stat in found)


@lru_cache(maxsize=8)
def _declared(
    directory: Path, _files: tuple[tuple[str, int, int], ...]
) -> tuple[Mapping[str, Concept], Mapping[str, Table]]:
    """Read the concepts and tables of a folder; again only where a file changed, as a command asks for them often."""
    shipped = profile_directory() / "schemas"
    faults = Faults()
    concepts: dict[str, Concept] = {}
    retyped: dict[str, tuple[str, str]] = {}
    for folder in (shipped, directory):
        for name, node in read_toml(folder / "concepts.toml").items():
            where = f"{folder / 'concepts.toml'} [{name}]"
            with faults.gathered(where):
                concept = _concept(name, node, folder / "concepts.toml")
                of = concepts.get(name, concept)
                if of.type != concept.type:
                    retyped[name] = (where, concept.type)
                # The program writes its tables: what a value is, it knows itself.
                concepts[name] = replace(concept, type=of.type)
    # A table that speaks of a concept in error is not itself to blame.
    faults.tell()
    paths = [path for folder in (shipped, directory) for path in sorted((folder / "tables").glob("*.toml"))]
    known_tables: dict[str, Table] = {}
    for path in paths:
        with faults.gathered(str(path)):
            table = _table(path, concepts)
            known_tables[table.name] = _brought_up(table, known_tables.get(table.name), path)
    tables = dict(sorted(known_tables.items()))
    faults.tell()
    schema = Schema(directory, concepts, tables)
    declared = {
        column.concept.name
        for table in tables.values()
        for column in table.columns.values()
        if column.declarable
    }
    for name, (where, kind) in retyped.items():
        with faults.gathered():
            if name in declared:
                raise DeclarationError("column_type", where=where, type=kind, shipped=concepts[name].type)
    for table in tables.values():
        for check in table.checks:
            # A check looks at a value of the record, or of a person that it names.
            known = [*table.columns, *tables["identity"].columns]
            with faults.gathered():
                if check.column not in known:
                    raise DeclarationError(
                        "unknown_column",
                        where=f"{directory / 'tables' / table.name}.toml [[check]]",
                        name=check.column,
                        suggestion=suggest(check.column, known),
                    )
    for concept in concepts.values():
        with faults.gathered():
            if concept.codelist and concept.codelist not in schema.codelist_names:
                raise DeclarationError(
                    "unknown_codelist",
                    where=f"{directory / 'concepts.toml'} [{concept.name}]",
                    name=concept.codelist,
                    suggestion=suggest(concept.codelist, schema.codelist_names),
                )
    faults.tell()
    return concepts, tables


_CONCEPT_KEYS = (
    *("label_es", "label_en", "definition_es", "definition_en", "type", "codelist", "unit"),
    *("source_standard", "identified", "derived_from"),
)


def _concept(name: str, node: dict[str, Any], path: Path) -> Concept:
    where = f"{path} [{name}]"
    if not isinstance(node, dict):
        raise DeclarationError("not_a_section", where=str(path), key=name)
    refuse_unknown_keys(node, _CONCEPT_KEYS, where)
    for key in ("label_es", "label_en", "definition_es", "definition_en", "type"):
        if not node.get(key):
            raise DeclarationError("missing_key", where=where, key=key)
    if node["type"] not in TYPES:
        raise DeclarationError(
            "unknown_type", where=where, name=node["type"], suggestion=suggest(node["type"], TYPES)
        )
    return Concept(
        name=name,
        type=node["type"],
        label={"es": node["label_es"], "en": node["label_en"]},
        definition={"es": node["definition_es"], "en": node["definition_en"]},
        codelist=node.get("codelist"),
        source_standard=node.get("source_standard", ""),
        identified=bool(node.get("identified", False)),
    )


def _brought_up(table: Table, shipped: Table | None, path: Path) -> Table:
    """Return a project's own table with what a later version added to the shipped one.

    The program writes its tables by their keys, in the order of their columns and with their types: those are the
    shipped ones'.
    """
    if shipped is None:
        return table
    columns = {**shipped.columns, **table.columns}
    for name, of in shipped.columns.items():
        if of.concept.type != columns[name].concept.type:
            if columns[name].declarable:
                where, kind = f"{path} [[column]] {name}", columns[name].concept.type
                raise DeclarationError("column_type", where=where, type=kind, shipped=of.concept.type)
            columns[name] = of
    return replace(table, key=shipped.key, columns=columns)


def _table(path: Path, concepts: Mapping[str, Concept]) -> Table:
    tree = read_toml(path)
    refuse_unknown_keys(
        tree, ("stage", "identified", "grain_es", "grain_en", "key", "extra", "column", "check"), str(path)
    )
    columns: dict[str, Column] = {}
    for node in tree["column"]:
        if not isinstance(node, dict):
            raise DeclarationError("not_a_section", where=str(path), key="column")
        where = f"{path} [[column]] {node.get('name', '?')}"
        refuse_unknown_keys(
            node, ("name", "concept", "required", "declarable", "past", "earliest", "attribute_of"), where
        )
        concept = str(node.get("concept", node["name"]))
        if concept not in concepts:
            raise DeclarationError(
                "unknown_concept", where=where, name=concept, suggestion=suggest(concept, concepts)
            )
        columns[node["name"]] = Column(
            name=node["name"],
            concept=concepts[concept],
            required=node.get("required", False),
            declarable=node.get("declarable", False),
            past=node.get("past", False),
            earliest=dt.date.fromisoformat(node.get("earliest", "1880-01-01")),
            attribute_of=tuple(node["attribute_of"]) if "attribute_of" in node else None,
        )
    for key in tree["key"]:
        if key not in columns:
            raise DeclarationError(
                "unknown_column", where=str(path), name=key, suggestion=suggest(key, columns)
            )
    checks = tree.get("check", [])
    for node in checks:
        where = f"{path} [[check]]"
        refuse_unknown_keys(node, ("reason", "column", "sql"), where)
        for key in ("reason", "column", "sql"):
            if not isinstance(node.get(key), str):
                raise DeclarationError("missing_key", where=where, key=key)
    return Table(
        name=path.stem,
        stage=tree["stage"],
        identified=tree["identified"],
        grain={"es": tree["grain_es"], "en": tree["grain_en"]},
        key=tuple(tree["key"]),
        columns=columns,
        checks=tuple(Check(**node) for node in checks),
        extra=tree.get("extra", ""),
    )
