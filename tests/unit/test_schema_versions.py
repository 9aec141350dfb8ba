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


def retyped(path: Path, text: str, concept: str) -> None:
    at = text.index(f"[{concept}]")
    path.write_text(text[:at] + re.sub('type = "[a-z]+"', 'type = "boolean"', text[at:], count=1), "utf-8")


def test_a_type_that_the_program_changed_is_its_own_and_one_that_a_source_declares_is_told(
    tmp_path: Path,
) -> None:
    shutil.copytree(profile_directory() / "schemas", tmp_path / "schemas")
    path = tmp_path / "schemas" / "concepts.toml"
    text = path.read_text("utf-8")
    shipped = load_schema(profile_directory() / "schemas")
    retyped(path, text, "person_id")
    assert load_schema(tmp_path / "schemas").tables == shipped.tables, (
        "an office that upgrades need do nothing"
    )
    retyped(path, text, "crossed_at")
    with pytest.raises(DeclarationError) as told:
        load_schema(tmp_path / "schemas")
    assert (told.value.key, told.value.where) == ("column_type", f"{path} [crossed_at]")
    path.write_text(text, "utf-8")
    table = tmp_path / "schemas" / "tables" / "completed_residency.toml"
    before = table.read_text("utf-8")
    table.write_text(before.replace('concept = "is_certain"', 'concept = "person_id"'), "utf-8")
    assert load_schema(tmp_path / "schemas").tables == shipped.tables
    table.write_text(before, "utf-8")
    table = tmp_path / "schemas" / "tables" / "crossing.toml"
    crossed = 'name = "crossed_at"\n'
    assert crossed in table.read_text("utf-8")
    table.write_text(table.read_text("utf-8").replace(crossed, crossed + 'concept = "person_id"\n'), "utf-8")
    with pytest.raises(DeclarationError) as told:
        load_schema(tmp_path / "schemas")
    assert (told.value.key, told.value.where) == ("column_type", f"{table} [[column]] crossed_at")


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
