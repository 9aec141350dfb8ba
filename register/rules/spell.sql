-- spell: one row per row of history, key place, with what the next six spells decide.
--
-- A crossing begins a spell on its own side; then follow a contrary one, an own one, and so on. Most crossings are
-- decided within these: a migration is certain V days after the crossing, plus the contrary days until then, once its
-- own spells reach V; a non-migration W - V days after it, plus its own days until then, once the contrary ones exceed
-- W - V; a death decides what it leaves open. What stays undecided though more spells were observed `is_hard`, and is
-- left to search. `is_decisive`: the crossing spends V of W days on its side.
--
-- `ends` is the first day that is not observed (after the cut-off, or the death); what happens later happens, for all
-- that can be counted, then. `clock` sets the persons' days one after another on one axis, so that a day read from a
-- later person lies beyond every end. `set_status` is the status that holds before the crossing because it is the first
-- (by default the side that it leaves), or because it was set from outside. `is_gap`: the row before has the same
-- direction.
-- Reads: history.
with dated as (
    select
        *,
        cast(person as bigint) * 4194304 as clock,
        cast(least(
            date_diff('day', date '0001-01-01', :observed_until) + 1,
            coalesce(closes, date_diff('day', date '0001-01-01', :observed_until) + 1)
        ) as integer) as ends
    from history
),

clamped as (
    select
        *,
        cast(least(day, ends) as integer) as at_day,
        clock + least(day, ends) as at_clock,
        clock + ends as end_clock
    from dated
),

followed as (
    select
        *,
        least(lead(at_clock, 1) over trail, end_clock) as clock_1,
        least(lead(at_clock, 2) over trail, end_clock) as clock_2,
        least(lead(at_clock, 3) over trail, end_clock) as clock_3,
        least(lead(at_clock, 4) over trail, end_clock) as clock_4,
        least(lead(at_clock, 5) over trail, end_clock) as clock_5,
        least(lead(at_clock, 6) over trail, end_clock) as clock_6,
        lag(person) over trail as previous_person,
        lag(side) over trail as previous_side,
        lag(given_status) over trail as previous_status
    from clamped
    window trail as (partition by person order by place)
),

accumulated as (
    select
        *,
        clock_1 - at_clock as own_1,
        clock_2 - clock_1 as other_1,
        clock_1 - at_clock + clock_3 - clock_2 as own_2,
        clock_2 - clock_1 + clock_4 - clock_3 as other_2,
        clock_1 - at_clock + clock_3 - clock_2 + clock_5 - clock_4 as own_3,
        clock_2 - clock_1 + clock_4 - clock_3 + clock_6 - clock_5 as other_3
    from followed
),

-- The day on which the crossing is decided, negative if it is refused; 0 if it is hard; null if it is open.
weighed as (
    select
        *,
        case
            when own_1 >= :threshold then at_day + :threshold
            when other_1 > :window - :threshold then -(at_day + (:window - :threshold) + own_1)
            when own_2 >= :threshold then at_day + :threshold + other_1
            when other_2 > :window - :threshold then -(at_day + (:window - :threshold) + own_2)
            when own_3 >= :threshold then at_day + :threshold + other_2
            when other_3 > :window - :threshold then -(at_day + (:window - :threshold) + own_3)
            when clock_6 < end_clock then 0
            when closes <= ends then -greatest(ends - 1, day)
        end as outcome
    from accumulated
)

select
    person,
    place,
    record,
    day,
    side,
    is_crossing,
    clock,
    at_day,
    ends,
    closes,
    cast(own_1 as integer) as spell_days,
    given_status,
    case
        when coalesce(previous_person <> person, true) then coalesce(given_status, 1 - side)
        when given_status is distinct from previous_status then given_status
    end as set_status,
    cast(nullif(abs(outcome), 0) as integer) as decided_day,
    coalesce(outcome > 0, false) as is_decisive,
    coalesce(outcome = 0, false) as is_hard,
    coalesce(previous_person = person and previous_side = side, false) as is_gap
from weighed
