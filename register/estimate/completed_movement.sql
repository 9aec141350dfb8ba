-- completed_movement: the movements of each completed life of a part, as in movement, with the case's id for the person's:
-- recorded crossings, and those that the model put between them.
--
-- People whom the model does not know (too few of their kind) keep the movements of the register, imputed legs included.
-- A missed crossing takes its country from the recorded crossing after it, else from the one before.
-- Reads: completion, observed, missed, opening, movement.
with life as (
    select * from completion where part = :part
),

modelled as (
    select distinct person_id from opening
),

leg as (
    select
        life.case_id, observed.step, 1 as is_seen, 0 as turn,
        movement.movement_date, movement.moved_at, movement.direction, movement.border_post_code,
        movement.transport_mode, movement.counterpart_country_code, movement.purpose_code
    from observed
    inner join modelled on modelled.person_id = observed.person_id
    inner join life on life.person_id = observed.person_id
    inner join movement on movement.person_id = observed.person_id and movement.seq = observed.seq
    union all
    select
        life.case_id, missed.step, 0 as is_seen, missed.turn,
        date '0001-01-01' + cast(missed.day as integer) as movement_date, cast(null as timestamp) as moved_at,
        missed.direction, cast(null as varchar) as border_post_code, cast(null as varchar) as transport_mode,
        cast(null as varchar) as counterpart_country_code, cast(null as varchar) as purpose_code
    from missed
    inner join life
        on life.person_id = missed.person_id and greatest(life.draw, 1) = missed.draw
)

select
    case_id as person_id,
    row_number() over (partition by case_id order by step, is_seen, turn) as seq,
    movement_date,
    moved_at,
    direction,
    coalesce(
        border_post_code,
        first_value(border_post_code ignore nulls) over (
            partition by case_id order by step, is_seen, turn rows between current row and unbounded following
        )
    ) as border_post_code,
    transport_mode,
    coalesce(
        first_value(counterpart_country_code ignore nulls) over (
            partition by case_id order by step, is_seen, turn rows between current row and unbounded following
        ),
        last_value(counterpart_country_code ignore nulls) over (
            partition by case_id order by step, is_seen, turn rows between unbounded preceding and current row
        )
    ) as counterpart_country_code,
    purpose_code,
    is_seen = 0 as is_imputed,
    case when is_seen = 0 then 'model' end as imputation,
    true as is_in_scope
from leg
union all
select
    life.case_id as person_id, movement.seq, movement.movement_date, movement.moved_at, movement.direction,
    movement.border_post_code, movement.transport_mode, movement.counterpart_country_code, movement.purpose_code,
    movement.is_imputed, movement.imputation, movement.is_in_scope
from movement
inner join life on life.person_id = movement.person_id
left join modelled on modelled.person_id = movement.person_id
where movement.is_in_scope and modelled.person_id is null
