-- subject: one row per person of observed, key person_id: what the model of missing crossings knows of her beforehand.
--
-- `population`: 0 nationals, 1 foreigners; each has a model of its own. `origin`: the citizenship, which tells kinds of
-- travellers apart, as do `is_announced` (a visa of residence) and `is_protected` (her permits are for people under protection, as many who entered
-- irregularly are; null without a permit). `starts_on`: the first day of her observation; `is_born`: it is her birth in
-- the country, which makes a resident. `turn`: her place among all, at random (the first of them are a sample) but by what
-- extracts say of her and not by her id, so that the same extracts give the same estimates whatever the key of the project
-- and the ids of an earlier run are.
-- Reads: observed, person, permit, visa, permit_class, visa_class, mention, membership.
with document as (
    select
        membership.person_id,
        bool_or(papers.is_visa) as is_announced,
        bool_or(papers.is_protection) as is_protected
    from (
        select permit.record_id, false as is_visa, permit_class.kind = 'protection' as is_protection
        from permit
        inner join permit_class on permit_class.code = permit.permit_class_code
        where cast(permit_class.permits_residence as boolean)
        union all
        select visa.record_id, true as is_visa, cast(null as boolean) as is_protection
        from visa
        inner join visa_class on visa_class.code = visa.visa_class_code
        where cast(visa_class.permits_residence as boolean)
    ) as papers
    inner join mention on mention.record_id = papers.record_id and mention.role = 'self'
    inner join membership on membership.identity_id = mention.identity_id
    group by membership.person_id
),

said as (
    select
        membership.person_id,
        sum(cast(concat('0x', left(md5(concat(mention.record_id, '|', mention.role)), 15)) as hugeint)) as told
    from mention
    inner join membership on membership.identity_id = mention.identity_id
    group by membership.person_id
)

select
    person.person_id,
    case when coalesce(person.citizenship_code, '') = :country then 0 else 1 end as population,
    coalesce(person.citizenship_code, '') as origin,
    coalesce(document.is_announced, false) as is_announced,
    document.is_protected,
    case
        when person.birth_in_country and person.birth_date >= :observed_from and person.birth_date <= seen.first_on
            then date_diff('day', date '0001-01-01', person.birth_date)
        else date_diff('day', date '0001-01-01', :observed_from)
    end as starts_on,
    coalesce(person.birth_in_country and person.birth_date >= :observed_from and person.birth_date <= seen.first_on, false)
        as is_born,
    row_number() over (order by md5(cast(said.told as varchar)), person.person_id) as turn
from (
    select person_id, date '0001-01-01' + cast(min(day) as integer) as first_on from observed group by person_id
) as seen
inner join person on person.person_id = seen.person_id
inner join said on said.person_id = seen.person_id
left join document on document.person_id = seen.person_id
order by turn
