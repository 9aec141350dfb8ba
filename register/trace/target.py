"""What an explanation is asked for: a person, a pair or a cell."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from register.engine import Engine
from register.errors import UsageError, suggest

MANY = 5
#: Codes that a message lists.
LISTED = 20


@dataclass(frozen=True)
class CellName:
    """A cell as it is written: table, then its place, then ``dimension=code``: ``flow/2023/immigration/sex=2``."""

    table: str
    place: tuple[str, ...]
    codes: tuple[tuple[str, str], ...]


def read_cell(written: str) -> CellName:
    """Read ``table/place/.../dimension=code``."""
    table, *parts = (part.strip() for part in written.strip("/").split("/"))
    place = tuple(part for part in parts if "=" not in part)
    codes = tuple((name, code) for name, _, code in (part.partition("=") for part in parts if "=" in part))
    return CellName(table, place, codes)


def codes_by_dimension(name: CellName, places: Sequence[str], others: Collection[str]) -> dict[str, str]:
    """Return the codes told: those of the place, then those of other dimensions.

    Raises
    ------
    UsageError
        If the place has too few parts or too many, or there is no such dimension.
    """
    if len(name.place) != len(places):
        raise UsageError("cell_place", table=name.table, places="/".join(places))
    for dimension, _ in name.codes:
        if dimension not in others:
            raise UsageError(
                "unknown_dimension",
                name=dimension,
                suggestion=suggest(dimension, others),
                known=", ".join(others),
            )
    return dict(zip(places, name.place, strict=True)) | dict(name.codes)


def check_code(dimension: str, code: str, known: Sequence[str], understood: Collection[str] = ()) -> None:
    """Refuse a code that a dimension of a table does not have.

    ``known`` are the codes that the table has, which the message lists; ``understood`` are others that may be asked.
    """
    if code not in known and code not in understood:
        more = [", …"] if len(known) > LISTED else []
        raise UsageError(
            "unknown_cell_code",
            name=code,
            dimension=dimension,
            suggestion=suggest(code, [*known, *understood]),
            known=", ".join(known[:LISTED]) + "".join(more),
        )


def is_cell(words: Sequence[str]) -> bool:
    """Say whether a cell is asked for."""
    return len(words) == 1 and (
        "/" in words[0] or re.fullmatch(r"flow|stock|open|T\d\d", words[0]) is not None
    )


def find_identity(engine: Engine, written: str, run: str) -> str:
    """Return the identity that is meant: by its id, or by a record that names it.

    A record is written ``source:key``, with ``:role`` where it names several people; or its key alone. In place of the
    key may stand its file and line. Reads ``named``.

    Raises
    ------
    UsageError
        If there is none, or several.
    """
    known = engine.rows("select identity_id from identity where identity_id = $id", {"id": written})
    if known:
        return written
    found = engine.rows(
        """
        select distinct m.identity_id, m.source || ':' || n.name || ':' || m.role
        from mention as m join named as n using (record_id)
        where $id in (m.record_key, m.source || ':' || m.record_key, m.source || ':' || m.record_key || ':' || m.role)
        order by 2
        """,
        {"id": written},
    ) or _by_place(engine, written)
    if not found:
        raise UsageError("no_identity", name=written, run=run)
    if len({identity for identity, _ in found}) > 1:
        raise UsageError(
            "several_identities", name=written, known=", ".join(name for _, name in found[:MANY])
        )
    return str(found[0][0])


def _by_place(engine: Engine, written: str) -> list[tuple[Any, ...]]:
    """Return the identities, with the names of their records, of a file and line: ``source:file:line:role``."""
    place = re.fullmatch(r"(\w+):(.+):(\d+)(?::(\w+))?", written)
    if place is None:
        return []
    source, file, line, role = place.groups()
    return engine.rows(
        """
        select distinct m.identity_id, m.source || ':' || n.name || ':' || m.role
        from mention as m join named as n using (record_id)
        where n.source = $source and n.file = $file and n.line = $line and coalesce($role, m.role) = m.role
        order by 2
        """,
        {"source": source, "file": file, "line": int(line), "role": role},
    )


def find_person(engine: Engine, written: str, run: str) -> str:
    """Return the person that is meant: by the id, or by an identity or record of the person.

    Raises
    ------
    UsageError
        If there is none, or several.
    """
    if engine.rows("select 1 from person where person_id = $id", {"id": written}):
        return written
    try:
        identity = find_identity(engine, written, run)
    except UsageError as error:
        if error.key == "no_identity":
            raise UsageError("no_person", name=written, run=run) from None
        raise
    rows = engine.rows("select person_id from membership where identity_id = $id", {"id": identity})
    return str(rows[0][0])
