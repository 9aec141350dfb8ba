-- day_count: one row per row of history, key place, with the days present and observed in the window that follows it.
--
-- Presence up to a day t is a sum over the crossings before it (+1 an arrival, -1 a departure): t * sum(change) -
-- sum(change * day). So the days present in [d, d + W) are a difference of two running sums, one taken at the crossing
-- and one at the last crossing within W days: no join, whatever the number of crossings.
-- `days_with` are those on the side that the crossing leads to, `days_against` the others.
-- Reads: spell.
with summed as (
    select
        *,
        least(ends - at_day, :window) as days_observed,
        sum(case when side = 1 then 1 else -1 end) over so_far as change_so_far,
        sum(case when side = 1 then at_day else -at_day end) over so_far as moment_so_far,
        sum(case when side = 1 then 1 else -1 end) over ahead as change_ahead,
        sum(case when side = 1 then at_day else -at_day end) over ahead as moment_ahead
    from spell
    window
        so_far as (partition by person order by place rows between unbounded preceding and current row),
        ahead as (partition by person order by at_day range between unbounded preceding and :window following)
),

present as (
    select
        *,
        (side + change_ahead - change_so_far) * (at_day + days_observed) - moment_ahead
        - (side * at_day - moment_so_far) as days_present
    from summed
)

select
    place,
    cast(days_observed as integer) as days_observed,
    cast(days_present as integer) as days_present,
    cast(case when side = 1 then days_present else days_observed - days_present end as integer) as days_with,
    cast(case when side = 1 then days_observed - days_present else days_present end as integer) as days_against
from present
