-- accounting: one row per resident, birth, death, migration or eighteenth birthday of a year; `component` tells which.
-- The residents of the next 1 January have the same unit_id as those of that year's own: they are the same figure.
-- Reads: source_residence, source_migration.
with reference as (
    select cast(make_date(cast(y as integer), 1, 1) as date) as day, cast(y as integer) as year
    from range(:first_year, :last_year + 2) as years(y)
),

resident as (
    select
        residence.person_id || '#' || residence.draw as person_id, residence.weight, residence.draw,
        residence.draw_weight, residence.linkage, residence.is_final, residence.sex, residence.citizenship_code, reference.day, reference.year,
        reference.year - year(residence.birth_date)
        - case when month(residence.birth_date) = 1 and day(residence.birth_date) = 1 then 0 else 1 end as age
    from source_residence as residence
    inner join reference on residence.after_date < reference.day and reference.day <= residence.until_date
),

component as (
    select
        'P0' as component, year, person_id || '@' || day as unit_id, weight, draw, draw_weight, linkage, is_final, sex, age, citizenship_code
    from resident
    where year <= :last_year
    union all
    select 'P1', year - 1, person_id || '@' || day, weight, draw, draw_weight, linkage, is_final, sex, age, citizenship_code
    from resident
    where year > :first_year
    union all
    -- Residents aged 18 on 1 January turned 18 in the year before; on 1 January itself they already count as 18.
    select part.component, resident.year - 1, resident.person_id || '@18', weight, draw, draw_weight, linkage, is_final, sex, part.age, citizenship_code
    from resident
    cross join (select 'AGEIN' as component, 18 as age union all select 'AGEOUT', 17) as part
    where resident.year > :first_year and resident.age = 18
    union all
    select
        'BIRTH', year(birth_date), person_id || '#' || draw || '@birth', weight, draw, draw_weight, linkage, is_final, sex, 0, citizenship_code
    from source_residence
    where birth_in_country and after_date = birth_date and year(birth_date) between :first_year and :last_year
    union all
    select
        'DEATH', year(death_date), person_id || '#' || draw || '@death', weight, draw, draw_weight, linkage, is_final, sex,
        cast(date_diff('year', birth_date, death_date)
        - case when month(birth_date) * 100 + day(birth_date) > month(death_date) * 100 + day(death_date) then 1 else 0 end
        as bigint),
        citizenship_code
    from source_residence
    where death_date = until_date and year(death_date) between :first_year and :last_year
    union all
    select
        case when direction = 'immigration' then 'IMMIG' else 'EMIG' end, year, unit_id, weight, draw, draw_weight, linkage, is_final, sex, age,
        citizenship_code
    from source_migration
)

select * from component
