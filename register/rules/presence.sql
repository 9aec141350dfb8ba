-- presence: one row per act that shows a person in the country on a day.
--
-- A permit issued to the person, the birth of her child, a marriage: evidence that does not come from the border. A visa
-- is issued abroad and shows nothing; a father may register a child from anywhere.
-- Reads: permit, birth, marriage, mention, membership, person.
with act as (
    select permit.record_id, 'self' as role, permit.issued_on as shown_on, 'permit' as kind from permit
    union all
    select birth.record_id, 'mother' as role, birth.born_on as shown_on, 'birth' as kind from birth
    union all
    select marriage.record_id, 'spouse_1' as role, marriage.married_on as shown_on, 'marriage' as kind from marriage
    union all
    select marriage.record_id, 'spouse_2' as role, marriage.married_on as shown_on, 'marriage' as kind from marriage
)

select distinct membership.person_id, act.shown_on, act.kind
from act
inner join mention on mention.record_id = act.record_id and mention.role = act.role
inner join membership on membership.identity_id = mention.identity_id
inner join person on person.person_id = membership.person_id
where act.shown_on <= :observed_until
    and (person.death_date is null or act.shown_on <= person.death_date)
    and (person.birth_date is null or act.shown_on >= person.birth_date)
