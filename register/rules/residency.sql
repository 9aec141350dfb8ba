-- residency: one row per person and stretch of time with one probability of residence above zero: who resided when.
--
-- Status 1 counts 1; where the status is open, the probability of residence counts. A stretch holds from the day after
-- `after_date` to `until_date`, so that a movement on 1 January comes after the stock of that day. Nobody resides before
-- birth or after death; a birth date after the first movement cannot be right and is left out of account.
-- `begins_by_birth`: the person was born into the stretch. `ends_by_death`: it ends by death.
-- Reads: verdict, outlook, stay, person.
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

first_movement as (
    select person_id, min(movement_date) as movement_date from verdict group by person_id
),

bounded as (
    select
        spell.person_id,
        spell.probability,
        spell.is_final,
        spell.from_date,
        coalesce(spell.to_date, date '9999-12-31') as to_date,
        case
            when first_movement.movement_date is null or person.birth_date <= first_movement.movement_date
                then person.birth_date
        end as born_on,
        coalesce(person.death_date, date '9999-12-31') as died_on
    from spell
    inner join person on person.person_id = spell.person_id
    left join first_movement on first_movement.person_id = spell.person_id
    where spell.probability > 0.000001
)

select
    person_id,
    probability,
    is_final,
    greatest(from_date, coalesce(born_on, from_date)) as after_date,
    least(to_date, died_on) as until_date,
    coalesce(born_on > from_date, false) as begins_by_birth,
    died_on <= to_date as ends_by_death
from bounded
where greatest(from_date, coalesce(born_on, from_date)) < least(to_date, died_on)
