"""A project keeps its own copy of the declarations; what a later version adds to them must not be missing."""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from register.assess.declaration import load_indicators
from register.errors import DeclarationError
from register.project import Project
from register.schema import load_schema, profile_directory


def test_a_column_that_a_later_version_added_is_taken_from_the_shipped_table(tmp_path: Path) -> None:
    shutil.copytree(profile_directory() / "schemas", tmp_path / "schemas")
    path = tmp_path / "schemas" / "tables" / "flow.toml"
    older = re.sub(r'\[\[column\]\]\nname = "standard_error"\n(?:\w.*\n)*', "", path.read_text("utf-8"))
    assert "standard_error" not in older
    path.write_text(older, "utf-8")
    found = load_schema(tmp_path / "schemas").tables["flow"].columns
    shipped = load_schema(profile_directory() / "schemas").tables["flow"].columns
    assert list(found) == list(shipped), "in its place: tables are put below each other"


def test_an_older_copy_of_a_table_of_the_program_has_the_key_and_the_order_of_the_shipped_one(
    tmp_path: Path,
) -> None:
    shutil.copytree(profile_directory() / "schemas", tmp_path / "schemas")
    path = tmp_path / "schemas" / "tables" / "completed_residency.toml"
    older = path.read_text("utf-8").replace(', "copy"', "").replace('[[column]]\nname = "copy"\n\n', "")
    assert "copy" not in older
    path.write_text(older, "utf-8")
    found = load_schema(tmp_path / "schemas").tables["completed_residency"]
    shipped = load_schema(profile_directory() / "schemas").tables["completed_residency"]
    assert (found.key, list(found.columns)) == (shipped.key, list(shipped.columns))


def test_a_type_other_than_the_shipped_one_is_told_with_its_file(tmp_path: Path) -> None:
    shutil.copytree(profile_directory() / "schemas", tmp_path / "schemas")
    path = tmp_path / "schemas" / "concepts.toml"
    text = path.read_text("utf-8")
    at = text.index("[is_certain]")
    path.write_text(text[:at] + re.sub('type = "[a-z]+"', 'type = "string"', text[at:], count=1), "utf-8")
    with pytest.raises(DeclarationError) as told:
        load_schema(tmp_path / "schemas")
    assert (told.value.key, told.value.where) == ("column_type", f"{path} [is_certain]")
    path.write_text(text, "utf-8")
    table = tmp_path / "schemas" / "tables" / "completed_residency.toml"
    table.write_text(
        table.read_text("utf-8").replace('concept = "is_certain"', 'concept = "person_id"'), "utf-8"
    )
    with pytest.raises(DeclarationError) as told:
        load_schema(tmp_path / "schemas")
    assert (told.value.key, told.value.where) == ("column_type", f"{table} [[column]] is_final")


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


def test_an_older_file_of_indicators_takes_what_came_later(tmp_path: Path) -> None:
    """An office that made its project before an indicator or a parameter was there, and changed a threshold since."""
    own = tmp_path / "schemas"
    shutil.copytree(profile_directory() / "schemas", own)
    tree = tomllib.loads((own / "indicators.toml").read_text("utf-8"))
    shipped = load_indicators(load_schema(profile_directory() / "schemas"))
    (own / "indicators.toml").write_text(
        """
        [indicator.rows_accepted]
        label = { es = "a", en = "a" }
        definition = { es = "a", en = "a" }
        formula = "1"
        framework = {}
        unit = "share"
        better = "higher"
        thresholds = [0.9, 0.8, 0.7]
        """,
        "utf-8",
    )
    found = load_indicators(load_schema(own))
    assert set(found.indicators) == set(tree["indicator"])
    assert found["rows_accepted"].thresholds == (0.9, 0.8, 0.7)
    assert found["rows_accepted"].formula == {"es": "1", "en": "1"}, "one text serves both languages"
    assert shipped["rows_accepted"].formula["es"] == "(recibidas - rechazadas) / recibidas"
    assert found["dual_system"] == shipped["dual_system"]
    assert found.parameters == shipped.parameters
