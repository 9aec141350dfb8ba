-- spell: one row per row of history, with what the next six spells decide.
--
-- A crossing begins a spell on its own side; then follow a contrary one, an own one, and so on. Most crossings are
-- decided within these: a migration is certain V days after the crossing, plus the contrary days until then, once its
-- own spells reach V; a non-migration W - V days after it, plus its own days until then, once the contrary ones exceed
-- W - V. What stays undecided though more spells were observed `is_hard`, and is left to search.
--
-- `ends` is the first day that is not observed (after the cut-off, or the death); what happens later happens, for all
-- that can be counted, then. `own_days` and `other_days` are the person's days until the crossing on the side that it
-- leads to and on the other, from an arbitrary origin. `first_status` is the status at the start of the segment, by
-- default the side that the first crossing leaves. `is_gap`: the row before has the same direction.
-- Reads: history.
with dated as (
    select
        *,
        cast(least(
            date_diff('day', date '0001-01-01', :observed_until) + 1,
            coalesce(closes, date_diff('day', date '0001-01-01', :observed_until) + 1)
        ) as integer) as ends
    from history
),

clamped as (
    select *, least(day, ends) as at_day from dated
),

followed as (
    select
        *,
        coalesce(lead(at_day, 1) over ordered, ends) as day_1,
        coalesce(lead(at_day, 2) over ordered, ends) as day_2,
        coalesce(lead(at_day, 3) over ordered, ends) as day_3,
        coalesce(lead(at_day, 4) over ordered, ends) as day_4,
        coalesce(lead(at_day, 5) over ordered, ends) as day_5,
        coalesce(lead(at_day, 6) over ordered, ends) as day_6,
        lag(side) over ordered as previous_side,
        first_value(1 - side) over running as side_before,
        side * at_day - cast(sum(cast(case when side = 1 then at_day else -at_day end as double)) over running as integer)
            as days_in
    from clamped
    window
        ordered as (partition by person order by position),
        running as (partition by person order by position rows between unbounded preceding and current row)
),

accumulated as (
    select
        *,
        day_1 - at_day as own_1,
        day_2 - day_1 as other_1,
        day_1 - at_day + day_3 - day_2 as own_2,
        day_2 - day_1 + day_4 - day_3 as other_2,
        day_1 - at_day + day_3 - day_2 + day_5 - day_4 as own_3,
        day_2 - day_1 + day_4 - day_3 + day_6 - day_5 as other_3
    from followed
)

select
    person,
    position,
    day,
    side,
    is_crossing,
    segment,
    coalesce(initial_status, side_before) as first_status,
    at_day,
    ends,
    closes,
    own_1 as spell_days,
    case when side = 1 then days_in else at_day - days_in end as own_days,
    case when side = 1 then at_day - days_in else days_in end as other_days,
    cast(case
        when own_1 >= :threshold then at_day + :threshold
        when other_1 > :window - :threshold then at_day + (:window - :threshold) + own_1
        when own_2 >= :threshold then at_day + :threshold + other_1
        when other_2 > :window - :threshold then at_day + (:window - :threshold) + own_2
        when own_3 >= :threshold then at_day + :threshold + other_2
        when other_3 > :window - :threshold then at_day + (:window - :threshold) + own_3
        when day_6 >= ends and closes <= ends then greatest(ends - 1, day)
    end as integer) as decided_day,
    own_1 >= :threshold
    or (
        other_1 <= :window - :threshold
        and (own_2 >= :threshold or (other_2 <= :window - :threshold and own_3 >= :threshold))
    ) as is_decisive,
    other_1 <= :window - :threshold
    and other_2 <= :window - :threshold
    and other_3 <= :window - :threshold
    and own_3 < :threshold
    and day_6 < ends as is_hard,
    coalesce(previous_side = side, false) as is_gap
from accumulated
