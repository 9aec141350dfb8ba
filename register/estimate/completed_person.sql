-- completed_person: as person, for each case of a part, with the case's id for the person's, and its weight: that of the
-- completion, none for people whom other linkages make.
-- Reads: person, completion.
select
    person.* replace (completion.case_id as person_id),
    case when completion.is_drawn then 0.0 else completion.weight end as weight
from person
inner join completion on completion.person_id = person.person_id
where completion.part = :part
