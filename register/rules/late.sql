-- late: one row per late crossing (see walk) that is known early to be no migration, key record, with the day.
--
-- A return leg with fewer than 2V - W days on the migrating side since a crossing in the migrating direction, whose
-- status before was known, is no migration: certain when that status became final, the earliest of them. (At exactly
-- 2V - W days the two published packages differ; this follows migstat and the written rule: fewer than.)
-- A late crossing in the migrating direction is one only after a change of status, on whose way it would lead back.
-- Reads: walk.
with doubted as (
    select distinct person
    from walk
    where is_late
        and (
            status_before is null
            or side = status_before
            or person in (select person from walk where status_before <> status_after)
        )
),

summed as (
    -- Days in the country between two crossings are differences of side * at_day + moment.
    select
        *,
        sum(case when side = 1 then -at_day else at_day end) over (
            partition by person order by place rows between unbounded preceding and current row
        ) as moment
    from walk
    where person in (select person from doubted)
),

candidate as (
    select
        person,
        record,
        side as leg_side,
        cast(case when side = 1 then -moment else moment end as integer) as migrating_days,
        cast(null as integer) as known_day,
        true as is_leg
    from summed
    where is_late
    union all
    select
        person,
        record,
        1 - side as leg_side,
        cast(case when side = 1 then at_day + moment else at_day - moment end as integer) as migrating_days,
        before_day as known_day,
        false as is_leg
    from summed
    where side <> status_before and is_crossing
),

searched as (
    select
        record,
        is_leg,
        min(known_day) over (
            partition by person, leg_side order by migrating_days
            range between 2 * :threshold - :window - 1 preceding and current row
        ) as known_day
    from candidate
)

select record, known_day
from searched
where is_leg and known_day is not null
