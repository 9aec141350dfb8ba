-- walk: one row per crossing, with the residence status before and after it.
--
-- A crossing whose outcome is 1 leaves the person on its side whatever the status before, one whose outcome is 0 changes
-- nothing: so the status is the side of the last crossing with outcome 1, or else the initial one. An open crossing in
-- the migrating direction makes everything after it unknown. (After an open crossing none can have outcome 1: its V
-- days would lie in the window of the open one and decide it. So the first open crossing towards the side that the
-- person is not on is where knowledge ends, and the days since then tell which return legs are no migrations.)
-- Reads: decision.
with carried as (
    select
        *,
        max(case when outcome = 1 then position * 2 + side end) over before as last_decisive,
        min(case when outcome is null and side = 1 then own_days end) over before as open_in_before,
        min(case when outcome is null and side = 0 then own_days end) over before as open_out_before
    from decision
    window before as (
        partition by person, segment order by position rows between unbounded preceding and 1 preceding
    )
),

based as (
    select
        *,
        cast(coalesce(last_decisive % 2, initial_status) as integer) as base_status
    from carried
),

opened as (
    select
        *,
        case when base_status = 0 then open_in_before else open_out_before end as open_since
    from based
)

select
    person,
    position,
    day,
    side,
    ends,
    days_observed,
    days_present,
    days_with,
    days_against,
    own_days,
    other_days,
    outcome,
    decided_day,
    base_status,
    case when open_since is null then base_status end as status_before,
    case
        when open_since is not null then null
        when side = base_status then base_status
        when outcome = 1 then side
        when outcome = 0 then base_status
    end as status_after,
    -- The certainty that survives: a return leg with fewer than 2V - W days on the migrating side since the last
    -- crossing with a known status before.
    coalesce(
        open_since is not null
        and side = base_status
        and other_days - open_since < 2 * :threshold - :window,
        false
    ) as is_return_leg
from opened
