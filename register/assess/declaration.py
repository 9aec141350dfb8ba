"""Reads ``schemas/indicators.toml``: what is measured of a source, and from which value on it is fit for what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from register.errors import DeclarationError, suggest
from register.locale import LANGUAGES
from register.schema import Schema, profile_directory, refuse_unknown_keys, table_at
from register.toml_file import read_toml

FILE = "indicators.toml"
TOTAL = "_T"
UNDATED = "_U"
#: Direct use, use with correction, auxiliary, not usable.
LEVELS = ("unusable", "auxiliary", "correction", "direct")
DIRECT, CORRECTION, AUXILIARY, UNUSABLE = 3, 2, 1, 0
BETTER = ("higher", "lower", "none")
UNITS = ("share", "ratio", "index", "days", "count")
ROLES = ("main", "auxiliary")
_KEYS = (
    *("label", "definition", "formula", "framework", "unit", "better", "thresholds", "essential"),
    *("variables", "chance", "instead_of"),
)
_FRAMEWORKS = ("blue_ets", "zhang", "essnet")
_PARAMETERS = (
    *(
        "margin_bits",
        "oldest_age",
        "open_days",
        "silent_days",
        "silent_records",
        "break_penalty",
        "least_change",
    ),
    "least_monthly",
)


@dataclass(frozen=True)
class Indicator:
    """One indicator: what it means, where frameworks have it, and its thresholds.

    ``thresholds`` are the worst values that still allow direct use, use with correction and auxiliary use; none for
    a figure that is not judged. ``variables`` are those by which a source as a whole is judged; all if empty.
    ``chance`` says that the figure varies by chance in a small source. ``instead_of`` names the indicator that this
    one replaces in the verdict.
    """

    name: str
    label: Mapping[str, str]
    definition: Mapping[str, str]
    formula: Mapping[str, str]
    framework: Mapping[str, str]
    unit: str
    better: str
    thresholds: tuple[float, ...] = ()
    essential: bool = False
    variables: tuple[str, ...] = ()
    chance: bool = False
    instead_of: str = ""

    def level(self, value: float) -> int | None:
        """Return 3 (direct use) to 0 (not usable) for a value; null for a figure that is not judged."""
        if not self.thresholds:
            return None
        sign = 1 if self.better == "higher" else -1
        # Shares are sums of counts: a last bit of rounding must not decide.
        passed = [sign * (value - limit) >= -1e-12 for limit in self.thresholds]
        return DIRECT - passed.index(True) if True in passed else UNUSABLE


@dataclass(frozen=True)
class Need:
    """What an official table asks of one kind of record: as main source or auxiliary, and which variables."""

    role: str
    variables: tuple[str, ...]


@dataclass(frozen=True)
class Indicators:
    """The file: indicators by name, parameters, fillers, and by official table what it asks of each kind of record."""

    indicators: Mapping[str, Indicator]
    parameters: Mapping[str, float]
    fillers: tuple[str, ...]
    unknown_codes: Mapping[str, tuple[str, ...]]
    support: Mapping[str, Mapping[str, Need]]
    path: Path = field(default=Path())

    def __getitem__(self, name: str) -> Indicator:
        return self.indicators[name]


def shipped_or_own(schemas: Path, file: str) -> Path:
    """Return a project's own file of ``schemas/``, or the shipped one: an older project has none."""
    own = schemas / file
    return own if own.is_file() else profile_directory() / "schemas" / file


def load_indicators(schema: Schema) -> Indicators:
    """Load and check the declaration of indicators.

    A project copied the shipped file when it was made; an indicator or a parameter that a later version added is taken
    from the shipped one.

    Raises
    ------
    DeclarationError
        Naming the file, the key and the mend.
    """
    path = shipped_or_own(schema.directory, FILE)
    tree, shipped = read_toml(path), read_toml(profile_directory() / "schemas" / FILE)
    where = str(path)
    refuse_unknown_keys(tree, ("key_variables", "parameter", "sentinel", "indicator", "support"), where)
    key = tuple(tree.get("key_variables", ()))
    parameters = shipped["parameter"] | table_at(tree, "parameter", where)
    refuse_unknown_keys(parameters, _PARAMETERS, f"{where} [parameter]")
    sentinel = tree.get("sentinel", {})
    refuse_unknown_keys(sentinel, ("text", "code"), f"{where} [sentinel]")
    for name in sentinel.get("code", {}):
        schema.codelist(name)
    return Indicators(
        indicators={
            name: _indicator(name, node, key, where)
            for name, node in (shipped["indicator"] | table_at(tree, "indicator", where)).items()
        },
        parameters={each: float(value) for each, value in parameters.items()},
        fillers=tuple(sentinel.get("text", ())),
        unknown_codes={name: tuple(codes) for name, codes in sentinel.get("code", {}).items()},
        support={
            table: {
                source: _need(need, f"{where} [support.{table}] {source}") for source, need in node.items()
            }
            for table, node in tree.get("support", {}).items()
        },
        path=path,
    )


def _indicator(name: str, node: dict[str, Any], key: tuple[str, ...], file: str) -> Indicator:
    where = f"{file} [indicator.{name}]"
    refuse_unknown_keys(node, _KEYS, where)
    for wanted in ("label", "definition", "formula", "framework", "unit", "better"):
        if wanted not in node:
            raise DeclarationError("missing_key", where=where, key=wanted)
    refuse_unknown_keys(node["framework"], _FRAMEWORKS, f"{where} framework")
    for word, known in (("unit", UNITS), ("better", BETTER)):
        if node[word] not in known:
            raise DeclarationError(
                "assess_unknown_word", where=where, key=word, name=node[word],
                suggestion=suggest(str(node[word]), known), known=", ".join(known),
            )  # fmt: skip
    formula = node["formula"]
    limits = tuple(float(limit) for limit in node.get("thresholds", ()))
    ordered = sorted(limits, reverse=node["better"] == "higher")
    if len(limits) != (0 if node["better"] == "none" else 3) or list(limits) != ordered:
        raise DeclarationError("assess_thresholds", where=where)
    return Indicator(
        name=name,
        label=node["label"],
        definition=node["definition"],
        # Signs alone are the same in every language.
        formula=formula if isinstance(formula, dict) else dict.fromkeys(LANGUAGES, str(formula)),
        framework=node["framework"],
        unit=node["unit"],
        better=node["better"],
        thresholds=limits,
        essential=bool(node.get("essential", False)),
        variables=key if node.get("variables") == "key" else tuple(node.get("variables", ())),
        chance=bool(node.get("chance", False)),
        instead_of=str(node.get("instead_of", "")),
    )


def _need(node: dict[str, Any], where: str) -> Need:
    refuse_unknown_keys(node, ("role", "variables"), where)
    if node.get("role") not in ROLES:
        raise DeclarationError(
            "assess_unknown_word", where=where, key="role", name=node.get("role"),
            suggestion=suggest(str(node.get("role")), ROLES), known=", ".join(ROLES),
        )  # fmt: skip
    return Need(node["role"], tuple(node.get("variables", ())))
