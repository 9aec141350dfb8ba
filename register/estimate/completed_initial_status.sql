-- completed_initial_status: as initial_status, for each case of a part: the status before the first movement, which the
-- model draws with everything else; of people whom it does not know, the register's.
-- Reads: initial_status, completion, opening.
select
    completion.case_id as person_id,
    cast(coalesce(opening.status, initial_status.status) as integer) as status,
    initial_status.evidence,
    initial_status.known_on
from initial_status
inner join completion on completion.person_id = initial_status.person_id
left join opening
    on opening.person_id = completion.person_id and opening.draw = greatest(completion.draw, 1)
where completion.part = :part
