-- residents on :day by sex, age, citizenship, country of birth and department, with the variance of their number.
--
-- Where the status is open, the probability of residence counts. The department is that of the permit nearest in time,
-- null for those who never had one.
-- Reads: residency, person, permit, mention, membership.
with resident as (
    select person_id, probability, is_final
    from residency
    where after_date < :day and :day <= until_date
),

permit_near as (
    select
        resident.person_id,
        permit.department_code,
        row_number() over (
            partition by resident.person_id
            order by abs(date_diff('day', permit.issued_on, :day)), permit.issued_on, permit.record_id
        ) as turn
    from resident
    inner join membership on membership.person_id = resident.person_id
    inner join mention on mention.identity_id = membership.identity_id and mention.role = 'self'
    inner join permit on permit.record_id = mention.record_id
    where permit.department_code is not null
)

select
    coalesce(person.sex, '0') as sex,
    year(:day) - year(person.birth_date)
    - case
        when month(:day) * 100 + day(:day) < month(person.birth_date) * 100 + day(person.birth_date) then 1
        else 0
    end as age,
    age_group.code as age_group,
    person.citizenship_code,
    person.birth_country_code,
    permit_near.department_code,
    sum(resident.probability) as total,
    sum(resident.probability * (1.0 - resident.probability)) as variance,
    sum(case when resident.is_final = 1 then resident.probability else 0.0 end) as final
from resident
inner join person on person.person_id = resident.person_id
left join permit_near on permit_near.person_id = resident.person_id and permit_near.turn = 1
left join age_group
    on year(:day) - year(person.birth_date)
    - case
        when month(:day) * 100 + day(:day) < month(person.birth_date) * 100 + day(person.birth_date) then 1
        else 0
    end between cast(age_group.age_from as integer) and coalesce(cast(age_group.age_to as integer), 999)
group by
    person.sex, person.birth_date, age_group.code, person.citizenship_code, person.birth_country_code,
    permit_near.department_code
