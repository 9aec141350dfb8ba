"""What the records say of each node: read once, for journeys, for the rules of one life and for the persons."""

from __future__ import annotations

import duckdb

_TABLES = ("travelled", "recorded", "seen")

#: The day on which each record that is no crossing puts the people that it names in the country.
_DATED = {
    "visa": "issued_on",
    "permit": "issued_on",
    "birth": "coalesce(born_on, registered_on)",
    "death": "coalesce(died_on, registered_on)",
    "marriage": "coalesce(married_on, registered_on)",
}


def make_records(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``travelled``, ``recorded`` and ``seen`` from ``node``, ``mention`` and the tables of the sources.

    ``travelled`` (node, crossed_at, turn, is_arrival, post): its crossings; ``turn``, a number of the record, puts
    those of one minute in an order, and ``post`` is a number of the border post. ``recorded`` (node, record_id, source,
    role): its other records. ``seen`` (node, n_record, first_seen_on, last_seen_on, birth_in_country, died_on): one row
    for each node that has a record.
    """
    # Most records are crossings: they are joined by two hashes of the id, of 64 bits each, instead of a long text.
    numbers = "hash(record_id) as turn, hash('of ' || record_id) as check_turn"
    con.execute(
        f"""
        create or replace temp table travelled as
        with mentioned as (
            select {numbers}, identity_id from mention where source = 'crossing' and role = 'self'
        ),
        crossed as (
            select {numbers}, crossed_at, direction = 'arrival' as is_arrival,
                case when border_post_code is not null then hash(border_post_code) end as post
            from crossing
        )
        select node, turn, crossed_at, is_arrival, post
        from mentioned join node using (identity_id) join crossed using (turn, check_turn)
        """
    )
    con.execute(
        """
        create or replace temp table recorded as
        select n.node, m.record_id, m.source, m.role from mention as m join node as n using (identity_id)
        where m.source <> 'crossing'
        """
    )
    dated = " union all ".join(
        f"select record_id, {day} as seen_on, {'died_on' if table == 'death' else 'null::date'} as died_on from {table}"
        for table, day in _DATED.items()
    )
    con.execute(
        f"""
        create or replace temp table seen as
        with day as (
            select node, crossed_at::date as seen_on, false as is_born, null::date as died_on from travelled
            union all
            select r.node, d.seen_on, r.source = 'birth' and r.role = 'child',
                case when r.role = 'self' then d.died_on end
            from recorded as r left join ({dated}) as d using (record_id)
        )
        select node, count(*) as n_record, min(seen_on) as first_seen_on, max(seen_on) as last_seen_on,
            bool_or(is_born) as birth_in_country, min(died_on) as died_on
        from day group by node
        """
    )


def drop_records(con: duckdb.DuckDBPyConnection) -> None:
    """Drop what `make_records` made."""
    for table in _TABLES:
        con.execute(f"drop table {table}")
