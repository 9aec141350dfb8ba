"""What each core of a doubtful cluster says of itself, and couples whose names ask to be held against one another.

The SQL that `register.link.itinerary.find_impossible` runs before the rules of `register.link.impossible`.
"""

from __future__ import annotations

#: What the rules read of an identity.
READ = (
    *("given_name", "given_1", "given_2", "given_key"),
    *("surname_1", "surname_2", "surname_1_key", "surname_2_key"),
    *("birth_date", "birth_date_precision", "sex", "n_mention"),
)

#: What most records of a core say, attribute by attribute; of equals, the smallest. One that always says the same needs
#: no vote.
SAID = """
    with steady as (
        select core, min(node) as node, sum(n_mention) as n_mention from witness
        group by core having min(bearing) = max(bearing)
    ),
    several as (from witness anti join steady using (core)),
    names as (
        select core, given_name, given_1, given_2, given_key, sum(n_mention) as votes from several
        where given_name is not null group by 1, 2, 3, 4, 5
        qualify row_number() over (partition by core order by votes desc, given_name) = 1
    ),
    surnames as (
        select core, surname_1, surname_2, surname_1_key, surname_2_key, sum(n_mention) as votes from several
        where surname_1 is not null group by 1, 2, 3, 4, 5
        qualify row_number() over (partition by core order by votes desc, surname_1, surname_2) = 1
    ),
    dates as (
        select core, birth_date, sum(n_mention) as n_date from several
        where birth_date is not null and birth_date_precision = 'day' group by 1, 2
        qualify row_number() over (partition by core order by n_date desc, birth_date) = 1
    ),
    sexes as (
        select core, sex, sum(n_mention) as n_sex from several where sex is not null group by 1, 2
        qualify row_number() over (partition by core order by n_sex desc, sex) = 1
    )
    select c.cluster, c.core as node, n.* exclude (core, votes), s.* exclude (core, votes),
        d.* exclude (core), x.* exclude (core)
    from (select distinct cluster, core from several) as c left join names as n using (core)
    left join surnames as s using (core) left join dates as d using (core) left join sexes as x using (core)
    union all by name
    select cluster, core as node, given_name, given_1, given_2, given_key, surname_1, surname_1_key,
        case when surname_1 is not null then surname_2 end as surname_2,
        case when surname_1 is not null then surname_2_key end as surname_2_key,
        case when birth_date_precision = 'day' then birth_date end as birth_date,
        case when birth_date_precision = 'day' and birth_date is not null then t.n_mention end as n_date,
        sex, case when sex is not null then t.n_mention end as n_sex
    from witness join steady as t using (core, node)
"""

#: Couples of other given names that a record of each gives the same surnames: most records of a short history may err.
ALIKE = """
    create or replace temp table alike as
    with couple as (
        select l.node as l, r.node as r from said as l join said as r using (cluster)
        where l.node < r.node and l.given_name <> r.given_name
    ),
    told as (
        select distinct core, surname_1_key as first, surname_2_key as second from witness
        where core in (select l from couple union select r from couple) and surname_1_key is not null
    )
    select distinct l, r from couple join told as a on a.core = l join told as b on b.core = r
    where damerau_levenshtein(a.first, b.first) <= 1 and coalesce(damerau_levenshtein(a.second, b.second) <= 1, true)
        or a.first = b.second and b.first = a.second
"""

#: A word that stands beside so many first surnames is a name, and no slip of the hand.
NAMED = 10

#: The words of the given names of couples that names may part, each beside each of the other's; ``is_sure`` are names
#: that several records of a core repeat.
WORDS = f"""
    create or replace temp table word as
    with doubtful as (
        select l.node as l, r.node as r from said as l join said as r using (cluster)
        where l.node < r.node and l.given_name <> r.given_name
            and (l.sex <> r.sex or (l.node, r.node) in (select l, r from alike))
    ),
    repeated as (
        select core as node, given_name, sum(n_mention) > 1 as is_repeated from witness group by all
    ),
    spelt as (
        select node, unnest(string_split(given_name, ' ')) as word, is_repeated
        from said join repeated using (node, given_name)
        where node in (select l from doubtful union select r from doubtful)
    ),
    borne as (
        select given_1 as word, surname_1_key from bearer
        where given_1 in (select word from spelt where is_repeated)
        union
        select given_2, surname_1_key from bearer where given_2 in (select word from spelt where is_repeated)
    ),
    known as (select word from borne group by word having count(*) >= {NAMED}),
    counted as (
        select node, word, count(*) over (partition by node) as words,
            is_repeated and word in (from known) as is_sure from spelt
    ),
    both_ways as (select l, r from doubtful union all select r, l from doubtful)
    select b.l, b.r, a.word, a.words, o.word as other, o.words as others, a.is_sure and o.is_sure as is_sure
    from both_ways as b join counted as a on a.node = b.l join counted as o on o.node = b.r
"""
