"""Identities from the mentions and bundles of a run."""

from __future__ import annotations

import duckdb

from register.ingest.identify import KEYS, identity_sql
from register.schema import load_schema, profile_directory


def test_an_identity_tells_each_of_its_roles_once_and_counts_its_mentions() -> None:
    declared = load_schema(profile_directory() / "schemas").tables["identity"]
    values = [column for column in declared.columns if column not in KEYS]
    con = duckdb.connect()
    con.execute("create table mention as from (values ('i1', 'self'), ('i1', 'mother'), ('i1', 'self'),"
                " ('i2', 'child')) as m (identity_id, role)")  # fmt: skip
    con.execute(
        f"create table bundle (identity_id varchar, {', '.join(f'{name} varchar' for name in values)})"
    )
    # Two blocks of an extract met the first, spelt two ways; of the third no record stands any more.
    con.execute(
        f"insert into bundle (identity_id, {values[0]}) values ('i1', 'b'), ('i1', 'a'), ('i2', 'c'), ('i3', 'd')"
    )
    found = con.execute(
        f"select identity_id, {values[0]}, roles, n_mention from ({identity_sql(declared)}) order by identity_id"
    ).fetchall()
    assert found == [("i1", "a", "mother;self", 3), ("i2", "c", "child", 1)]
