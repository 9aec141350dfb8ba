-- verdict: one row per crossing (key person_id, seq) with its outcome and the days on which it became certain.
--
-- status_before, status_after: 1 resident, 0 non-resident, null unknown. is_migration: true, false, null unknown.
-- status_before_final_on, status_after_final_on, finalised_on: the first day on which each was certain from what had
-- been observed; none before the crossing, null when it would lie after the cut-off (the verdict is then provisional).
-- In the migrating direction the outcome's own day counts, or the day on which the status before became final if that
-- is later; in the other the latter. A return leg with fewer than 2V - W days on the migrating side since a crossing in
-- the migrating direction, whose status before was known, waits only for that knowledge. (At exactly 2V - W days the two
-- published packages differ; this follows migstat and the written rule: fewer than.)
-- Reads: walk.
with chained as (
    select
        *,
        status_before is not null and side <> base_status as is_migrating_direction,
        max(case when status_before is not null and side <> base_status then decided_day end) over (
            partition by person order by position rows between unbounded preceding and 1 preceding
        ) as decided_before,
        max(case when status_before is not null and side <> base_status then decided_day end) over (
            partition by person order by position rows between unbounded preceding and 2 preceding
        ) as decided_before_previous,
        lag(status_before) over (partition by person order by position) as previous_status_before,
        lag(side) over (partition by person order by position) as previous_side,
        lag(own_days) over (partition by person order by position) as previous_own_days
    from walk
),

settled as (
    select
        *,
        case when status_before is not null then greatest(day, coalesce(decided_before, day)) end as before_day,
        -- The usual case, decided without a search: the crossing before went the other way from a status known today.
        coalesce(
            previous_status_before = side
            and previous_side <> side
            and other_days - previous_own_days < 2 * :threshold - :window
            and coalesce(decided_before_previous, day) <= day,
            false
        ) as is_prompt
    from chained
),

judged as (
    select
        *,
        case
            when status_after is null then null
            when is_migrating_direction then greatest(before_day, decided_day)
            else before_day
        end as after_day,
        not is_prompt and (before_day is null or before_day > day) as is_late
    from settled
),

searched as (
    select
        person,
        position,
        is_leg,
        min(known_day) over (
            partition by person, leg_side order by migrating_days
            range between 2 * :threshold - :window - 1 preceding and current row
        ) as known_day
    from (
        select
            person, position, side as leg_side, other_days as migrating_days, cast(null as integer) as known_day,
            true as is_leg
        from judged
        where is_late
        union all
        select
            person, position, 1 - side as leg_side, own_days as migrating_days, before_day as known_day, false as is_leg
        from judged
        where is_migrating_direction
    ) as legs
),

concluded as (
    select
        judged.*,
        case
            when judged.is_prompt then judged.day
            when searched.known_day is not null
                then least(coalesce(judged.after_day, 2147483647), greatest(judged.day, searched.known_day))
            else judged.after_day
        end as verdict_day,
        date_diff('day', date '0001-01-01', :observed_until) as cutoff
    from judged
    left join searched
        on searched.person = judged.person and searched.position = judged.position and searched.is_leg
)

select
    person as person_id,
    position % 4294967296 as seq,
    date '0001-01-01' + day as movement_date,
    case when side = 1 then 'arrival' else 'departure' end as direction,
    status_before,
    status_after,
    case
        when status_before is not null and status_after is not null then status_before <> status_after
        when is_return_leg then false
    end as is_migration,
    case when status_before is not null then is_migrating_direction end as is_migrating_direction,
    days_observed,
    days_present,
    days_with,
    days_against,
    case when before_day <= cutoff then date '0001-01-01' + before_day end as status_before_final_on,
    case when after_day <= cutoff then date '0001-01-01' + after_day end as status_after_final_on,
    case when verdict_day <= cutoff then date '0001-01-01' + verdict_day end as finalised_on
from concluded
