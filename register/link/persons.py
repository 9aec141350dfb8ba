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
    con.execute(
        "drop table person_of; drop table heir; drop table fresh; drop table was; drop table restated"
    )
    return PersonReport(int(counts[0]), int(counts[1]), changes, share)


#: What a record says otherwise than in the run before: its person then, its identity now. Most say what they said.
_RESTATED = """
    with said as (select hash(record_id, role, identity_id) as content from mention),
    other as (
        select record_id, role, identity_id from previous_mention as b
        anti join said on said.content = hash(b.record_id, b.role, b.identity_id)
    )
    select p.person_id as old, m.identity_id from other join previous_membership as p using (identity_id)
    join mention as m on m.record_id = other.record_id and m.role = other.role
"""

#: An identity that is new because records were corrected: the person most of them were of.
_CORRECTED = """
    select identity_id, old from (
        select identity_id, old, count(*) as records from restated
        anti join previous_membership using (identity_id) group by all
    ) qualify row_number() over (partition by identity_id order by records desc, old) = 1
"""


def _ids(con: duckdb.DuckDBPyConnection, key: str) -> None:
    """Create ``person_of`` (node, person_id, person): ``person`` is a number, for what is only told apart by it.

    A person of the run before passes the id on to the cluster that holds most of its identities; where
    several would pass theirs to one cluster, the one seen first in the country survives. Everybody else gets
    an id made from the smallest identity of the cluster, and, if a person was split, from the id it had. No id of the
    run before is made again: its identity may have gone, left the id to others, and be back as somebody else.
    """
    con.execute(f"create or replace temp table restated as {_RESTATED}")
    con.execute(
        f"""
        create or replace temp table was as
        select n.node, coalesce(c.cluster, n.node) as cluster, coalesce(p.person_id, r.old) as old
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
        create or replace temp table fresh as
        with first as (
            select cluster as node, min(old) as old from was anti join heir using (cluster) group by cluster
        )
        select node as cluster, identity_id, $key || ' person ' || identity_id || coalesce(' ' || old, '') as told,
            'p' || left(sha256(told), 16) as made
        from first join node using (node)
        """,
        {"key": key},
    )
    taken = "made in (select person_id from previous_membership)"
    while con.execute(f"select count(*) from fresh where {taken}").fetchall()[0][0]:
        con.execute(
            f"""
            update fresh set told = told || ' ' || made, made = 'p' || left(sha256(told || ' ' || made), 16)
            where {taken}
            """
        )
    con.execute(
        """
        create or replace temp table person_of as
        select w.node, coalesce(h.old, f.made) as person_id, w.cluster as person
        from was as w left join fresh as f using (cluster) left join heir as h using (cluster)
        """
    )


