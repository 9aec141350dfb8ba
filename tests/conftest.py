"""Fixtures shared by all tests: the shared folder, a small project, a small synthetic country."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from register.console import Console
from register.project import Project, init_project, load_project

# No test depends on how fast a machine is, or on what else it does.
settings.register_profile("register", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("register")

REPOSITORY = Path(__file__).parent.parent
SHARED = REPOSITORY.parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the sample extracts and the published answers. CI must have it; elsewhere its tests may skip."""
    if not SHARED.is_dir():
        if os.environ.get("CI"):
            pytest.fail(
                "CI needs ../shared beside the clone: the tests that read it must not be skipped there"
            )
        pytest.skip("../shared is not beside this clone")
    return SHARED


@pytest.fixture
def quiet() -> Console:
    """A console that narrates nothing."""
    return Console("en", quiet=True)


@pytest.fixture
def make_project(tmp_path: Path) -> Callable[..., Project]:
    """Return a maker of projects: name and the texts of extracts by file name."""

    def make(name: str = "project", **files: str) -> Project:
        project = init_project(tmp_path / name, "col")
        for file, text in files.items():
            (project.extracts / file.replace("__", ".")).write_text(text, "utf-8")
        return project

    return make


@pytest.fixture(scope="session")
def sample_build(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with the sample extracts, built once. Tests read it and must not change it."""
    from register.pipeline import build

    project = init_project(tmp_path_factory.mktemp("sample") / "project", "col")
    for extract in (shared / "extracts" / "colombia-sample").iterdir():
        shutil.copy(extract, project.extracts / extract.name)
    build(project, Console("en", quiet=True))
    return load_project(project.root)
