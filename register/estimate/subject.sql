-- subject: one row per person of observed, key person_id: what the model of missing crossings knows of her beforehand.
--
-- `population`: 0 nationals; foreigners with a permit or visa of residence at any time, 1 by the ordinary way, 2 under
-- protection, as many who entered irregularly are; 3 the other foreigners. Each has its own model. `origin`: the citizenship, which tells kinds of travellers apart. `starts_on`: the first day of her
-- observation; `is_born`: it is her birth in the country, which makes a resident.
-- Reads: observed, person, permit, visa, permit_class, visa_class, mention, membership.
with document as (
    select membership.person_id, bool_or(papers.is_protection) as is_protection
    from (
        select permit.record_id, permit_class.kind = 'protection' as is_protection
        from permit
        inner join permit_class on permit_class.code = permit.permit_class_code
        where cast(permit_class.permits_residence as boolean)
        union all
        select visa.record_id, false as is_protection
        from visa
        inner join visa_class on visa_class.code = visa.visa_class_code
        where cast(visa_class.permits_residence as boolean)
    ) as papers
    inner join mention on mention.record_id = papers.record_id and mention.role = 'self'
    inner join membership on membership.identity_id = mention.identity_id
    group by membership.person_id
)

select
    person.person_id,
    case
        when coalesce(person.citizenship_code, '') = :country then 0
        when document.person_id is not null and not document.is_protection then 1
        else 2
    end as population,
    coalesce(person.citizenship_code, '') as origin,
    case
        when person.birth_in_country and person.birth_date >= :observed_from and person.birth_date <= seen.first_on
            then date_diff('day', date '0001-01-01', person.birth_date)
        else date_diff('day', date '0001-01-01', :observed_from)
    end as starts_on,
    coalesce(person.birth_in_country and person.birth_date >= :observed_from and person.birth_date <= seen.first_on, false)
        as is_born
from (
    select person_id, date '0001-01-01' + cast(min(day) as integer) as first_on from observed group by person_id
) as seen
inner join person on person.person_id = seen.person_id
left join document on document.person_id = seen.person_id
order by person.person_id
