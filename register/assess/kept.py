"""Assessments on disk: written whole, found again by name."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from register.assess.assessment import Assessment
from register.errors import LockedError, UsageError, suggest
from register.project import Project
from register.run import write_json

FOLDER = "assessments"
ANSWERS = "answers.toml"
TABLE = "indicator.parquet"
RECORD = "assessment.json"
WORKPLACE = ".assess-"
STALE_SECONDS = 86_400


def keep(project: Project, assessment: Assessment, pages: dict[str, str]) -> Path:
    """Write an assessment into its folder, in place of one of the same name; return the folder.

    Parameters
    ----------
    pages
        Reports by file name.
    """
    home = project.root / FOLDER
    home.mkdir(exist_ok=True, mode=0o700)
    target = home / assessment.name
    beside = home / f".{assessment.name}.new"
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(mode=0o700)
    assessment.indicator.write_parquet(beside / TABLE, compression="zstd")
    for name, text in pages.items():
        (beside / name).write_text(text, "utf-8")
    write_json(beside / RECORD, record(assessment))
    shutil.rmtree(target, ignore_errors=True)
    beside.replace(target)
    return target


def record(assessment: Assessment) -> dict[str, Any]:
    """Return an assessment as JSON holds it, without the table."""
    return {
        "name": assessment.name,
        "country": assessment.country,
        "made": assessment.made,
        "run": assessment.run,
        "is_stale": assessment.is_stale,
        "sources": [asdict(source) for source in assessment.sources],
        "absent": assessment.absent,
        "unclaimed": assessment.unclaimed,
        "verdicts": [asdict(verdict) for verdict in assessment.verdicts],
        "declared": {name: {**asdict(one), "mean": one.mean} for name, one in assessment.declared.items()},
    }


@dataclass(frozen=True)
class Kept:
    """An assessment as it was kept: what `record` wrote, and the table."""

    label: str
    record: dict[str, Any]
    indicator: pl.DataFrame


def newest_table(project: Project) -> Path | None:
    """Return the table ``indicator`` of the newest assessment; none if there is none."""
    try:
        name = kept_record(project)["name"]
    except UsageError:
        return None
    return project.root / FOLDER / str(name) / TABLE


def kept(project: Project, name: str | None = None) -> Kept:
    """Return an assessment of a project by name, or the newest.

    Raises
    ------
    UsageError
        If there is none.
    """
    one = kept_record(project, name)
    table = project.root / FOLDER / one["name"] / TABLE
    return Kept(f"{one['country']} {one['name']}", one, pl.read_parquet(table, glob=False))


def kept_record(project: Project, name: str | None = None) -> dict[str, Any]:
    """Return what `record` wrote of an assessment, of the newest if not named.

    Raises
    ------
    UsageError
        If there is none.
    """
    home = project.root / FOLDER
    known: list[dict[str, Any]] = sorted(
        (json.loads(path.read_text("utf-8")) for path in home.glob(f"[!.]*/{RECORD}")),
        key=lambda one: (one["made"], one["name"]),
    )
    if not known:
        raise UsageError("no_assessment_yet", where=str(home))
    chosen = [one for one in known if name in (None, one["name"])]
    if not chosen:
        names = [one["name"] for one in known]
        raise UsageError(
            "no_assessment",
            where=str(home),
            name=name or "",
            suggestion=suggest(name or "", names),
            known=", ".join(names),
        )
    return chosen[-1]


@contextmanager
def workplace(root: Path) -> Iterator[str]:
    """Make a folder for the facts within the project, for its owner alone; take away what a killed process left.

    Raises
    ------
    LockedError
        If the project cannot be written.
    """
    for left in root.glob(f"{WORKPLACE}*"):
        if time.time() - left.stat().st_mtime > STALE_SECONDS:
            shutil.rmtree(left, ignore_errors=True)
    try:
        folder = TemporaryDirectory(prefix=WORKPLACE, dir=root)
    except PermissionError as error:
        raise LockedError("no_permission", where=str(root)) from error
    with folder as name:
        yield name