def _membership(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``membership``: the person of each identity, and how it got there.

    ``decision`` where a reviewer's link holds the identity, ``model`` where it has company by a scored link, ``exact``
    where it is alone or alike in all that is compared.
    """
    con.execute(
        """
        create or replace table membership as
        with within as (select unnest([l, r]) as node, strength from edge anti join parted using (l, r))
        select identity_id, person_id,
            case when node in (select node from within where strength = 2) then 'decision'
                when node in (select node from within where strength = 0) then 'model' else 'exact' end as method
        from node join person_of using (node)
        """
    )


def _changes(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``person_change``: what became of the persons of the run before, and who is new.

    ``merged``: person_id is gone, other_person_id holds most of its records; ``split``: person_id is new and holds
    records of other_person_id; ``moved``: person_id, which was before, has got records of other_person_id; ``retired``:
    person_id is gone and so are its records; ``new``: no record was known before. Records that say something else now
    are known by themselves.
    """
    con.execute(
        """
        create or replace table person_change as
        with now as (select distinct person_id from membership), old as (select distinct person_id
        from previous_membership),
        passed as (
            select old, person_id as now, count(*) as shared from was join person_of using (node)
            where old is not null group by all
            union all
            select old, person_id, count(*) from restated join membership using (identity_id) group by all
        ),
        moved as (
            select old, now, now in (select person_id from old) as was_before, sum(shared) as shared from passed
            where old <> now group by all
        ),
        merged as (
            select old, arg_max(now, (was_before, shared, now)) as now from moved
            where old not in (select person_id from now) group by old
        ),
        any_previous as (select count(*) > 0 as is_rerun from previous_membership)
        select person_id, 'new' as change, null::varchar as other_person_id from now
        where (select is_rerun from any_previous) and person_id not in (select now from passed)
            and person_id not in (select person_id from old)
        union all
        select old, 'merged', now from merged
        union all
        select now, case when was_before then 'moved' else 'split' end, old from moved anti join merged using (old, now)
        union all
        select person_id, 'retired', null from old
        where person_id not in (select person_id from now) and person_id not in (select old from moved)
        order by all
        """
    )


#: What a person has one of, as `make_person` reads it of her identities.
_ATTRIBUTES = ("sex", "citizenship_code", "birth_country_code", "full_date", "rough_date")

#: The value that most records of a person give; of equals, the smallest. Only where records differ is there a vote.
_VOTE = """
    select person, {name} as value from (
        select person, {name}, sum(n_mention) as votes from known
        semi join (from summary where {name} < {name}_most) using (person)
        where {name} is not null group by all
    ) qualify row_number() over (partition by person order by votes desc, {name}) = 1
"""


def make_person(con: duckdb.DuckDBPyConnection, members: str, into: str) -> None:
    """Create ``into``, one row per person, no names: each attribute by the vote of the records.

    ``members`` is the relation (node, person_id, person) of the persons, ``person`` being a number of the person_id; a
    node may have several. Reads ``node``, ``identity`` and ``seen``.
    """
    con.execute(
        f"""
        create or replace temp table known as
        select m.person, i.n_mention, i.sex, i.citizenship_code, i.birth_country_code,
            case when i.birth_date_precision = 'day' then i.birth_date end as full_date,
            case when i.birth_date_precision <> 'day' then i.birth_date end as rough_date, s.* exclude (node)
        from {members} as m join node using (node) join identity as i using (identity_id)
        left join seen as s using (node)
        """
    )
    ends = ", ".join(f"min({name}) as {name}, max({name}) as {name}_most" for name in _ATTRIBUTES)
    con.execute(
        f"""
        create or replace temp table summary as
        select person, {ends}, count(*) as n_identity, coalesce(sum(n_record), 0)::bigint as n_record,
            min(first_seen_on) as first_seen_on, max(last_seen_on) as last_seen_on,
            coalesce(bool_or(birth_in_country), false) as birth_in_country, min(died_on) as death_date
        from known group by person
        """
    )
    votes = ", ".join(f"v_{name} as ({_VOTE.format(name=name)})" for name in _ATTRIBUTES)
    voted = " ".join(f"left join v_{name} using (person)" for name in _ATTRIBUTES)
    best = ", ".join(f"coalesce(v_{name}.value, t.{name}) as {name}" for name in _ATTRIBUTES)
    con.execute(
        f"""
        create or replace table {into} as
        with {votes},
        several as (
            select person, array_to_string(list_sort(list(distinct citizenship_code)), ';') as listed
            from known semi join (from summary where citizenship_code < citizenship_code_most) using (person)
            where citizenship_code is not null group by person
        ),
        best as (
            select t.* exclude ({", ".join(_ATTRIBUTES)}), {best}, coalesce(listed, t.citizenship_code) as citizenships
            from summary as t {voted} left join several using (person)
        )
        select c.person_id, sex, coalesce(full_date, rough_date) as birth_date,
            case when full_date is not null then 'day' when rough_date is not null then 'year' end
                as birth_date_precision,
            citizenship_code, citizenships, birth_country_code, death_date, birth_in_country, n_identity, n_record,
            first_seen_on, last_seen_on
        from best join (select distinct person, person_id from {members}) as c using (person)
        """
    )
    con.execute("drop table known; drop table summary")
