"""What a page tells of one pair, read from the small tables that the queue made."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from register.engine import Engine
from register.review.compare import as_written

Row = dict[str, Any]


@dataclass(frozen=True)
class Mark:
    """One dated record of a journey: arrival, departure, visa, permit, birth, death or marriage."""

    day: dt.date
    what: str
    post: str | None


@dataclass(frozen=True)
class Side:
    """One of the two of a pair: the identity to judge, and all that is held to be the same person with it.

    ``identity`` is its row in ``identity``. ``records`` counts records by source, ``record_keys`` are the offices'
    keys of its own, ``spellings`` the other names of the person as written, ``marks`` the dated records in order.
    """

    identity: Row
    records: dict[str, int]
    record_keys: list[tuple[str, str, str]]
    spellings: list[str]
    marks: list[Mark]
    identities: int


def sides(engine: Engine, number: int, identities: Sequence[str]) -> tuple[Side, Side]:
    """Return both sides of an item."""
    rows = _rows(
        engine,
        """
        select s.side, i.* from item_side as s join seen_identity as i using (identity_id)
        where s.number = $number order by s.side, i.n_mention desc, i.identity_id
        """,
        number,
    )
    records = _rows(
        engine,
        """
        select s.side, r.* from item_side as s join seen_record as r using (identity_id)
        where s.number = $number order by s.side, r.day nulls last, r.source, r.record_key, r.role
        """,
        number,
    )
    left, right = (
        _side(side, identity, rows, records) for side, identity in zip("lr", identities, strict=True)
    )
    return left, right


def _side(side: str, identity: str, rows: list[Row], records: list[Row]) -> Side:
    own = [row for row in rows if row["side"] == side]
    shown = next(row for row in own if row["identity_id"] == identity)
    said = [record for record in records if record["side"] == side]
    others = dict.fromkeys(as_written(row) for row in own)
    others.pop(as_written(shown), None)
    marks = [
        Mark(record["day"], record["what"], record["post"])
        for record in said
        if record["day"] and record["what"]
    ]
    keys = [
        (record["source"], record["record_key"], record["role"])
        for record in said
        if record["identity_id"] == identity
    ]
    return Side(shown, Counter(record["source"] for record in said), keys, list(others), marks, len(own))


def _rows(engine: Engine, sql: str, number: int) -> list[Row]:
    found = engine.con.execute(sql, {"number": number})
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
