"""What one person cannot do: reads ``itinerary.toml`` and finds the pairs of identities that break it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from register.errors import DeclarationError, Faults
from register.link.impossible import SQL
from register.link.said import ALIKE, READ, SAID, WORDS
from register.schema import refuse_unknown_keys, table_at
from register.toml_file import read_toml

#: Every rule with its parameters.
RULES: Mapping[str, tuple[str, ...]] = {
    "two_national_ids": ("kinds", "typing_errors"),
    "twins": ("similarity",),
    "two_birth_dates": ("digits", "records", "near_records"),
    "two_sexes": ("similarity", "records"),
    "two_births": (),
    "two_deaths": ("days",),
    "after_death": ("days",),
    "two_places": ("hours",),
    "two_journeys": ("breaks",),
    "completed_journeys": ("bits", "gaps"),
}

#: Parameters that a project may leave out, as one made before they were thought of does.
DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "two_national_ids": {"records": 1},
    "two_birth_dates": {"apart_records": 2},
}


@dataclass(frozen=True)
class Itinerary:
    """The rules in force, with their parameters, in the order declared."""

    path: Path
    rules: Mapping[str, Mapping[str, Any]]


def load_itinerary(path: Path) -> Itinerary:
    """Read ``itinerary.toml``.

    Raises
    ------
    DeclarationError
        If a rule or a parameter is unknown, or a parameter is missing or of another kind.
    """
    tree = read_toml(path)
    faults = Faults()
    with faults.gathered():
        refuse_unknown_keys(tree, RULES, str(path))
    for rule in (rule for rule in tree if rule in RULES):
        where, given = f"{path} [{rule}]", table_at(tree, rule, str(path))
        with faults.gathered():
            refuse_unknown_keys(given, (*RULES[rule], *DEFAULTS.get(rule, ())), where)
        for key in (*RULES[rule], *DEFAULTS.get(rule, ())):
            with faults.gathered():
                if key in given:
                    given[key] = _parameter(key, given[key], where)
                elif key in RULES[rule]:
                    raise DeclarationError("missing_key", where=where, key=key)
    faults.tell()
    return Itinerary(path, {rule: {**DEFAULTS.get(rule, {}), **given} for rule, given in tree.items()})


def _parameter(key: str, value: object, where: str) -> object:
    """Return a number as it is, and the kinds of documents as a list of texts; refuse anything else."""
    if key == "kinds":
        kinds = [value] if isinstance(value, str) else value
        if not (isinstance(kinds, list) and kinds and all(isinstance(kind, str) for kind in kinds)):
            raise DeclarationError("not_texts", where=where, key=key)
        return kinds
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise DeclarationError("not_a_number", where=where, key=key, value=value)
    return value


def find_impossible(con: duckdb.DuckDBPyConnection, itinerary: Itinerary, identities: str) -> None:
    """Create ``impossible`` (rule, l, r): pairs of identities of one cluster that no one person can be.

    Reads ``cluster`` (node, cluster), ``core`` (node, core), ``node`` (node, identity_id, bearing), the source tables,
    what `register.link.records` made of them, and ``identities``, the relation that the linkage rules make of
    ``identity``. The word of one identity is held against that of another only in clusters that do not all say the
    same.
    """
    con.execute(f"create or replace temp view bearer as from {identities}")
    con.execute(
        """
        create or replace temp table suspect as
        select c.cluster, k.core, c.node from cluster as c join core as k using (node)
        -- what shows one document is not parted
        where c.cluster in (
            select cluster from cluster join core using (node) group by 1 having min(core) < max(core)
        )
        """
    )
    con.execute(
        f"""
        create or replace temp table witness as
        select s.cluster, s.core, s.node, bearing, {", ".join(READ)} from suspect as s
        join node using (node) join bearer using (identity_id)
        where s.cluster in (
            select cluster from suspect join node using (node) group by 1 having min(bearing) < max(bearing)
        )
        """
    )
    con.execute(f"create or replace temp table said as {SAID}")
    con.execute(ALIKE)
    con.execute(WORDS)
    con.execute(
        """
        create or replace temp table journey as
        select s.cluster, s.core, t.* from travelled as t join suspect as s using (node)
        """
    )
    # One statement for all: most rules alone are too small a work for more than one processor.
    found = " union all ".join(
        f"select distinct '{rule}', l, r from ({SQL[rule](given)}) where l <> r"
        for rule, given in itinerary.rules.items()
        if rule in SQL  # another brings together: register.link.journeys
    )
    con.execute("create or replace temp table impossible (rule varchar, l bigint, r bigint)")
    if found:
        con.execute(f"insert into impossible {found}")
    for table in ("suspect", "witness", "said", "word", "alike", "journey"):
        con.execute(f"drop table {table}")
    con.execute("drop view bearer")
