"""Persons: ids that stay from run to run, and what is best known of each person without a name."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb


@dataclass(frozen=True)
class PersonReport:
    """Counts of `make_persons`; see `register.link.resolve.ResolveReport`."""

    identities: int
    persons: int
    changes: dict[str, int]
    ids_changed: float | None


def make_persons(con: duckdb.DuckDBPyConnection, key: str) -> PersonReport:
    """Create ``membership``, ``person`` and ``person_change`` from the clusters.

    Reads ``node``, ``cluster``, ``edge``, ``parted``, ``identity``, ``mention``, ``seen``, ``previous_membership``,
    ``previous_mention`` and ``previous_person``.
    ``key`` makes ids opaque: they cannot be recomputed from names without it.
    """
    _ids(con, key)
    _membership(con)
    _changes(con)
    make_person(con, "person_of", "person")
    (counts,) = con.execute(
        "select (select count(*) from membership), (select count(*) from person)"
    ).fetchall()
    changes = dict(con.execute("select change, count(*) from person_change group by 1 order by 1").fetchall())
    (share,) = con.execute(
        "select avg((person_id <> old)::integer) from was join person_of using (node) where old is not null"
    ).fetchall()[0]
    con.execute("drop table person_of; drop table heir; drop table was; drop table gone")
    return PersonReport(int(counts[0]), int(counts[1]), changes, share)


#: An identity that is new because the records that said otherwise were corrected: the person most of them were of.
_CORRECTED = """
    select identity_id, person_id from (
        select m.identity_id, g.person_id, count(*) as records from gone as g
        join previous_mention as b using (identity_id)
        join mention as m on m.record_id = b.record_id and m.role = b.role
        anti join previous_membership as p on p.identity_id = m.identity_id
        group by all
    ) qualify row_number() over (partition by identity_id order by records desc, person_id) = 1
"""


def _ids(con: duckdb.DuckDBPyConnection, key: str) -> None:
    """Create ``person_of`` (node, person_id).

    A person of the run before passes the id on to the cluster that holds most of its identities; where
    several would pass theirs to one cluster, the one seen first in the country survives. Everybody else gets
    an id made from the smallest identity of the cluster, and, if a person was split, from the id it had.
    """
    con.execute(
        "create or replace temp table gone as from previous_membership anti join identity using (identity_id)"
    )
    con.execute(
        f"""
        create or replace temp table was as
        select n.node, coalesce(c.cluster, n.node) as cluster, coalesce(p.person_id, r.person_id) as old
        from node as n left join cluster as c using (node)
        left join previous_membership as p using (identity_id) left join ({_CORRECTED}) as r using (identity_id)
        """
    )
    con.execute(
        """
        create or replace temp table heir as
        with overlap as (select old, cluster, count(*) as shared from was where old is not null group by all),
        kept as (
            select old, cluster, shared from overlap
            qualify row_number() over (partition by old order by shared desc, cluster) = 1
        )
        select cluster, old from kept left join previous_person as p on p.person_id = kept.old
        qualify row_number() over (
            partition by cluster order by p.first_seen_on nulls last, shared desc, old
        ) = 1
        """
    )
    con.execute(
        """
        create or replace temp table person_of as
        with first as (select cluster as node, min(old) as old from was group by cluster),
        fresh as (
            select node as cluster, 'p' || left(sha256(
                $key || ' person ' || identity_id || coalesce(' ' || old, '')), 16) as made
            from first join node using (node)
        )
        select w.node, coalesce(h.old, f.made) as person_id
        from was as w join fresh as f using (cluster) left join heir as h using (cluster)
        """,
        {"key": key},
    )


def _membership(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``membership``: the person of each identity, and how it got there.

    ``decision`` where a reviewer's link holds the identity, ``model`` where it has company by a scored link, ``exact``
    where it is alone or alike in all that is compared.
    """
    con.execute(
        """
        create or replace table membership as
        with within as materialized (select l, r, strength from edge anti join parted using (l, r)),
        held as (
            select node, max(strength) as most, min(strength) as least from (
                select l as node, strength from within union all select r, strength from within
            ) group by node
        )
        select n.identity_id, p.person_id,
            case when h.most = 2 then 'decision' when h.least = 0 then 'model' else 'exact' end as method
        from node as n join person_of as p using (node) left join held as h using (node)
        """
    )


