-- stock: residents on 1 January by sex, five-year age group, citizenship and country of birth, at full cross grain.
--
-- A resident is who has status 1 after the last movement before the day (or initially), is born and not dead. Where the
-- status is open, the probability of residence counts; standard_error and share_final as in flow. Reference dates are
-- the 1 Januaries after the start of the series (at most a hundred) up to the day after the cut-off.
-- Reads: verdict, outlook, stay, person, age_group.
with numbered as (
    select
        person_id,
        seq,
        movement_date,
        status_before,
        status_after,
        row_number() over (partition by person_id order by seq) as turn,
        lead(movement_date) over (partition by person_id order by seq) as next_date
    from verdict
),

spell as (
    -- Before the first movement; and for those who never moved, the side they were on.
    select
        person_id,
        date '0001-01-01' as from_date,
        movement_date as to_date,
        cast(status_before as double) as probability,
        1 as is_final
    from numbered
    where turn = 1
    union all
    select
        stay.person_id,
        date '0001-01-01' as from_date,
        cast(null as date) as to_date,
        cast(case when stay.is_present then 1 else 0 end as double) as probability,
        1 as is_final
    from stay
    left join numbered on numbered.person_id = stay.person_id and numbered.turn = 1
    where numbered.person_id is null
    union all
    select
        numbered.person_id,
        numbered.movement_date as from_date,
        numbered.next_date as to_date,
        coalesce(outlook.probability_resident, cast(numbered.status_after as double)) as probability,
        case when outlook.person_id is null then 1 else 0 end as is_final
    from numbered
    left join outlook on outlook.person_id = numbered.person_id and outlook.seq = numbered.seq
),

resident as (
    select
        spell.probability,
        spell.is_final,
        person.sex,
        person.citizenship_code,
        person.birth_country_code,
        person.birth_date,
        -- A spell holds from the day after its movement, so that a movement on 1 January comes after the stock.
        greatest(spell.from_date, coalesce(person.birth_date, spell.from_date)) as after_date,
        least(
            coalesce(spell.to_date, date '9999-12-31'), coalesce(person.death_date, date '9999-12-31')
        ) as until_date
    from spell
    inner join person on person.person_id = spell.person_id
    where spell.probability > 0.000001
),

digit as (
    select 0 as n
    union all select 1 union all select 2 union all select 3 union all select 4
    union all select 5 union all select 6 union all select 7 union all select 8 union all select 9
),

reference as (
    select cast(concat(cast(year(:observed_from) + 1 + tens.n * 10 + ones.n as varchar), '-01-01') as date) as reference_date
    from digit as tens
    cross join digit as ones
    where year(:observed_from) + 1 + tens.n * 10 + ones.n <= year(:observed_until + 1)
),

counted as (
    select
        reference.reference_date,
        coalesce(resident.sex, '0') as sex,
        year(reference.reference_date) - year(resident.birth_date)
        - case when month(resident.birth_date) = 1 and day(resident.birth_date) = 1 then 0 else 1 end as age,
        resident.citizenship_code,
        resident.birth_country_code,
        resident.probability,
        resident.is_final
    from resident
    inner join reference
        on resident.after_date < reference.reference_date and reference.reference_date <= resident.until_date
)

select
    counted.reference_date,
    counted.sex,
    age_group.code as age_group,
    counted.citizenship_code,
    counted.birth_country_code,
    sum(counted.probability) as estimate,
    sqrt(sum(counted.probability * (1.0 - counted.probability))) as standard_error,
    sum(case when counted.is_final = 1 then counted.probability else 0.0 end) / sum(counted.probability) as share_final
from counted
left join age_group
    on counted.age >= cast(age_group.age_from as integer)
    and counted.age <= coalesce(cast(age_group.age_to as integer), 999)
group by counted.reference_date, counted.sex, age_group.code, counted.citizenship_code, counted.birth_country_code
