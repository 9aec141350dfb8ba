"""The little country gives, to the letter, the tables that stand beside this file.

What differs here was either broken or meant to change: see ``tables.py`` for how to write them anew.
"""

from __future__ import annotations

import difflib

import pytest
from kit.country import built_country

from golden.tables import HERE, QUERIES, tables


@pytest.mark.parametrize("name", QUERIES)
def test_the_tables_are_those_expected(name: str) -> None:
    found = dict(tables(built_country()))[name]
    expected = (HERE / f"{name}.csv").read_text("utf-8")
    difference = "\n".join(difflib.unified_diff(expected.splitlines(), found.splitlines(), lineterm="", n=0))
    assert found == expected, difference
