-- history: one row per movement in scope, as the residence rule reads it, key (person, position); a person's rows
-- alternate between arrivals and departures.
--
-- `position` is the order within the person: whole days times 2^32, then the order within the day. `side` is where the
-- movement leads: 1 in the country, 0 out of it. `closes` is the day after a death (null while alive): what has not
-- happened by then never will. `segment` counts the times that a status was set anew from outside (never here; see
-- classify), and `initial_status` is the status at the start of the segment.
-- Reads: movement, initial_status, person.
select
    movement.person_id as person,
    date_diff('day', date '0001-01-01', movement.movement_date) * 4294967296 + movement.seq as position,
    cast(date_diff('day', date '0001-01-01', movement.movement_date) as integer) as day,
    cast(case when movement.direction = 'arrival' then 1 else 0 end as integer) as side,
    true as is_crossing,
    cast(date_diff('day', date '0001-01-01', person.death_date) + 1 as integer) as closes,
    0 as segment,
    initial_status.status as initial_status
from movement
inner join person on person.person_id = movement.person_id
inner join initial_status on initial_status.person_id = movement.person_id
where movement.is_in_scope
