-- ruling: one row per crossing, key record: its statuses, its verdict, and the days on which each became certain.
--
-- The verdict is final with the status after, or earlier for a return leg that is known to be no migration, even while
-- its statuses are open. Days that lie after the cut-off are null: the verdict is then provisional.
-- Reads: walk, late.
with concluded as (
    select
        walk.*,
        least(
            walk.early_day, case when late.known_day is not null then greatest(walk.day, late.known_day) end
        ) as return_day,
        walk.is_doubtful or (walk.is_late and (walk.status_before is null or walk.side = walk.status_before))
            as needs_search
    from walk
    left join late on late.record = walk.record
    where walk.is_crossing
)

select
    person,
    record,
    day,
    side,
    status_before,
    status_after,
    case
        when status_before is not null and status_after is not null then status_before <> status_after
        when status_before is null and return_day is not null then false
    end as is_migration,
    side <> status_before as is_migrating_direction,
    case when before_day <= date_diff('day', date '0001-01-01', :observed_until) then before_day end as before_day,
    case when after_day <= date_diff('day', date '0001-01-01', :observed_until) then after_day end as after_day,
    case
        when least(after_day, return_day) <= date_diff('day', date '0001-01-01', :observed_until)
            then least(after_day, return_day)
    end as verdict_day,
    needs_search,
    is_late,
    is_gap
from concluded
