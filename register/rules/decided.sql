-- decided: the rows of spell, with the outcome of the hard ones put in.
-- Reads: spell, search.
select
    spell.person,
    spell.place,
    spell.record,
    spell.day,
    spell.side,
    spell.is_crossing,
    spell.clock,
    spell.at_day,
    spell.spell_days,
    spell.given_status,
    spell.set_status,
    case when spell.is_hard then search.decided_day else spell.decided_day end as decided_day,
    case when spell.is_hard then search.is_decisive else spell.is_decisive end as is_decisive,
    false as is_hard,
    spell.is_gap
from spell
left join search on search.place = spell.place
order by spell.place
