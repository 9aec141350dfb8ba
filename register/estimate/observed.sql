-- observed: one row per thing seen of a person, in order, key (person_id, step): her recorded crossings, the acts that
-- show her in the country, and the end of her observation. It is what the model of missing crossings reads.
--
-- kind: 0 arrival, 1 departure, 2 first permit, 3 any other act, 4 the end of the series, 5 death, 6 a permit renewed, 7 a
-- permit that ran out and was not renewed, which tells of people who left. `day` counts from 0001-01-01. `post` and `purpose` are those of a crossing. Imputed legs are left out: the model puts its own in their place.
-- Reads: movement, presence, person, permit, permit_class, mention, membership.
with crossing_seen as (
    select
        person_id, movement_date as seen_on, seq * 2 as place, case when direction = 'arrival' then 0 else 1 end as kind,
        seq, border_post_code as post, purpose_code as purpose
    from movement
    where is_in_scope and not is_imputed
),

act as (
    select
        person_id, shown_on, kind,
        row_number() over (partition by person_id, kind order by shown_on) as turn,
        min(shown_on) over (partition by person_id, kind order by shown_on) as first_on
    from presence
    where shown_on >= :observed_from
),

-- An act on the day of a crossing comes after an arrival and before a departure: where a person is seen, she is.
act_seen as (
    select
        act.person_id, act.shown_on as seen_on,
        coalesce(
            max(case when crossing_seen.kind = 0 then crossing_seen.place + 1 end),
            min(crossing_seen.place - 1),
            0
        ) as place,
        min(case when act.kind = 'permit' and act.turn = 1 then 2 when act.kind = 'permit' then 6 else 3 end) as kind,
        cast(null as bigint) as seq,
        cast(null as varchar) as post,
        cast(null as varchar) as purpose
    from act
    left join crossing_seen on crossing_seen.person_id = act.person_id and crossing_seen.seen_on = act.shown_on
    group by act.person_id, act.shown_on
),

-- A permit counts as renewed by any that is issued from half a year before it runs out until a quarter after.
held as (
    select
        membership.person_id, permit.issued_on, permit.expires_on,
        lead(permit.issued_on) over (partition by membership.person_id order by permit.issued_on, permit.record_id) as next_on
    from permit
    inner join permit_class on permit_class.code = permit.permit_class_code
    inner join mention on mention.record_id = permit.record_id and mention.role = 'self'
    inner join membership on membership.identity_id = mention.identity_id
    where cast(permit_class.permits_residence as boolean) and permit.expires_on > permit.issued_on
),

lapsed as (
    select distinct
        held.person_id,
        held.expires_on as seen_on,
        cast(0 as bigint) as place,
        7 as kind,
        cast(null as bigint) as seq,
        cast(null as varchar) as post,
        cast(null as varchar) as purpose
    from held
    inner join person on person.person_id = held.person_id
    where held.expires_on >= :observed_from
        and held.expires_on + 90 <= :observed_until
        and (held.next_on is null or held.next_on > held.expires_on + 90)
        and (person.death_date is null or person.death_date > held.expires_on + 90)
        and (person.birth_date is null or person.birth_date < held.expires_on)
),

ended as (
    select
        person_id,
        case when death_date <= :observed_until then death_date else :observed_until + 1 end as seen_on,
        9223372036854775807 as place,
        case when death_date <= :observed_until then 5 else 4 end as kind,
        cast(null as bigint) as seq,
        cast(null as varchar) as post,
        cast(null as varchar) as purpose
    from person
    where death_date is null or death_date >= :observed_from
),

united as (
    select * from crossing_seen
    union all
    select * from act_seen
    union all
    select * from lapsed
    union all
    select ended.* from ended
    inner join (select person_id from crossing_seen union select person_id from act_seen union select person_id from lapsed) as seen
        on seen.person_id = ended.person_id
)

select
    person_id,
    row_number() over (partition by person_id order by seen_on, place) as step,
    date_diff('day', date '0001-01-01', seen_on) as day,
    kind,
    seq,
    post,
    purpose
from united
