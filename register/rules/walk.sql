-- walk: one row per crossing, with the residence status before and after it and the days on which they became final.
--
-- The status is the side of the last flip, or the first status. A crossing that is open, in the migrating direction,
-- makes everything after it unknown (no crossing after it can be decisive: its V days would lie in the window of the
-- open one and decide it). One certainty survives: a return leg with fewer than 2V - W days on the migrating side since
-- then is no migration (`is_return_leg`).
--
-- The status before is final when all crossings before, in the migrating direction, are decided; the status after when
-- the crossing itself is. (What precedes a flip is decided by the day of the flip, so that the flip's day and the days
-- of the crossings away from the present status are all that count.) `is_prompt`: a return leg whose verdict waits for
-- nothing, because the crossing before went the other way from a status known by now, fewer than 2V - W days ago.
-- `is_late`: the status before becomes final only later, so that an earlier certainty is worth a search.
-- Reads: spell, search, decisive.
with crossing as (
    select person, position, day, side, segment, first_status, own_days, other_days, decided_day, false as is_flip
    from spell
    where is_crossing and not is_decisive and not is_hard
    union all
    select person, position, day, side, segment, first_status, own_days, other_days, decided_day, false as is_flip
    from search
    where is_crossing and not is_decisive
    union all
    select person, position, day, side, segment, first_status, own_days, other_days, decided_day, is_flip
    from decisive
),

-- Of the crossing before (previous_...), and of all before that (past_...).
carried as (
    select
        *,
        lag(side) over ordered as previous_side,
        lag(own_days) over ordered as previous_own_days,
        lag(decided_day) over ordered as previous_decided_day,
        lag(is_flip) over ordered as previous_is_flip,
        max(case when is_flip then position * 2 + side end) over past as past_flip,
        max(case when is_flip then decided_day end) over past as past_flip_day,
        max(case when side = 1 then decided_day end) over past as past_in_day,
        max(case when side = 0 then decided_day end) over past as past_out_day,
        min(case when side = 1 and decided_day is null then own_days end) over past as past_open_in,
        min(case when side = 0 and decided_day is null then own_days end) over past as past_open_out
    from crossing
    window
        ordered as (partition by person, segment order by position),
        past as (
            partition by person, segment order by position rows between unbounded preceding and 2 preceding
        )
),

past as (
    select
        *,
        cast(coalesce(past_flip % 2, first_status) as integer) as previous_base,
        case when coalesce(past_flip % 2, first_status) = 0 then past_open_in else past_open_out end as past_open,
        greatest(
            coalesce(past_flip_day, 0),
            coalesce(case when coalesce(past_flip % 2, first_status) = 0 then past_in_day else past_out_day end, 0)
        ) as past_day
    from carried
),

based as (
    select
        *,
        case when previous_is_flip then previous_side else previous_base end as base,
        coalesce(
            past_open,
            case when previous_decided_day is null and previous_side <> previous_base then previous_own_days end
        ) as open_since,
        greatest(day, past_day, case when previous_side <> previous_base then coalesce(previous_decided_day, 0) else 0 end)
            as known_day
    from past
),

settled as (
    select
        *,
        coalesce(
            past_open is null
            and previous_side <> previous_base
            and previous_side <> side
            and other_days - previous_own_days < 2 * :threshold - :window
            and past_day <= day,
            false
        ) as is_prompt
    from based
)

select
    person,
    position,
    day,
    side,
    own_days,
    other_days,
    case when open_since is null then base end as status_before,
    case
        when open_since is not null then null
        when side = base then base
        when is_flip then side
        when decided_day is not null then base
    end as status_after,
    case when open_since is null then side <> base end as is_migrating_direction,
    coalesce(side = base and other_days - open_since < 2 * :threshold - :window, false) as is_return_leg,
    case when open_since is null then known_day end as before_day,
    case
        when open_since is not null then null
        when side = base then known_day
        when decided_day is not null then greatest(known_day, decided_day)
    end as after_day,
    is_prompt,
    not is_prompt and (open_since is not null or known_day > day) as is_late
from settled
