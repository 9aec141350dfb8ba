"""A project keeps its own copy of the declarations; what a later version adds to them must not be missing."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from register.project import Project
from register.schema import load_schema, profile_directory


def test_a_column_that_a_later_version_added_is_taken_from_the_shipped_table(tmp_path: Path) -> None:
    shutil.copytree(profile_directory() / "schemas", tmp_path / "schemas")
    path = tmp_path / "schemas" / "tables" / "flow.toml"
    older = re.sub(r'\[\[column\]\]\nname = "standard_error"\n(?:\w.*\n)*', "", path.read_text("utf-8"))
    assert "standard_error" not in older
    path.write_text(older, "utf-8")
    found = load_schema(tmp_path / "schemas").tables["flow"].columns
    assert set(found) == set(load_schema(profile_directory() / "schemas").tables["flow"].columns)
    assert list(found)[-1] == "standard_error"


def test_a_code_list_that_a_later_version_added_is_taken_from_the_shipped_ones(tmp_path: Path) -> None:
    shutil.copytree(profile_directory() / "schemas", tmp_path / "schemas")
    (tmp_path / "schemas" / "codelists" / "sex.csv").unlink()
    schema = load_schema(tmp_path / "schemas")
    assert "sex" in schema.codelist_names
    assert set(schema.codelist("sex")["code"]) >= {"1", "2"}


def test_an_own_declaration_goes_before_the_shipped_one(make_project: Callable[..., Project]) -> None:
    project = make_project()
    path = project.schemas / "codelists" / "sex.csv"
    path.write_text(path.read_text("utf-8").replace("Mujer", "Mujeres"), "utf-8")
    assert project.schema().labels("sex", "es")["2"] == "Mujeres"
