"""A person's records by identity, the links that hold them together, and what could not be true."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from register.engine import Engine
from register.link.rules import Rules
from register.trace.chain import Link, strongest_tree
from register.trace.weigh import Weighed, weigh

#: The day of a record.
_DATED = {
    "crossing": "crossed_at::date",
    "visa": "issued_on",
    "permit": "issued_on",
    "birth": "coalesce(born_on, registered_on)",
    "death": "coalesce(died_on, registered_on)",
    "marriage": "coalesce(married_on, registered_on)",
}


@dataclass(frozen=True)
class Record:
    """One record that names an identity, by the source's own key or its place (`name_records`). ``on`` is its day."""

    identity_id: str
    source: str
    name: str
    role: str
    on: Any


@dataclass(frozen=True)
class Conflict:
    """What could not be true at once of two identities, and what became of it."""

    rule: str
    detail: str
    identity_id_l: str
    identity_id_r: str


@dataclass(frozen=True)
class Correction:
    """A version of a record that a later delivery replaced: where both stand, and which columns differ."""

    source: str
    name: str
    version: int
    file: str
    line: int
    later_file: str
    later_line: int
    changed_columns: str


@dataclass(frozen=True)
class Made:
    """How a person is made: identities with how each got there, records and their corrections, links, conflicts.

    ``links`` are the strongest that suffice to hold the identities together; ``n_links`` counts all.
    """

    methods: dict[str, str]
    records: list[Record]
    links: list[Weighed]
    n_links: int
    conflicts: list[Conflict]
    corrections: list[Correction]


def records_of(engine: Engine, identities: Iterable[str]) -> list[Record]:
    """Return the records that name identities, by day. Reads ``named``."""
    days = " union all ".join(
        f"select record_id, {day} as day from {table}" for table, day in _DATED.items() if engine.has(table)
    )
    rows = engine.rows(
        f"""
        select m.identity_id, m.source, n.name, m.role, d.day from mention as m
        join named as n using (record_id)
        left join ({days}) as d using (record_id) where list_contains($ids, m.identity_id)
        order by d.day nulls last, m.source, n.name, m.role
        """,
        {"ids": list(identities)},
    )
    return [Record(*row) for row in rows]


def links_of(engine: Engine, person: str, rules: Rules) -> list[Link]:
    """Return the links between the identities of a person that the model made or that need no model."""
    rows = engine.rows(
        f"""
        with own as (select identity_id from membership where person_id = $person)
        select identity_id_l, identity_id_r, match_weight from pair
        where match_weight >= {rules.link} and identity_id_l in (from own) and identity_id_r in (from own)
        """,
        {"person": person},
    )
    return [(one, other, weight) for one, other, weight in rows]


def conflicts_of(engine: Engine, identities: Sequence[str]) -> list[Conflict]:
    """Return the conflicts that any of the identities is in."""
    rows = engine.rows(
        """
        select distinct rule, detail, identity_id_l, identity_id_r from conflict
        where list_contains($ids, identity_id_l) or list_contains($ids, identity_id_r) order by all
        """,
        {"ids": list(identities)},
    )
    return [Conflict(*row) for row in rows]


def corrections_of(engine: Engine, identities: Iterable[str]) -> list[Correction]:
    """Return the replaced versions of the records that name identities; none if the run does not keep them.

    Reads ``named``.
    """
    if not engine.has("superseded"):
        return []
    columns = ", ".join(
        f"{'n' if field.name == 'name' else 's'}.{field.name}" for field in fields(Correction)
    )
    rows = engine.rows(
        f"""
        select {columns} from superseded as s join named as n using (record_id)
        where record_id in (select record_id from mention where list_contains($ids, identity_id))
        order by s.source, n.name, s.version, s.file, s.line
        """,
        {"ids": list(identities)},
    )
    return [Correction(*row) for row in rows]


def made_of(engine: Engine, person: str, rules: Rules, rows: int) -> Made:
    """Return how a person is made. ``rows`` is how many identities the run compared."""
    methods = dict(
        engine.rows(
            "select identity_id, method from membership where person_id = $person order by 1",
            {"person": person},
        )
    )
    links = links_of(engine, person, rules)
    tree = [(one, other) for one, other, _ in strongest_tree(links)]
    return Made(
        methods=methods,
        records=records_of(engine, methods),
        links=weigh(engine.con, rules, tree, rows),
        n_links=len(links),
        conflicts=conflicts_of(engine, list(methods)),
        corrections=corrections_of(engine, methods),
    )
