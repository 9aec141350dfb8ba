"""The graph that is resolved: identities numbered, and the links of reviewers, model and journeys between them."""

from __future__ import annotations

import duckdb

from register.link.clusters import connect
from register.link.itinerary import Itinerary
from register.link.journeys import link_completed
from register.link.records import make_records
from register.link.rules import Rules

#: Tables the rules may read; an extract that an office does not have counts as empty.
_EMPTY = {
    "mention": "record_id varchar, source varchar, record_key varchar, role varchar, identity_id varchar",
    "crossing": "record_id varchar, crossed_at timestamp, direction varchar, border_post_code varchar",
    "visa": "record_id varchar, issued_on date",
    "permit": "record_id varchar, issued_on date",
    "birth": "record_id varchar, born_on date, registered_on date",
    "death": "record_id varchar, died_on date, registered_on date",
    "marriage": "record_id varchar, married_on date, registered_on date",
    "decision": "position bigint, source_l varchar, record_key_l varchar, role_l varchar, source_r varchar,"
    " record_key_r varchar, role_r varchar, judgement varchar",
    "previous_membership": "identity_id varchar, person_id varchar",
    "previous_mention": "record_id varchar, role varchar, identity_id varchar",
    "previous_person": "person_id varchar, first_seen_on date",
}

#: What of it the rules of one life hold against what another identity says; see `register.link.said`.
_BEARING = ("given_name", "surname_1", "surname_2", "birth_date", "birth_date_precision", "sex")

#: What of an identity changes with the records that mention it, or with the key.
_NOT_SAID = ("identity_id", "roles", "n_mention")


def add_absent(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Create the tables that an office does not have, empty; return their names."""
    present = {row[0] for row in con.execute("select table_name from information_schema.tables").fetchall()}
    added = [name for name in _EMPTY if name not in present]
    for name in added:
        con.execute(f"create temp table {name} ({_EMPTY[name]})")
    return added


def make_links(con: duckdb.DuckDBPyConnection, rules: Rules, itinerary: Itinerary) -> int:
    """Create ``node``, ``judged``, ``edge``, ``cluster`` and the records; return how many links journeys completed."""
    _make_edges(con, rules)
    make_records(con)
    connect(con, "edge", "cluster")
    return link_completed(con, rules, itinerary)


def _make_edges(con: duckdb.DuckDBPyConnection, rules: Rules) -> None:
    """Create ``node``, ``judged``, ``undivided``, ``scored`` and ``edge``: identities numbered, their pairs and links.

    The number goes by what an identity says and not by its id, and so does ``content``, from which chance is drawn: the
    same extracts give the same persons whatever the key is that made the ids. ``bearing`` is a hash of what one person
    says of herself in every record.

    The links are those of reviewers and model; ``strength`` orders them: 2 a reviewer's, 1 of identities alike in all
    that is compared, 0 the model's.
    """
    columns = [row[0] for row in con.execute("describe identity").fetchall()]
    said = [name for name in columns if name not in _NOT_SAID]
    con.execute(
        f"""
        create or replace temp table node as
        select row_number() over (order by content, identity_id)::integer as node, identity_id, content, bearing
        from (
            select identity_id, hash({", ".join(said)}) as content, hash({", ".join(_BEARING)}) as bearing
            from identity
        )
        """
    )
    con.execute(
        """
        create or replace temp table judgement as
        with asked as (
            select source_l as source, record_key_l as record_key, role_l as role from decision
            union select source_r, record_key_r, role_r from decision
        ),
        known as materialized (
            select source, record_key, role, node from mention
            semi join asked using (source, record_key, role) join node using (identity_id)
        )
        select least(a.node, b.node) as l, greatest(a.node, b.node) as r,
            arg_max(d.judgement, d.position) as judgement, count(distinct d.judgement) > 1 as is_contested
        from decision as d
        join known as a on a.source = d.source_l and a.record_key = d.record_key_l and a.role = d.role_l
        join known as b on b.source = d.source_r and b.record_key = d.record_key_r and b.role = d.role_r
        group by 1, 2
        """
    )
    # Records that say the same in everything are one identity: a reviewer who holds them to be two cannot part them.
    con.execute(
        """
        create or replace temp table judged as from judgement where l <> r;
        create or replace temp table undivided as
        select l as node from judgement where l = r and judgement = 'different';
        drop table judgement
        """
    )
    con.execute(
        """
        create or replace temp table scored as
        select least(a.node, b.node) as l, greatest(a.node, b.node) as r, p.match_weight as weight,
            p.match_probability as probability, p.match_key = 'identical' as is_identical
        from pair as p join node as a on a.identity_id = p.identity_id_l
        join node as b on b.identity_id = p.identity_id_r
        """
    )
    con.execute(
        f"""
        create or replace temp table edge as
        select l, r, is_identical::tinyint as strength, weight from scored anti join judged using (l, r)
        where weight >= {rules.link}
        union all select l, r, 2, 0 from judged where judgement = 'same'
        """
    )
