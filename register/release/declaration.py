"""Loads ``schemas/releases/``: tables, dimensions and periods, checked against one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from register.errors import DeclarationError, Faults, suggest
from register.schema import Schema, refuse_unknown_keys
from register.toml_file import read_toml

TOTAL = "_T"
UNKNOWN = "_U"
LANGUAGES = ("es", "en")
CHARTS = ("lines", "pyramid", "bars", "map", "none")

_TABLE_KEYS = (
    *("title_es", "title_en", "source", "published", "needs", "filter", "dimensions", "cross", "within"),
    *("unit_es", "unit_en", "note_es", "note_en", "eurostat", "un", "un_es", "chart", "is_open", "derive"),
)
_DIMENSION_KEYS = ("label_es", "label_en", "sql", "codelist", "parent", "concept", "sdmx", "code")
_CODE_KEYS = ("code", "label_es", "label_en", "from", "to", "when", "parts", "sdmx")
_DERIVE_KEYS = ("dimension", "code", "label_es", "label_en", "sum", "per_hundred")
_PERIOD_KEYS = ("years", "kind", "tables", "label_es", "label_en")


@dataclass(frozen=True)
class Code:
    """One code of a dimension that is declared with it: a band, a condition or a sum of other codes."""

    code: str
    label: Mapping[str, str]
    first: int | None = None
    last: int | None = None
    when: str = ""
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Dimension:
    """What a table is broken down by, and how a row of a source gets its code."""

    name: str
    label: Mapping[str, str]
    sql: str
    concept: str
    codelists: tuple[str, ...] = ()
    parent: str = ""
    codes: tuple[Code, ...] = ()

    def expression(self) -> str:
        """Return the SQL that gives the code of a row; what fits none is unknown."""
        cases = []
        for code in self.codes:
            if code.when:
                cases.append(f"when {code.when} then '{code.code}'")
            elif code.first is not None or code.last is not None:
                low = f"{self.sql} >= {code.first}" if code.first is not None else "true"
                high = f"{self.sql} <= {code.last}" if code.last is not None else "true"
                cases.append(f"when {low} and {high} then '{code.code}'")
        if cases:
            return f"case {' '.join(cases)} else '{UNKNOWN}' end"
        return f"coalesce(cast({self.sql} as varchar), '{UNKNOWN}')"


@dataclass(frozen=True)
class Derived:
    """A code computed from published cells alone: a sum of codes with signs, or one per hundred of another."""

    dimension: str
    code: str
    label: Mapping[str, str]
    terms: Mapping[str, int] = field(default_factory=dict)
    per_hundred: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReleaseTable:
    """A table to publish.

    ``within`` are the dimensions that are never added up: nothing ties a year to another. ``cross`` lists the
    combinations of the other dimensions that are published, each with its totals; by default there is one, of all.
    A table with ``published`` is computed from cells that are published already and needs no protection of its own.
    """

    name: str
    title: Mapping[str, str]
    dimensions: tuple[str, ...]
    source: str = ""
    published: str = ""
    needs: str = ""
    filter: str = ""
    within: tuple[str, ...] = ()
    cross: tuple[tuple[str, ...], ...] = ()
    unit: Mapping[str, str] = field(default_factory=dict)
    note: Mapping[str, str] = field(default_factory=dict)
    eurostat: tuple[str, ...] = ()
    un: Mapping[str, str] = field(default_factory=dict)
    chart: str = "none"
    is_open: bool = False
    derived: tuple[Derived, ...] = ()

    @property
    def summed(self) -> tuple[str, ...]:
        """The dimensions that have a total."""
        return tuple(name for name in self.dimensions if name not in self.within)


@dataclass(frozen=True)
class Period:
    """Years that a reader must not compare with others unwarned."""

    years: tuple[int, ...]
    kind: str
    label: Mapping[str, str]
    tables: tuple[str, ...] = ()

    def concerns(self, table: str, years: Sequence[str]) -> bool:
        """Say whether the note belongs to a table that shows these years."""
        return (not self.tables or table in self.tables) and any(str(year) in years for year in self.years)


@dataclass(frozen=True)
class Releases:
    """Everything that ``schemas/releases/`` declares, with the labels of its codes."""

    tables: Mapping[str, ReleaseTable]
    dimensions: Mapping[str, Dimension]
    periods: tuple[Period, ...]
    schema: Schema
    _labels: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict, repr=False, compare=False)

    def label(self, dimension: str, code: str, language: str) -> str:
        """Return the label of a code; a code without one stands for itself (a year)."""
        return self.labels(dimension, language).get(code, code)

    def labels(self, dimension: str, language: str) -> Mapping[str, str]:
        """Return the labels of a dimension's codes."""
        key = (dimension, language)
        if key not in self._labels:
            declared = self.dimensions[dimension]
            found = {TOTAL: {"es": "Total", "en": "Total"}[language]}
            for name in declared.codelists:
                found |= self.schema.labels(name, language)
            found |= {code.code: code.label[language] for code in declared.codes}
            for table in self.tables.values():
                found |= {d.code: d.label[language] for d in table.derived if d.dimension == dimension}
            if declared.parent:
                unknown = {"es": "municipio desconocido", "en": "municipality not known"}[language]
                found |= {
                    f"{code}_U": f"{text}, {unknown}" for code, text in list(found.items()) if len(code) == 2
                }
            found[UNKNOWN] = {"es": "Sin información", "en": "Not known"}[language]
            self._labels[key] = found
        return self._labels[key]


