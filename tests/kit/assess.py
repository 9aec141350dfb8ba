"""What tests of assessments share: a project assessed in silence, and its figures looked up."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from register.assess.assess import assess
from register.assess.assessment import Assessment
from register.console import Console
from register.project import Project
from tests.kit import make_project

SILENT = Console("en", quiet=True)


class Figures:
    """The figures of one source of an assessment."""

    def __init__(self, assessment: Assessment, declaration: str) -> None:
        self.assessment = assessment
        self.rows = {
            (row["indicator_id"], row["variable"], row["period"]): row
            for row in assessment.of(declaration).iter_rows(named=True)
        }

    def __call__(self, indicator: str, variable: str = "_T", period: str = "_T") -> tuple[float, float]:
        """Return numerator and denominator."""
        row = self.rows[indicator, variable, period]
        return row["numerator"], row["denominator"]

    def value(self, indicator: str, variable: str = "_T", period: str = "_T") -> float:
        """Return the value."""
        value: float = self.rows[indicator, variable, period]["value"]
        return value

    def has(self, indicator: str, variable: str = "_T", period: str = "_T") -> bool:
        """Say whether there is such a figure."""
        return (indicator, variable, period) in self.rows


def assessed(directory: Path, files: Mapping[str, bytes | str], edits: Mapping[str, Any] = {}) -> Assessment:
    """Make a project of these files and assess it."""
    return assess(make_project(directory, files, edits), SILENT)


def assess_project(project: Project, **options: Any) -> Assessment:
    """Assess a project in silence."""
    return assess(project, SILENT, **options)
