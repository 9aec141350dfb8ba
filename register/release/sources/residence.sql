-- residence: one row per spell in which a person may live in the country, with the probability that she does: as in the
-- rule's stock. A spell holds from the day after its movement (after_date) to until_date, birth and death taken in.
-- Reads: verdict, outlook, stay, person.
with numbered as (
    select
        person_id, seq, movement_date, status_before, status_after,
        row_number() over (partition by person_id order by seq) as turn,
        lead(movement_date) over (partition by person_id order by seq) as next_date
    from verdict
),

spell as (
    select
        person_id, date '0001-01-01' as from_date, movement_date as to_date, cast(status_before as double) as weight,
        true as is_final
    from numbered
    where turn = 1
    union all
    select
        stay.person_id, date '0001-01-01' as from_date, cast(null as date) as to_date,
        cast(case when stay.is_present then 1 else 0 end as double) as weight, true as is_final
    from stay
    left join numbered on numbered.person_id = stay.person_id and numbered.turn = 1
    where numbered.person_id is null
    union all
    select
        numbered.person_id, numbered.movement_date as from_date, numbered.next_date as to_date,
        coalesce(outlook.probability_resident, cast(numbered.status_after as double)) as weight,
        outlook.person_id is null as is_final
    from numbered
    left join outlook on outlook.person_id = numbered.person_id and outlook.seq = numbered.seq
)

select
    spell.person_id,
    spell.weight,
    spell.is_final,
    greatest(spell.from_date, coalesce(person.birth_date, spell.from_date)) as after_date,
    least(coalesce(spell.to_date, date '9999-12-31'), coalesce(person.death_date, date '9999-12-31')) as until_date,
    person.birth_date,
    person.death_date,
    person.birth_in_country,
    person.sex,
    person.citizenship_code
from spell
inner join person on person.person_id = spell.person_id
where spell.weight > 0.000001
