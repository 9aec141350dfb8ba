-- cohort: one row per crossing in the migrating direction that was decided with its whole window observed: the
-- experience from which open crossings are estimated. Crossings of the burn-in, whose initial status is least sure,
-- are kept: leaving them out would halve a short series.
--
-- `spell_days` is the length of the first spell on the new side (null: not ended within the window).
-- Reads: verdict, movement, person.
select
    verdict.direction,
    coalesce(person.citizenship_code, '') = :country as is_national,
    case
        when date_diff('day', verdict.movement_date, following.movement_date) < :window
            then date_diff('day', verdict.movement_date, following.movement_date)
    end as spell_days,
    cast(case when verdict.is_migration then 1 else 0 end as integer) as is_migration
from (
    select
        *,
        lead(seq) over (partition by person_id order by seq) as next_seq
    from verdict
) as verdict
inner join person on person.person_id = verdict.person_id
left join movement as following on following.person_id = verdict.person_id and following.seq = verdict.next_seq
where verdict.is_migrating_direction
    and verdict.finalised_on is not null
    and date_diff('day', verdict.movement_date, :observed_until) >= :window
