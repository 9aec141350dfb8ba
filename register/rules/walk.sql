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
-- `is_prompt`: a return leg whose verdict waits for nothing, because the crossing before, or the third before, went the
-- other way from a status known by now, fewer than 2V - W days on that side ago. `is_late`: the status before becomes
-- final only later, so that an earlier certainty is worth a search.
-- `is_doubtful`: a hard crossing (see spell) was not searched, so that the person must be walked again.
-- Reads: decided.
with carried as (
    select
        *,
        max(
            case
                when is_decisive and is_crossing then place * 2 + side
                when set_status is not null then place * 2 + set_status
            end
        ) over so_far as last_status
    from decided
    window so_far as (partition by person order by place rows between unbounded preceding and current row)
),

based as (
    select
        *,
        cast(coalesce(set_status, lag(last_status) over trail % 2) as integer) as base
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
    select
        *,
        case when is_migrating and known_day < 4194303 then clock + known_day end as known_clock
    from settled
),

compared as (
    select
        *,
        coalesce(
            lag(known_clock, 1) over trail between clock and clock + day
            and at_day - lag(at_day, 1) over trail < 2 * :threshold - :window,
            false
        )
        or coalesce(
            lag(known_clock, 3) over trail between clock and clock + day
            and at_day - lag(at_day, 1) over trail + lag(at_day, 2) over trail - lag(at_day, 3) over trail
            < 2 * :threshold - :window,
            false
        ) as is_prompt
    from opening
    window trail as (partition by person order by place)
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
    is_prompt,
    is_crossing and known_day > day and not is_prompt as is_late,
    is_gap,
    is_hard and is_migrating as is_doubtful
from compared
