-- decisive: one row per crossing after which the person spends V of W days on its side, with whether it changes the
-- residence status (`is_flip`): when the decisive crossing before it, or the first status, was of the other side.
--
-- A decisive crossing leaves the person on its side whatever the status before, any other changes nothing: so the
-- decisive ones alone tell the status.
-- Reads: spell, search.
with decisive as (
    select person, position, day, side, segment, first_status, own_days, other_days, decided_day
    from spell
    where is_decisive and is_crossing and not is_hard
    union all
    select person, position, day, side, segment, first_status, own_days, other_days, decided_day
    from search
    where is_decisive and is_crossing
)

select
    *,
    side <> coalesce(lag(side) over (partition by person, segment order by position), first_status) as is_flip
from decisive
