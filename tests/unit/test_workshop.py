"""What a stage writes: a table with the key that its declaration gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from register.console import Console
from register.engine import Engine
from register.errors import RegisterError
from register.schema import load_schema, profile_directory
from register.stages.workshop import Workshop

PERSONS = (
    "select 'i' || n as identity_id, 'p' || (n // 2) as person_id, 'exact' as method from range(1000) as r(n)"
)


def write(folder: Path, sql: str) -> int:
    nobody: Any = None
    schema = load_schema(profile_directory() / "schemas")
    with Engine() as engine:
        workshop = Workshop(nobody, schema, engine, nobody, folder, Console("en", quiet=True), ())
        workshop.write("membership", sql)
        return workshop.rows["membership"]


def test_a_table_is_written_with_a_key_of_its_own_in_each_row(tmp_path: Path) -> None:
    assert write(tmp_path, PERSONS) == 1000


def test_a_key_that_two_rows_share_stops_the_stage_and_is_counted(tmp_path: Path) -> None:
    with pytest.raises(RegisterError) as error:
        write(tmp_path, f"{PERSONS} union all {PERSONS} where n < 3")
    assert error.value.key == "key_repeated"
    assert error.value.values["count"] == 3