def _changes(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``person_change``: what became of the persons of the run before, and who is new.

    ``merged``: person_id is gone, other_person_id holds its records; ``split``: person_id is new and holds
    records of other_person_id, which goes on; ``moved``: person_id has got records of other_person_id, and both were
    and are; ``retired``: none of its records is left; ``new``: no record was known before.
    """
    con.execute(
        """
        create or replace table person_change as
        with now as (select distinct person_id from membership), old as (select distinct person_id
        from previous_membership),
        moved as (
            select old, person_id as now, count(*) as shared from was join person_of using (node)
            where old is not null group by all
        ),
        any_previous as (select count(*) > 0 as is_rerun from previous_membership)
        select person_id, 'new' as change, null::varchar as other_person_id from now
        where (select is_rerun from any_previous) and person_id not in (select now from moved)
            and person_id not in (select person_id from old)
        union all
        select old, 'merged', arg_max(now, (shared, now)) from moved
        where old not in (select person_id from now) group by old
        union all
        select now, 'split', old from moved
        where now <> old and now not in (select person_id from old) and old in (select person_id from now)
        union all
        select now, 'moved', old from moved
        where now <> old and now in (select person_id from old) and old in (select person_id from now)
        union all
        select person_id, 'retired', null from old
        where person_id not in (select person_id from now) and person_id not in (select old from moved)
        order by all
        """
    )


#: The value that most records give; of equals, the smallest.
_VOTE = """
    select person, {column} as value from (
        select person, {column}, sum(n_mention) as votes from known
        where {column} is not null {extra} group by all
    ) qualify row_number() over (partition by person order by votes desc, {column}) = 1
"""


def make_person(con: duckdb.DuckDBPyConnection, members: str, into: str) -> None:
    """Create ``into``, one row per person, no names: each attribute by the vote of the records.

    ``members`` is the relation (node, person_id) of the persons; a node may have several. Reads ``node``, ``identity``
    and ``seen``.
    """
    con.execute(
        f"""
        create or replace temp table called as
        select row_number() over (order by person_id)::integer as person, person_id
        from (select distinct person_id from {members})
        """
    )
    con.execute(
        f"""
        create or replace temp table known as
        select c.person, i.n_mention, i.sex, i.citizenship_code, i.birth_country_code, i.birth_date,
            i.birth_date_precision, s.* exclude (node)
        from {members} join called as c using (person_id) join node using (node) join identity as i using (identity_id)
        left join seen as s using (node)
        """
    )
    votes = {
        column: _VOTE.format(column=column, extra="")
        for column in ("sex", "citizenship_code", "birth_country_code")
    }
    votes["birth_date"] = _VOTE.format(column="birth_date", extra="and birth_date_precision = 'day'")
    votes["rough_date"] = _VOTE.format(column="birth_date", extra="and birth_date_precision <> 'day'")
    con.execute(
        f"""
        create or replace table {into} as
        with {", ".join(f"v_{name} as ({sql})" for name, sql in votes.items())},
        told as (
            select person, count(*) as n_identity, coalesce(sum(n_record), 0)::bigint as n_record,
                array_to_string(list_sort(list(distinct citizenship_code)), ';') as citizenships,
                min(first_seen_on) as first_seen_on, max(last_seen_on) as last_seen_on,
                coalesce(bool_or(birth_in_country), false) as birth_in_country, min(died_on) as death_date
            from known group by person
        )
        select c.person_id, v_sex.value as sex, coalesce(v_birth_date.value,
            v_rough_date.value) as birth_date,
            case when v_birth_date.value is not null then 'day' when v_rough_date.value is not null then 'year' end
                as birth_date_precision,
            v_citizenship_code.value as citizenship_code, nullif(t.citizenships, '') as citizenships,
            v_birth_country_code.value as birth_country_code,
            t.death_date, t.birth_in_country, t.n_identity, t.n_record, t.first_seen_on, t.last_seen_on
        from told as t join called as c using (person)
        left join v_sex using (person) left join v_birth_date using (person)
        left join v_rough_date using (person) left join v_citizenship_code using (person)
        left join v_birth_country_code using (person)
        """
    )
    con.execute("drop table known; drop table called")
