"""A small synthetic country, built and published once for all tests of releases."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from register.commands import make_release, write_synthetic_country
from register.console import Console
from register.pipeline import build
from register.project import Project, init_project, load_project
from register.run import find_run

MONTH = "2023-06"


@cache
def built_project() -> Project:
    """Return a project with a built run. Read it; do not publish from it."""
    root = Path(tempfile.mkdtemp(prefix="register-release-"))
    write_synthetic_country(root / "country", 1500, 11, "2018-2022", None)
    project = init_project(root / "project", "col")
    for extract in (root / "country" / "extracts").iterdir():
        shutil.move(extract, project.extracts / extract.name)
    build(project, Console("en", quiet=True))
    return load_project(project.root)


@cache
def released() -> tuple[Project, Any]:
    """Return a project with a release and what was published. Read it only."""
    project = copy_of(built_project(), Path(tempfile.mkdtemp(prefix="register-released-")))
    return project, make_release(project, None, None, MONTH)


def copy_of(project: Project, folder: Path) -> Project:
    """Return a copy that a test may publish from."""
    shutil.copytree(project.root, folder / "project", ignore=shutil.ignore_patterns("extracts"))
    return load_project(folder / "project")


def release_folder(project: Project) -> Path:
    """Return where the release of the newest run stands."""
    return find_run(project.runs).path / "release"
