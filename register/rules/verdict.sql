-- verdict: one row per movement in scope (key person_id, seq): the residence rule's statuses and verdict, the numbers
-- that decided them, and the days on which they became certain.
--
-- status_before, status_after: 1 resident, 0 non-resident, null unknown. is_migration: true, false, null unknown.
-- status_before_final_on, status_after_final_on, finalised_on: none before the movement, none after the cut-off (null:
-- the verdict is then provisional).
-- `rests_on_imputed`: the crossing was imputed, or the days counted after it depend on where an imputed one was put, so
-- that what is called final could change if the true crossing were found. Days are uncertain from the movement before an
-- imputed one on.
-- Reads: ruling, day_count, history, movement.
with followed as (
    select
        person_id,
        seq,
        movement_date,
        is_imputed,
        lead(is_imputed) over (partition by person_id order by seq) as next_is_imputed
    from movement
    where is_in_scope
),

supposed as (
    select
        person_id,
        seq,
        is_imputed,
        min(case when next_is_imputed then movement_date end) over (
            partition by person_id order by seq rows between current row and unbounded following
        ) as uncertain_from
    from followed
)

select
    history.person_id,
    history.seq,
    date '0001-01-01' + ruling.day as movement_date,
    case when ruling.side = 1 then 'arrival' else 'departure' end as direction,
    ruling.status_before,
    ruling.status_after,
    ruling.is_migration,
    ruling.is_migrating_direction,
    day_count.days_observed,
    day_count.days_present,
    day_count.days_with,
    day_count.days_against,
    date '0001-01-01' + ruling.before_day as status_before_final_on,
    date '0001-01-01' + ruling.after_day as status_after_final_on,
    date '0001-01-01' + ruling.verdict_day as finalised_on,
    supposed.is_imputed
    or coalesce(
        date_diff('day', date '0001-01-01', supposed.uncertain_from) < ruling.day + day_count.days_observed, false
    ) as rests_on_imputed
from ruling
inner join history on history.record = ruling.record
inner join day_count on day_count.place = history.place
inner join supposed on supposed.person_id = history.person_id and supposed.seq = history.seq
