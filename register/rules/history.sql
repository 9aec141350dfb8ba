-- history: one row per movement in scope, as the residence rule reads it, key (person, position).
--
-- `position` is the order within the person (whole days times 2^32, then the order within the day), so that a window of
-- days is a range of positions; `change` is what the movement does to presence (+1, -1; 0 for one that repeats);
-- `ends` is the first day that cannot be observed: the day after the cut-off, or after the death, which closes the
-- person's windows (`is_closed`): what has not happened by then never will. `segment` counts the times that a status was
-- set anew from outside (never here; see classify).
-- Reads: movement, initial_status, person.
with dated as (
    select
        movement.person_id as person,
        movement.seq,
        date_diff('day', date '0001-01-01', movement.movement_date) as day,
        movement.direction = 'arrival' as is_arrival,
        initial_status.status as initial_status,
        date_diff('day', date '0001-01-01', :observed_until) + 1 as cutoff,
        date_diff('day', date '0001-01-01', person.death_date) + 1 as death
    from movement
    inner join person on person.person_id = movement.person_id
    inner join initial_status on initial_status.person_id = movement.person_id
    where movement.is_in_scope
)

select
    person,
    cast(day as bigint) * 4294967296 + seq as position,
    cast(day as integer) as day,
    is_arrival,
    true as is_crossing,
    case when is_arrival then 1 else -1 end as change,
    cast(least(cutoff, coalesce(death, cutoff)) as integer) as ends,
    coalesce(death < cutoff, false) as is_closed,
    0 as segment,
    initial_status
from dated
