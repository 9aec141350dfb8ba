-- stock: what is counted in residents on each reference date by sex, five-year age group, citizenship and country of
-- birth, at full cross grain. figures.py makes the figures.
--
-- Where the status is open, the probability of residence counts. A movement on a reference date comes after its stock.
-- Reads: reference, residency, completed_residency, drawn_residency, linkage_change, person, drawn_person, age_group.
with known as (
    select person_id, draw, weight, probability, is_final, after_date, until_date from completed_residency
),

told as (
    select *, 0 as linkage, 0.0 as plain from known
    union all
    select one.* replace (one.weight * linkage_change.sign as weight), linkage_change.linkage, 0.0 as plain
    from (
        select * from known
        union all
        select person_id, draw, weight, probability, is_final, after_date, until_date from drawn_residency
    ) as one
    inner join linkage_change on linkage_change.person_id = one.person_id
    union all
    select person_id, 0 as draw, 0.0 as weight, 0.0 as probability, is_final, after_date, until_date, 0 as linkage,
        probability as plain
    from residency
),

resident as (
    select
        reference.reference_date,
        someone.sex,
        year(reference.reference_date) - year(someone.birth_date)
        - case when month(someone.birth_date) = 1 and day(someone.birth_date) = 1 then 0 else 1 end as age,
        someone.citizenship_code,
        someone.birth_country_code,
        told.*
    from told
    inner join (
        select person_id, sex, birth_date, citizenship_code, birth_country_code from person
        union all
        select person_id, sex, birth_date, citizenship_code, birth_country_code from drawn_person
    ) as someone on someone.person_id = told.person_id
    inner join reference
        on told.after_date < reference.reference_date and reference.reference_date <= told.until_date
)

select
    resident.reference_date,
    coalesce(resident.sex, '0') as sex,
    age_group.code as age_group,
    resident.citizenship_code,
    resident.birth_country_code,
    resident.draw,
    resident.linkage,
    resident.weight,
    resident.probability,
    case when resident.is_final = 1 then resident.probability else 0.0 end as final,
    resident.plain
from resident
left join age_group
    on resident.age >= cast(age_group.age_from as integer)
    and resident.age <= coalesce(cast(age_group.age_to as integer), 999)
