-- decision: one row per crossing, with the day on which its outcome, taken by itself, became certain (`decided_day`).
--
-- A migration is certain V days after the crossing, plus the days spent on the other side until then; a non-migration
-- W - V days after it, plus the days spent on its own side until then. Both are found in the order of one side's days:
-- the last crossing of the same direction begun before the V-th day on its own side tells the contrary days until then,
-- the last one begun with at most W - V contrary days tells the own days. A death decides what it leaves open.
-- Reads: day_count.
with measured as (
    select
        *,
        case when side = 1 then days_in else days_out end as own_days,
        case when side = 1 then days_out else days_in end as other_days,
        case when side = 1 then days_in else days_out end + spell_days as own_days_after
    from day_count
),

searched as (
    select
        *,
        max(other_days) over (
            partition by person, side order by own_days range between current row and :threshold - 1 following
        ) as other_days_at_threshold,
        max(own_days_after) over (
            partition by person, side order by other_days range between current row and :window - :threshold following
        ) as own_days_at_refusal
    from measured
)

select
    person,
    position,
    day,
    side,
    ends,
    segment,
    initial_status,
    days_observed,
    days_present,
    days_with,
    days_against,
    own_days,
    other_days,
    outcome,
    case
        when outcome = 1 then day + :threshold + other_days_at_threshold - other_days
        when days_against > :window - :threshold then day + (:window - :threshold) + own_days_at_refusal - own_days
        when outcome = 0 then greatest(ends - 1, day)
    end as decided_day
from searched
where is_crossing