def load_releases(schema: Schema) -> Releases:
    """Read and check the release declarations of a profile.

    Raises
    ------
    DeclarationError
        If a file is missing, is not TOML, holds an unknown key or names what does not exist.
    """
    folder, faults = schema.directory / "releases", Faults()
    dimensions: dict[str, Dimension] = {}
    for name, node in read_toml(folder / "_dimensions.toml").items():
        where = f"{folder / '_dimensions.toml'} [{name}]"
        with faults.gathered(where):
            dimensions[name] = _dimension(name, node, where, schema)
    # A table that speaks of a dimension in error is not itself to blame.
    faults.tell()
    tables: dict[str, ReleaseTable] = {}
    for path in sorted(folder.glob("*.toml")):
        with faults.gathered(str(path)):
            if not path.name.startswith("_"):
                tables[path.stem] = _table(path, dimensions)
    faults.tell()
    periods: list[Period] = []
    where = str(folder / "_periods.toml")
    for node in read_toml(folder / "_periods.toml").get("period", []):
        with faults.gathered(where):
            periods.append(_period(node, where, tables))
    faults.tell()
    return Releases(tables, dimensions, tuple(periods), schema)


def _texts(node: Mapping[str, Any], key: str, where: str, *, required: bool = True) -> dict[str, str]:
    texts = {language: str(node.get(f"{key}_{language}", "")) for language in LANGUAGES}
    for language, text in texts.items():
        if not text and (required or any(texts.values())):
            raise DeclarationError("missing_key", where=where, key=f"{key}_{language}")
    return texts


def _dimension(name: str, node: dict[str, Any], where: str, schema: Schema) -> Dimension:
    refuse_unknown_keys(node, _DIMENSION_KEYS, where)
    for key in ("sql", "concept"):
        if not node.get(key):
            raise DeclarationError("missing_key", where=where, key=key)
    lists = node.get("codelist", [])
    codelists = (lists,) if isinstance(lists, str) else tuple(lists)
    for codelist in codelists:
        if codelist not in schema.codelist_names:
            hint = suggest(codelist, schema.codelist_names)
            raise DeclarationError("unknown_codelist", where=where, name=codelist, suggestion=hint)
    codes = []
    for item in node.get("code", []):
        refuse_unknown_keys(item, _CODE_KEYS, where)
        codes.append(
            Code(
                code=item["code"],
                label=_texts(item, "label", where),
                first=item.get("from"),
                last=item.get("to"),
                when=item.get("when", ""),
                parts=tuple(item.get("parts", ())),
            )
        )
    leaves = {code.code for code in codes if not code.parts}
    for code in codes:
        for part in code.parts:
            if part not in leaves:
                hint = suggest(part, leaves)
                raise DeclarationError("unknown_column", where=where, name=part, suggestion=hint)
    return Dimension(
        name=name,
        label=_texts(node, "label", where),
        sql=node["sql"],
        concept=node["concept"],
        codelists=codelists,
        parent=node.get("parent", ""),
        codes=tuple(codes),
    )


def _table(path: Path, dimensions: Mapping[str, Dimension]) -> ReleaseTable:
    node, where = read_toml(path), str(path)
    refuse_unknown_keys(node, _TABLE_KEYS, where)
    named = [
        *node.get("dimensions", []),
        *node.get("within", []),
        *(d["dimension"] for d in node.get("derive", [])),
    ]
    for name in named:
        if name not in dimensions:
            hint = suggest(name, dimensions)
            raise DeclarationError("unknown_column", where=where, name=name, suggestion=hint)
    if not node.get("dimensions") or not (node.get("source") or node.get("published")):
        raise DeclarationError("missing_key", where=where, key="dimensions, source")
    if node.get("chart", "none") not in CHARTS:
        hint = suggest(node["chart"], CHARTS)
        raise DeclarationError("unknown_column", where=where, name=node["chart"], suggestion=hint)
    derived = []
    for item in node.get("derive", []):
        refuse_unknown_keys(item, _DERIVE_KEYS, where)
        derived.append(
            Derived(
                dimension=item["dimension"],
                code=item["code"],
                label=_texts(item, "label", where),
                terms=item.get("sum", {}),
                per_hundred=tuple(item.get("per_hundred", ())),
            )
        )
    table = ReleaseTable(
        name=path.stem,
        title=_texts(node, "title", where),
        dimensions=tuple(node["dimensions"]),
        source=node.get("source", ""),
        published=node.get("published", ""),
        needs=node.get("needs", ""),
        filter=node.get("filter", ""),
        within=tuple(node.get("within", ())),
        unit=_texts(node, "unit", where, required=False),
        note=_texts(node, "note", where, required=False),
        eurostat=tuple(node.get("eurostat", ())),
        # The name that the United Nations gave it; a project of an earlier version has it in English alone.
        un={"es": node.get("un_es", node.get("un", "")), "en": node.get("un", "")},
        chart=node.get("chart", "none"),
        is_open=bool(node.get("is_open", False)),
        derived=tuple(derived),
    )
    always = tuple(name for name in table.summed if name in ("sex", "child"))
    crossed = node.get("cross") or [[name for name in table.summed if name not in always]]
    return ReleaseTable(**{**table.__dict__, "cross": tuple((*always, *names) for names in crossed)})


def _period(node: dict[str, Any], where: str, tables: Mapping[str, ReleaseTable]) -> Period:
    refuse_unknown_keys(node, _PERIOD_KEYS, where)
    for name in node.get("tables", []):
        if name not in tables:
            hint = suggest(name, tables)
            raise DeclarationError("unknown_column", where=where, name=name, suggestion=hint)
    return Period(
        years=tuple(int(year) for year in node["years"]),
        kind=str(node["kind"]),
        label=_texts(node, "label", where),
        tables=tuple(node.get("tables", ())),
    )
