-- stay: one row per spell in or out of the country, from_date to to_date (exclusive; null = still), key (person_id,
-- from_date). A person's stays follow each other without gap or overlap from the start of the series, or from birth
-- in the country or a first day known, to the death or the end of observation. Spells of no day are left out.
-- Reads: movement, initial_status, person.
with mover as (
    select
        person_id,
        movement_date,
        direction,
        is_imputed,
        imputation,
        seq,
        row_number() over (partition by person_id order by seq) as turn,
        lead(movement_date) over (partition by person_id order by seq) as next_date,
        lead(is_imputed) over (partition by person_id order by seq) as next_is_imputed,
        lead(imputation) over (partition by person_id order by seq) as next_imputation
    from movement
    where is_in_scope
),

spell as (
    -- Before the first movement the person was on the other side.
    select
        initial_status.person_id,
        case
            when initial_status.evidence = 'birth' and person.birth_date >= :observed_from then person.birth_date
            else :observed_from
        end as from_date,
        mover.movement_date as to_date,
        case when mover.direction is null then initial_status.status = 1 else mover.direction = 'departure' end as is_present,
        initial_status.evidence as from_evidence,
        case
            when mover.movement_date is null then null
            when mover.is_imputed then mover.imputation
            else 'crossing'
        end as to_evidence
    from initial_status
    inner join person on person.person_id = initial_status.person_id
    left join mover on mover.person_id = initial_status.person_id and mover.turn = 1
    union all
    select
        person_id,
        movement_date as from_date,
        next_date as to_date,
        direction = 'arrival' as is_present,
        case when is_imputed then imputation else 'crossing' end as from_evidence,
        case
            when next_date is null then null
            when next_is_imputed then next_imputation
            else 'crossing'
        end as to_evidence
    from mover
)

select
    spell.person_id,
    spell.from_date,
    case when person.death_date <= :observed_until then coalesce(spell.to_date, person.death_date) else spell.to_date end
        as to_date,
    spell.is_present,
    spell.from_evidence,
    case
        when spell.to_date is null and person.death_date <= :observed_until then 'death' else spell.to_evidence
    end as to_evidence
from spell
inner join person on person.person_id = spell.person_id
where spell.from_date < coalesce(
    spell.to_date, case when person.death_date <= :observed_until then person.death_date end, date '9999-12-31'
)
