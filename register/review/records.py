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


#: The day of a record, what it tells of its person, and where.
_DATED = {
    "crossing": "select record_id, crossed_at::date as day, direction as what, border_post_code as post from crossing",
    "visa": "select record_id, issued_on, 'visa', null from visa",
    "permit": "select record_id, issued_on, 'permit', null from permit",
    "birth": "select record_id, coalesce(born_on, registered_on), 'birth', null from birth",
    "death": "select record_id, coalesce(died_on, registered_on), 'death', null from death",
    "marriage": "select record_id, coalesce(married_on, registered_on), 'marriage', null from marriage",
}


def keep_records(engine: Engine) -> None:
    """Create ``item_side``, ``seen_identity`` and ``seen_record``: what pages will need of the pairs in ``item``.

    A side is the person; of two parts of one person, the part; of one part, the identity. Reads also ``part``.
    """
    engine.run(
        """
        create temp table item_side as
        with side as (
            select number, 'l' as side, l as identity_id, r as other from item
            union all select number, 'r', r, l from item
        ),
        known as (
            select s.*, m.person_id, o.person_id as other_person, p.part, q.part as other_part
            from side as s join membership as m using (identity_id)
            join membership as o on o.identity_id = s.other
            left join part as p on p.identity_id = s.identity_id left join part as q on q.identity_id = s.other
        )
        select number, side, m.identity_id from known as k join membership as m using (person_id)
        where k.person_id <> k.other_person
        union all
        select number, side, p.identity_id from known as k join part as p using (part)
        where k.person_id = k.other_person and k.part <> k.other_part
        union all
        select number, side, identity_id from known
        where person_id = other_person and (part is null or part = other_part)
        """
    )
    engine.run(
        "create temp table seen_identity as select i.* from identity as i semi join item_side using (identity_id)"
    )
    dated = " union all ".join(sql for table, sql in _DATED.items() if engine.has(table))
    engine.run(
        f"""
        create temp table seen_record as
        select m.identity_id, m.source, m.record_key, m.role, d.day, d.what, d.post from mention as m
        semi join seen_identity using (identity_id)
        left join ({dated}) as d (record_id, day, what, post) using (record_id)
        """
    )
