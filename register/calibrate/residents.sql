-- residents on :day by sex, age, citizenship, country of birth, department, draw of what the register misses and draw of
-- the linkage (0: none).
--
-- As in the stock: where the status is open, the probability of residence counts; `total` is the mean over completed
-- registers, `variance` that of open outcomes, `value` what one draw has, of which the spread is the error for what
-- is missing, `change` by how much another linkage differs, of which the spread is the error of linkage. The department is
-- that of the permit nearest in time, null for those who never had one.
-- Reads: completed_residency, drawn_residency, linkage_change, person, drawn_person, permit, mention, membership,
-- drawn_membership, age_group.
with known as (
    select person_id, draw, weight, probability, is_final
    from completed_residency
    where after_date < :day and :day <= until_date
),

other as (
    select person_id, draw, weight, probability, is_final
    from drawn_residency
    where after_date < :day and :day <= until_date
),

resident as (
    select *, 0 as linkage, 0.0 as change from known
    union all
    select
        one.person_id,
        0 as draw,
        0.0 as weight,
        0.0 as probability,
        one.is_final,
        linkage_change.linkage,
        linkage_change.sign * one.weight * one.probability as change
    from (select * from known union all select * from other) as one
    inner join linkage_change on linkage_change.person_id = one.person_id
),

someone as (
    select person_id, sex, birth_date, citizenship_code, birth_country_code from person
    union all
    select person_id, sex, birth_date, citizenship_code, birth_country_code from drawn_person
),

belongs as (
    select identity_id, person_id from membership
    union
    select identity_id, person_id from drawn_membership
),

permit_near as (
    select
        seen.person_id,
        permit.department_code,
        row_number() over (
            partition by seen.person_id
            order by abs(date_diff('day', permit.issued_on, :day)), permit.issued_on, permit.record_id
        ) as turn
    from (select distinct person_id from resident) as seen
    inner join belongs on belongs.person_id = seen.person_id
    inner join mention on mention.identity_id = belongs.identity_id and mention.role = 'self'
    inner join permit on permit.record_id = mention.record_id
    where permit.department_code is not null
),

described as (
    select
        nullif(someone.sex, '0') as sex,
        year(:day) - year(someone.birth_date)
        - case
            when month(:day) * 100 + day(:day) < month(someone.birth_date) * 100 + day(someone.birth_date) then 1
            else 0
        end as age,
        someone.citizenship_code,
        someone.birth_country_code,
        permit_near.department_code,
        resident.draw,
        resident.linkage,
        resident.change,
        resident.weight,
        resident.probability,
        resident.is_final
    from resident
    inner join someone on someone.person_id = resident.person_id
    left join permit_near on permit_near.person_id = resident.person_id and permit_near.turn = 1
)

select
    described.sex,
    described.age,
    age_group.code as age_group,
    described.citizenship_code,
    described.birth_country_code,
    described.department_code,
    described.draw,
    described.linkage,
    sum(case when described.draw > 0 then described.probability else 0.0 end) as value,
    sum(described.weight * described.probability) as total,
    sum(described.weight * described.probability * (1.0 - described.probability)) as variance,
    sum(case when described.is_final = 1 then described.weight * described.probability else 0.0 end) as final,
    sum(described.change) as change
from described
left join age_group
    on described.age >= cast(age_group.age_from as integer)
    and described.age <= coalesce(cast(age_group.age_to as integer), 999)
group by
    described.sex, described.age, age_group.code, described.citizenship_code, described.birth_country_code,
    described.department_code, described.draw, described.linkage
