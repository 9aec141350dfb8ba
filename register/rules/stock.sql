-- stock: residents on 1 January by sex, five-year age group, citizenship and country of birth, at full cross grain.
--
-- Where the status is open, the probability of residence counts; standard_error and share_final as in flow. Reference
-- dates are the 1 Januaries after the start of the series (at most a hundred) up to the day after the cut-off.
-- Reads: residency, person, age_group.
with digit as (
    select 0 as n
    union all select 1 union all select 2 union all select 3 union all select 4
    union all select 5 union all select 6 union all select 7 union all select 8 union all select 9
),

reference as (
    select cast(concat(cast(year(:observed_from) + 1 + tens.n * 10 + ones.n as varchar), '-01-01') as date) as reference_date
    from digit as tens
    cross join digit as ones
    where year(:observed_from) + 1 + tens.n * 10 + ones.n <= year(:observed_until + 1)
),

counted as (
    select
        reference.reference_date,
        coalesce(person.sex, '0') as sex,
        year(reference.reference_date) - year(person.birth_date)
        - case when month(person.birth_date) = 1 and day(person.birth_date) = 1 then 0 else 1 end as age,
        person.citizenship_code,
        person.birth_country_code,
        residency.probability,
        residency.is_final
    from residency
    inner join person on person.person_id = residency.person_id
    inner join reference
        on residency.after_date < reference.reference_date and reference.reference_date <= residency.until_date
)

select
    counted.reference_date,
    counted.sex,
    age_group.code as age_group,
    counted.citizenship_code,
    counted.birth_country_code,
    sum(counted.probability) as estimate,
    sqrt(sum(counted.probability * (1.0 - counted.probability))) as standard_error,
    sum(case when counted.is_final = 1 then counted.probability else 0.0 end) / sum(counted.probability) as share_final
from counted
left join age_group
    on counted.age >= cast(age_group.age_from as integer)
    and counted.age <= coalesce(cast(age_group.age_to as integer), 999)
group by counted.reference_date, counted.sex, age_group.code, counted.citizenship_code, counted.birth_country_code
