"""What one person cannot do, as SQL: each rule of ``itinerary.toml`` finds the couples (l, r) that break it.

A couple is two cores of a cluster: identities that show one document each. The tables read are those that
`register.link.itinerary.find_impossible` makes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from register.engine import literal

#: Couples whose full names, two surnames and all, sound the same.
_SAME_NAMES = """coalesce(l.given_key = r.given_key and l.surname_1_key = r.surname_1_key
    and l.surname_2_key = r.surname_2_key, false)"""


def _couples(condition: str) -> str:
    return f"""select l.node as l, r.node as r from said as l join said as r using (cluster)
        where l.node < r.node and {condition}"""


def _unlike(similarity: float) -> str:
    """Couples whose given names cannot be one: the one with fewer words has a word with no like in the other.

    A word is like another that is equal, one edit away, similar, or the beginning of it; but two names that each stand
    often are one only if one begins the other. MARIA is one with MARIA JOSE; MARIA JOSE and MARIA PAULA are two, and so
    are PAULA and PAOLA. A given name that stands as the surname of the other is no disagreement.
    """
    return f"""
        select least(l, r), greatest(l, r) from (
            select l, r, word, words, others, bool_or(
                word = other or starts_with(word, other) or starts_with(other, word)
                or not is_sure and (damerau_levenshtein(word, other) <= 1
                    or jaro_winkler_similarity(word, other) >= {similarity})
            ) as liked
            from word group by 1, 2, 3, 4, 5
        ) where words <= others and not liked
    """


def _given_differ(similarity: float) -> str:
    return f"""(l.node, r.node) in ({_unlike(similarity)})
        and not coalesce(l.given_1 in (r.surname_1, r.surname_2) or r.given_1 in (l.surname_1, l.surname_2),
            false)
        and l.given_key is distinct from r.given_key"""


def _two_national_ids(given: Mapping[str, Any]) -> str:
    """Couples that show two numbers of a kind kept for life, from one issuer.

    What a number is, most records of the cluster say: a passport keyed once as a national id is none. A number with a
    part missing, or with letters for the figures that look like them, is the same one mistyped. A number on few records
    against one on many, where names and birth date are one, is somebody else's, or nobody's. Only clusters where two
    numbers were ever said to be of such a kind are looked at: they are few.
    """
    kinds = ", ".join(literal(kind) for kind in given["kinds"])
    shown = " union all ".join(
        f"""select identity_id, {name}_kind_code in ({kinds}) as is_kept, {name}_number as number,
            {name}_issuer_code as issuer, n_mention from bearer where {name}_number is not null"""
        for name in ("document", "document_2")
    )
    return f"""
        with doubted as (
            select cluster from suspect join node using (node) join ({shown}) using (identity_id)
            where is_kept group by cluster having min(number) < max(number)
        ),
        shown as (
            select s.cluster, s.core, d.* exclude (identity_id) from suspect as s semi join doubted using (cluster)
            join node using (node) join ({shown}) as d using (identity_id)
        ),
        kept as (
            select cluster, number, arg_max(issuer, (n_mention, issuer)) filter (is_kept) as issuer,
                ltrim(translate(number, 'OQILSBZG', '00115826'), '0') as figures, sum(n_mention) as records,
                max(sum(n_mention)) over (partition by cluster) as most
            from shown group by 1, 2
            having sum(case when is_kept then n_mention when is_kept is null then 0 else -n_mention end) > 0
        ),
        bearing as (select distinct cluster, core, number from shown),
        unlike as (
            select l.node as l, r.node as r from said as l join said as r using (cluster)
            semi join doubted using (cluster)
            where not coalesce(l.given_key = r.given_key and l.surname_1_key = r.surname_1_key
                and coalesce(l.surname_2_key = r.surname_2_key, true) and l.birth_date = r.birth_date, false)
        )
        select a.core as l, b.core as r from kept as l join kept as r using (cluster)
        join bearing as a on a.cluster = l.cluster and a.number = l.number
        join bearing as b on b.cluster = r.cluster and b.number = r.number
        where l.number < r.number and a.core <> b.core and coalesce(l.issuer = r.issuer, true)
            and not (
                least(l.records, r.records) < {given["records"]} and l.most >= {given["records"]}
                and (a.core, b.core) not in (select l, r from unlike)
            )
            and not contains(l.figures, r.figures) and not contains(r.figures, l.figures)
            and damerau_levenshtein(l.figures, r.figures) > {given["typing_errors"]}"""


def _twins(given: Mapping[str, Any]) -> str:
    return _couples(f"(l.node, r.node) in (select l, r from alike) and {_given_differ(given['similarity'])}")


def _two_birth_dates(given: Mapping[str, Any]) -> str:
    left, right = "strftime(l.birth_date, '%Y%m%d')", "strftime(r.birth_date, '%Y%m%d')"
    same_day = "month(l.birth_date) = month(r.birth_date) and day(l.birth_date) = day(r.birth_date)"
    nothing = f"""damerau_levenshtein({left}[:4], {right}[:4]) > 1
        and month(l.birth_date) <> month(r.birth_date) and day(l.birth_date) <> day(r.birth_date)"""
    # One who issues a document with a mistyped year makes every record of it say so.
    return _couples(
        f"""l.birth_date <> r.birth_date
            and least(l.n_date, r.n_date) >= case
                when {nothing} then {given["apart_records"]}
                when hamming({left}, {right}) >= {given["digits"]} and not ({same_day}) then {given["records"]}
                else {given["near_records"]} end
            and not (month(l.birth_date) = day(r.birth_date) and day(l.birth_date) = month(r.birth_date))
            and not (year(l.birth_date) = year(r.birth_date) and '0101' in ({left}[5:], {right}[5:]))
            and not (
                {_SAME_NAMES} and damerau_levenshtein({left}, {right}) = 1 and abs(l.birth_date - r.birth_date) > 1
            )"""
    )


def _two_sexes(given: Mapping[str, Any]) -> str:
    return _couples(
        f"""l.sex <> r.sex and (least(l.n_sex, r.n_sex) >= {given["records"]}
                and not coalesce({_SAME_NAMES} and l.birth_date = r.birth_date, false)
            or {_given_differ(given["similarity"])})"""
    )


def _acts(table: str, role: str) -> str:
    return f"""(select s.cluster, s.core, s.node, t.* from suspect as s join recorded as r using (node)
        join {table} as t using (record_id) where r.source = '{table}' and r.role = '{role}')"""


def _two_births(_: Mapping[str, Any]) -> str:
    births = _acts("birth", "child")
    return f"""select l.node as l, r.node as r from {births} as l join {births} as r using (cluster)
        where l.record_id < r.record_id"""


def _two_deaths(given: Mapping[str, Any]) -> str:
    deaths = _acts("death", "self")
    return f"""select l.node as l, r.node as r from {deaths} as l join {deaths} as r using (cluster)
        where l.record_id < r.record_id and abs(l.died_on - r.died_on) > {given["days"]}"""


def _after_death(given: Mapping[str, Any]) -> str:
    return f"""select d.node as l, c.node as r from {_acts("death", "self")} as d
        join journey as c using (cluster)
        where c.crossed_at::date > d.died_on + {given["days"]}"""


def _two_places(given: Mapping[str, Any]) -> str:
    """Two arrivals, or two departures, at different posts within a few hours.

    In and out again within the hour is what people who live at a border do.
    """
    minutes = round(60 * given["hours"])
    return f"""
        select before as l, node as r from (
            select node, crossed_at, post, is_arrival, lag(node) over trips as before,
                lag(crossed_at) over trips as crossed_before, lag(post) over trips as post_before,
                lag(is_arrival) over trips as arrival_before
            from journey window trips as (partition by cluster order by crossed_at, turn)
        ) where post <> post_before and is_arrival = arrival_before
            and crossed_at - crossed_before <= interval {minutes} minute"""


def _two_journeys(given: Mapping[str, Any]) -> str:
    """Couples that travel in and out each by itself, and not together.

    A break is an arrival after an arrival, or a departure after a departure. Two documents of one person
    complete each other: put together their crossings break less. Those of two persons break more. Only
    couples that do not say quite the same are looked at. Each crossing put among others makes one break more
    at most, and so does one journey after the other: most couples need no putting together.
    """
    overlap = "l.first <= r.last and r.first <= l.last" if given["breaks"] > 1 else "true"
    return f"""
        with span as (
            select core as node, min(crossed_at) as first, max(crossed_at) as last from journey group by core
            having count(*) >= {given["breaks"]}
        ),
        travelling as (from said join span using (node)),
        doubtful as (
            select l.node as l, r.node as r from travelling as l join travelling as r using (cluster)
            where l.node < r.node and {overlap} and (
                l.given_name is distinct from r.given_name or l.surname_1 is distinct from r.surname_1
                or l.surname_2 is distinct from r.surname_2 or l.birth_date is distinct from r.birth_date
                or l.sex is distinct from r.sex
            )
        ),
        alone as (
            select core, count(*) filter (is_arrival = before) as breaks from (
                select core, is_arrival, lag(is_arrival) over (partition by core order by crossed_at, turn) as before
                from journey semi join (select l as core from doubtful union all select r from doubtful) using (core)
            ) group by 1
        ),
        both_trips as (
            select l, r, crossed_at, turn, is_arrival from doubtful join journey on core = l
            union all select l, r, crossed_at, turn, is_arrival from doubtful join journey on core = r
        ),
        together as (
            select l, r, count(*) filter (is_arrival = before) as breaks from (
                select l, r, is_arrival, lag(is_arrival) over (partition by l, r order by crossed_at, turn) as before
                from both_trips
            ) group by 1, 2
        )
        select l, r from together join alone as a on a.core = l join alone as b on b.core = r
        where together.breaks - a.breaks - b.breaks >= {given["breaks"]}"""


#: The couples that break each rule, by its parameters.
SQL: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "two_national_ids": _two_national_ids,
    "twins": _twins,
    "two_birth_dates": _two_birth_dates,
    "two_sexes": _two_sexes,
    "two_births": _two_births,
    "two_deaths": _two_deaths,
    "after_death": _after_death,
    "two_places": _two_places,
    "two_journeys": _two_journeys,
}
