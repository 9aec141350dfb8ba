-- flow: what is counted in migrations of a year by direction, sex, five-year age group, citizenship, country of birth and
-- counterpart country, at full cross grain: every migration is in exactly one cell, so that any sum over cells is a
-- total. figures.py makes the figures.
--
-- Years that begin within the first W days of the series (the burn-in, in which initial statuses are guessed) are left
-- out; the events themselves are kept.
-- Reads: event, completed_event, drawn_event, linkage_change, age_group.
with known as (
    select person_id, draw, weight, probability, status, year, direction, sex, age, citizenship_code, birth_country_code,
        counterpart_country_code
    from completed_event
),

told as (
    select *, 0 as linkage, case when status = 'final' then probability else 0.0 end as final, 0.0 as plain from known
    union all
    select one.* replace (one.weight * linkage_change.sign as weight), linkage_change.linkage, 0.0 as final, 0.0 as plain
    from (
        select * from known
        union all
        select person_id, draw, weight, probability, status, year, direction, sex, age, citizenship_code,
            birth_country_code, counterpart_country_code
        from drawn_event
    ) as one
    inner join linkage_change on linkage_change.person_id = one.person_id
    union all
    select person_id, 0 as draw, 0.0 as weight, 0.0 as probability, status, year, direction, sex, age, citizenship_code,
        birth_country_code, counterpart_country_code, 0 as linkage, 0.0 as final, probability as plain
    from event
)

select
    told.year,
    told.direction,
    coalesce(told.sex, '0') as sex,
    age_group.code as age_group,
    told.citizenship_code,
    told.birth_country_code,
    told.counterpart_country_code,
    told.draw,
    told.linkage,
    told.weight,
    told.probability,
    told.final,
    told.plain
from told
left join age_group
    on told.age >= cast(age_group.age_from as integer)
    and told.age <= coalesce(cast(age_group.age_to as integer), 999)
where date_diff('day', :observed_from, cast(concat(cast(told.year as varchar), '-01-01') as date)) >= :window
