"""The code lists that the SQL of the residence rule, of releases and of explanations looks into."""

from __future__ import annotations

import duckdb

from register.schema import Schema

CODELISTS = ("age_group", "border_post", "permit_class", "traveller_class", "visa_class")


def register_codelists(con: duckdb.DuckDBPyConnection, schema: Schema) -> None:
    """Let SQL read the code lists by their names."""
    for name in CODELISTS:
        con.register(name, schema.codelist(name).to_arrow())
