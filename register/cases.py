"""An office's own worked examples of the residence rule (``cases/*.toml``), held against its settings.

    [[case]]
    name = "Estudiante que vuelve a los once meses"
    observed_until = 2022-12-31
    initial_status = 1
    crossings = [
        { date = 2020-01-10, direction = "departure", is_migration = false },
        { date = 2020-12-10, direction = "arrival", is_migration = false, status_after = 1 },
    ]

Of each crossing what the office expects is stated or left out: ``is_migration``, ``status_before``, ``status_after``
(1, 0, or "unknown") and ``finalised_on``.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from register.errors import DeclarationError, suggest
from register.project import Project
from register.schema import refuse_unknown_keys
from register.toml_file import read_toml

EXPECTED = ("is_migration", "status_before", "status_after", "finalised_on")
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Case:
    """One worked example: crossings with what is expected of each."""

    name: str
    where: str
    observed_until: dt.date
    initial_status: int | None
    crossings: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Difference:
    """Where the rule says otherwise than a case expects."""

    case: str
    where: str
    crossing: int
    column: str
    expected: object
    found: object


def load_cases(directory: Path) -> list[Case]:
    """Load the cases of a folder; none if there is no folder.

    Raises
    ------
    DeclarationError
        If a case is not written as the module's docstring says.
    """
    return [
        _case(node, f"{path} [[case]] {number}")
        for path in sorted(directory.glob("*.toml"))
        for number, node in enumerate(_nodes(path), start=1)
    ]


def _nodes(path: Path) -> list[dict[str, Any]]:
    tree = read_toml(path)
    refuse_unknown_keys(tree, ("case",), str(path))
    nodes = tree.get("case", [])
    if not isinstance(nodes, list):
        raise DeclarationError("bad_case", where=str(path))
    return nodes


def _case(node: dict[str, Any], where: str) -> Case:
    refuse_unknown_keys(node, ("name", "observed_until", "initial_status", "crossings"), where)
    crossings = node.get("crossings")
    if type(node.get("observed_until")) is not dt.date or not isinstance(crossings, list) or not crossings:
        raise DeclarationError("bad_case", where=where)
    for number, crossing in enumerate(crossings, start=1):
        place = f"{where} crossings {number}"
        if not isinstance(crossing, dict):
            raise DeclarationError("bad_case", where=place)
        refuse_unknown_keys(crossing, ("date", "direction", *EXPECTED), place)
        if type(crossing.get("date")) is not dt.date:
            raise DeclarationError("bad_case", where=place)
        if crossing.get("direction") not in ("arrival", "departure"):
            direction = str(crossing.get("direction"))
            raise DeclarationError(
                "bad_direction",
                where=place,
                name=direction,
                suggestion=suggest(direction, ("arrival", "departure")),
            )
    if node.get("initial_status") not in (None, 0, 1):
        raise DeclarationError("bad_case", where=where)
    return Case(
        name=str(node.get("name", where)),
        where=where,
        observed_until=node["observed_until"],
        initial_status=node.get("initial_status"),
        crossings=tuple(crossings),
    )


def run_cases(project: Project) -> tuple[int, list[Difference]]:
    """Classify the crossings of every case by the project's rule; return how many cases, and the differences."""
    from register.rules.classify import classify

    cases = load_cases(project.root / "cases")
    rule = project.rule.rule
    differences: list[Difference] = []
    for case in cases:
        found = classify(
            _frame(case), threshold=rule.threshold, window=rule.window, observed_until=case.observed_until
        ).to_dicts()
        for number, (expected, row) in enumerate(zip(case.crossings, found, strict=True), start=1):
            for column in EXPECTED:
                if column not in expected:
                    continue
                wanted = None if expected[column] == UNKNOWN else expected[column]
                if row[column] != wanted:
                    differences.append(
                        Difference(case.name, case.where, number, column, expected[column], row[column])
                    )
    return len(cases), differences


def _frame(case: Case) -> Any:
    import polars as pl

    frame = pl.DataFrame(
        {
            "person_id": "case",
            "date": [crossing["date"] for crossing in case.crossings],
            "direction": [crossing["direction"] for crossing in case.crossings],
        }
    )
    if case.initial_status is None:
        return frame
    return frame.with_columns(pl.lit(case.initial_status).alias("initial_status"))
