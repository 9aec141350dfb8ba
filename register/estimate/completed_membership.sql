-- completed_membership: as membership, for each case of a part, with the case's id for the person's.
-- Reads: membership, completion.
select membership.* replace (completion.case_id as person_id)
from membership
inner join completion on completion.person_id = membership.person_id
where completion.part = :part
