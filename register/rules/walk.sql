-- walk: one row per row of history, key place, with the status before and after it and the days on which they became final.
--
-- A decisive crossing leaves the person on its side whatever the status before, any other changes nothing: so `base`,
-- the status before as far as known, is the side of the last decisive crossing, or what was set. A crossing in the
-- migrating direction that is open makes everything after it unknown. (No crossing after it can be decisive: its V days
-- would lie in the window of the open one and decide it.) The status before is final when every crossing before, in the
-- migrating direction, is decided; the status after when the crossing itself is.
--
-- `last_decided` is, on the clock (see spell), the latest day on which a crossing in the migrating direction is decided;
-- an open one is never decided (2^22 - 1).
-- `early_day`: the day on which a return leg is known to be none of a migration, whatever its statuses, because the
-- crossing before, or the third or fifth before, went the other way from a status known by then, fewer than 2V - W days on that
-- side ago. `is_late`: nothing of that kind is known on the day itself, but crossings further back may tell it.
-- `is_doubtful`: a hard crossing (see spell) was not searched, so that the person must be walked again.
-- Reads: decided.
with carried as (
    select
        *,
        last_value(case when is_decisive and is_crossing then side else set_status end ignore nulls) over so_far
            as last_status
    from decided
    window so_far as (partition by person order by place rows between unbounded preceding and current row)
),

based as (
    select
        *,
        cast(coalesce(set_status, lag(last_status) over trail) as integer) as base
    from carried
    window trail as (partition by person order by place)
),

chained as (
    select
        *,
        side <> base and is_crossing as is_migrating,
        max(case when side <> base and is_crossing then clock + coalesce(decided_day, 4194303) end) over so_far
            as last_decided
    from based
    window so_far as (partition by person order by place rows between unbounded preceding and current row)
),

settled as (
    select
        *,
        cast(greatest(day, lag(last_decided) over trail - clock) as integer) as known_day
    from chained
    window trail as (partition by person order by place)
),

-- On the clock, when the status before a crossing in the migrating direction was known.
opening as (
    select *, case when is_migrating and known_day < 4194303 then clock + known_day end as known_clock from settled
),

-- Of the crossing before, the third and the fifth before: that day, and the days spent on the side now left.
recalled as (
    select
        *,
        lag(known_clock, 1) over trail as known_1,
        lag(known_clock, 3) over trail as known_3,
        lag(known_clock, 5) over trail as known_5,
        lag(spell_days, 1) over trail as days_1,
        lag(spell_days, 1) over trail + lag(spell_days, 3) over trail as days_3,
        lag(spell_days, 1) over trail + lag(spell_days, 3) over trail + lag(spell_days, 5) over trail as days_5
    from opening
    window trail as (partition by person order by place)
),

compared as (
    select
        *,
        cast(case
            when known_day = day and not is_migrating then day
            when known_5 >= clock and days_5 < 2 * :threshold - :window then greatest(day, known_5 - clock)
            when known_3 >= clock and days_3 < 2 * :threshold - :window then greatest(day, known_3 - clock)
            when known_1 >= clock and days_1 < 2 * :threshold - :window then greatest(day, known_1 - clock)
        end as integer) as early_day
    from recalled
)

select
    person,
    place,
    record,
    day,
    side,
    is_crossing,
    at_day,
    given_status,
    case when known_day < 4194303 then base end as status_before,
    case
        when known_day = 4194303 then null
        when side = base then base
        when is_decisive then side
        when decided_day is not null then base
    end as status_after,
    case when known_day < 4194303 then known_day end as before_day,
    case
        when known_day = 4194303 then null
        when side = base then known_day
        when decided_day is not null then greatest(known_day, decided_day)
    end as after_day,
    early_day,
    is_crossing and known_day > day and coalesce(early_day > day, true)
    and coalesce(days_5 < 2 * :threshold - :window, false) as is_late,
    is_gap,
    is_hard and is_migrating as is_doubtful
from compared
