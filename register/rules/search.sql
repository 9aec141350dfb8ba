-- search: one row per hard crossing (see spell), key place, decided.
--
-- Both days are found in the order of one side's days, whatever the number of crossings in between: the last crossing of
-- the same direction begun before the V-th own day tells the contrary days until then; the last one begun with at most
-- W - V contrary days tells the own days until one contrary day too many.
-- Reads: spell.
with summed as (
    -- Days in the country between two crossings are differences of side * at_day + moment.
    select
        *,
        sum(case when side = 1 then -at_day else at_day end) over (
            partition by person order by place rows between unbounded preceding and current row
        ) as moment
    from spell
    where person in (select person from spell where is_hard)
),

measured as (
    select
        *,
        cast(case when side = 1 then at_day + moment else at_day - moment end as integer) as own_days,
        cast(case when side = 1 then -moment else moment end as integer) as other_days
    from summed
),

searched as (
    select
        *,
        max(other_days) over reaching as other_days_reached,
        max(own_days + spell_days) over reaching as own_days_reached,
        max(own_days + spell_days) over refusing as own_days_refused
    from measured
    window
        reaching as (
            partition by person, side order by own_days range between current row and :threshold - 1 following
        ),
        refusing as (
            partition by person, side order by other_days range between current row and :window - :threshold following
        )
),

dated as (
    select
        *,
        case
            when own_days_reached - own_days >= :threshold and other_days_reached - other_days <= :window - :threshold
                then at_day + :threshold + other_days_reached - other_days
        end as migration_day,
        at_day + (:window - :threshold) + own_days_refused - own_days as refusal_day
    from searched
    where is_hard
)

select
    place,
    cast(case
        when migration_day is not null then migration_day
        when refusal_day < ends then refusal_day
        when closes <= ends then greatest(ends - 1, day)
    end as integer) as decided_day,
    migration_day is not null as is_decisive
from dated
