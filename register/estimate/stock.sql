-- stock: residents on each reference date by sex, five-year age group, citizenship and country of birth, at full cross grain.
--
-- Where the status is open, the probability of residence counts; the mean over the completed registers, standard_error
-- and share_final as in flow, plain_estimate of the register as it was written down.
-- A movement on a reference date comes after its stock.
-- Reads: reference, residency, completed_residency, person, age_group.
with stretch as (
    select person_id, draw, weight, probability, is_final, after_date, until_date, 0.0 as plain
    from completed_residency
    union all
    select person_id, 0 as draw, 0.0 as weight, 0.0 as probability, is_final, after_date, until_date, probability as plain
    from residency
),

counted as (
    select
        reference.reference_date,
        coalesce(person.sex, '0') as sex,
        year(reference.reference_date) - year(person.birth_date)
        - case when month(person.birth_date) = 1 and day(person.birth_date) = 1 then 0 else 1 end as age,
        person.citizenship_code,
        person.birth_country_code,
        stretch.draw,
        stretch.weight,
        stretch.probability,
        stretch.is_final,
        stretch.plain
    from stretch
    inner join person on person.person_id = stretch.person_id
    inner join reference
        on stretch.after_date < reference.reference_date and reference.reference_date <= stretch.until_date
),

by_draw as (
    select
        counted.reference_date,
        counted.sex,
        age_group.code as age_group,
        counted.citizenship_code,
        counted.birth_country_code,
        counted.draw,
        sum(counted.probability) as value,
        sum(counted.weight * counted.probability) as estimate,
        sum(counted.weight * counted.probability * (1.0 - counted.probability)) as outcome,
        sum(case when counted.is_final = 1 then counted.weight * counted.probability else 0.0 end) as final,
        sum(counted.plain) as plain
    from counted
    left join age_group
        on counted.age >= cast(age_group.age_from as integer)
        and counted.age <= coalesce(cast(age_group.age_to as integer), 999)
    group by
        counted.reference_date, counted.sex, age_group.code, counted.citizenship_code, counted.birth_country_code,
        counted.draw
),

cell as (
    select
        reference_date, sex, age_group, citizenship_code, birth_country_code,
        sum(estimate) as estimate,
        sum(outcome) as outcome,
        sum(final) as final,
        sum(plain) as plain,
        greatest(
            0.0,
            sum(case when draw > 0 then value * value else 0.0 end)
            - power(sum(case when draw > 0 then value else 0.0 end), 2) / :draws
        ) / greatest(:draws - 1, 1) * (1.0 + 1.0 / :draws) as spread
    from by_draw
    group by reference_date, sex, age_group, citizenship_code, birth_country_code
)

select
    reference_date,
    sex,
    age_group,
    citizenship_code,
    birth_country_code,
    estimate,
    sqrt(outcome + spread) as standard_error,
    coalesce(final / nullif(estimate, 0.0), 1.0) as share_final,
    plain as plain_estimate
from cell
