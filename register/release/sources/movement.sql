-- movement: one row per crossing in scope, recorded or imputed.
-- Reads: told_movement, told_person.
select
    movement.person_id || '#' || movement.movement_date || '#' || movement.direction || '#' || row_number() over (
        partition by movement.linkage, movement.person_id, movement.movement_date, movement.direction
        order by movement.seq
    ) as unit_id,
    movement.weight,
    0 as draw,
    1.0 as draw_weight,
    movement.linkage,
    true as is_final,
    year(movement.movement_date) as year,
    movement.direction,
    movement.border_post_code,
    movement.is_imputed,
    person.sex,
    date_diff('year', person.birth_date, movement.movement_date)
    - case
        when month(person.birth_date) * 100 + day(person.birth_date)
            > month(movement.movement_date) * 100 + day(movement.movement_date)
            then 1
        else 0
    end as age
from told_movement as movement
inner join told_person as person on person.person_id = movement.person_id
where movement.is_in_scope and year(movement.movement_date) between :first_year and :last_year
