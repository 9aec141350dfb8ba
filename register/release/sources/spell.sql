-- spell: one row per stay, in the country or abroad, that ended in the year by a crossing, of those whose beginning was
-- seen. is_visit: the stay began with a crossing that certainly was no migration though it led to the other side.
-- Reads: told_stay, told_person, told_verdict.
select
    stay.person_id || '@' || stay.from_date || '@' || stay.is_present as unit_id,
    stay.weight,
    0 as draw,
    1.0 as draw_weight,
    stay.linkage,
    true as is_final,
    year(stay.to_date) as year,
    stay.is_present,
    date_diff('day', stay.from_date, stay.to_date) as days,
    coalesce(ruled.is_visit, false) as is_visit,
    person.sex,
    person.citizenship_code,
    date_diff('year', person.birth_date, stay.from_date)
    - case
        when month(person.birth_date) * 100 + day(person.birth_date) > month(stay.from_date) * 100 + day(stay.from_date)
            then 1
        else 0
    end as age
from told_stay as stay
inner join told_person as person on person.person_id = stay.person_id
left join (
    select person_id, movement_date, direction = 'arrival' as is_present,
        bool_or(is_migrating_direction and not is_migration and finalised_on is not null) as is_visit
    from told_verdict
    group by all
) as ruled
    on ruled.person_id = stay.person_id and ruled.movement_date = stay.from_date and ruled.is_present = stay.is_present
where stay.to_evidence not in ('death', 'birth')
    and stay.from_evidence in ('crossing', 'midpoint', 'permit_expiry', 'stochastic', 'permit', 'act', 'marriage')
    and year(stay.to_date) between :first_year and :last_year
