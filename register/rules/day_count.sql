-- day_count: one row per row of history, with the days present and observed in the window that follows it.
--
-- Presence up to a day t is a sum over the changes before it, sum(change * (t - day)) = t * sum(change) - sum(change *
-- day). So the days present in [d, d + W) are a difference of two running sums, one taken at the crossing and one at the
-- last change within W days: no join, whatever the number of crossings.
-- `days_in` and `days_out` run over a person's life (from an arbitrary origin) and give days between any two crossings;
-- `outcome` is 1 when the days on the side that the crossing leads to reach V, 0 when the others exceed W - V (or life
-- ended without either), null while open.
-- Reads: history.
with dated as (
    select
        *,
        cast(case when is_arrival then 1 else 0 end as integer) as side,
        -- What happens after the end happens, for all that can be counted, at the end.
        least(day, ends) as at_day
    from history
),

summed as (
    select
        *,
        sum(change) over running as change_so_far,
        sum(change * at_day) over running as moment_so_far,
        sum(change) over forward as change_ahead,
        sum(change * at_day) over forward as moment_ahead,
        lead(at_day) over ordered as next_at_day,
        least(ends - at_day, :window) as days_observed
    from dated
    window
        ordered as (partition by person order by position),
        running as (partition by person order by position rows between unbounded preceding and current row),
        forward as (
            partition by person order by position
            range between unbounded preceding and :window * 4294967296 following
        )
),

present as (
    select
        *,
        (side + change_ahead - change_so_far) * (at_day + days_observed) - moment_ahead
        - (side * at_day - moment_so_far) as days_present,
        side * at_day - moment_so_far as days_in
    from summed
),

sided as (
    select
        *,
        at_day - days_in as days_out,
        case when is_arrival then days_present else days_observed - days_present end as days_with,
        case when is_arrival then days_observed - days_present else days_present end as days_against
    from present
)

select
    person,
    position,
    day,
    side,
    is_crossing,
    ends,
    segment,
    initial_status,
    cast(coalesce(next_at_day - at_day, 0) as integer) as spell_days,
    cast(days_observed as integer) as days_observed,
    cast(days_present as integer) as days_present,
    cast(days_with as integer) as days_with,
    cast(days_against as integer) as days_against,
    cast(days_in as integer) as days_in,
    cast(days_out as integer) as days_out,
    cast(case
        when days_against > :window - :threshold then 0
        when days_with >= :threshold then 1
        when is_closed then 0
    end as integer) as outcome
from sided
