-- movement_conflict: one row per crossing that could not be true, for review: crossings recorded after the death.
-- Reads: passage, person.
select
    'crossing_after_death' as rule,
    passage.person_id,
    passage.record_id,
    concat(passage.direction, ' ', passage.movement_date, ', death ', person.death_date) as detail
from passage
inner join person on person.person_id = passage.person_id
where passage.fate = 'after_death'
