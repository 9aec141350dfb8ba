-- history: one row per movement in scope, as the residence rule reads it, key place; a person's rows alternate between
-- arrivals and departures.
--
-- `person` numbers the persons, `place` the rows in the order of person and time; `record` is the caller's own number
-- for the row, here the place. `side` is where the movement leads: 1 in the country, 0 out of it. `is_crossing` is false
-- for a leg that only completes the days and is not judged (see alternating). `closes` is the day after a death (null
-- while alive): what has not happened by then never will. `given_status` is the status before the person's first row;
-- where it differs from that of the row before, the status is set anew. Days count from 0001-01-01.
-- Reads: movement, initial_status, person.
with numbered as (
    select person_id, cast(row_number() over (order by person_id) as integer) as person
    from (select distinct person_id from movement where is_in_scope) as mover
)

select
    numbered.person,
    cast(numbered.person as bigint) * 4194304 + movement.seq as place,
    cast(numbered.person as bigint) * 4194304 + movement.seq as record,
    movement.person_id,
    movement.seq,
    cast(date_diff('day', date '0001-01-01', movement.movement_date) as integer) as day,
    cast(case when movement.direction = 'arrival' then 1 else 0 end as integer) as side,
    true as is_crossing,
    cast(date_diff('day', date '0001-01-01', person.death_date) + 1 as integer) as closes,
    initial_status.status as given_status
from movement
inner join numbered on numbered.person_id = movement.person_id
inner join person on person.person_id = movement.person_id
inner join initial_status on initial_status.person_id = movement.person_id
where movement.is_in_scope
order by place
