-- movement: one row per movement of a person, key (person_id, seq).
--
-- In scope: recorded crossings and imputed legs, which alternate. Out of scope and kept: crossings by traveller class
-- or after a death, and everyone whose history has a gap under the policy drop-person. An imputed leg names how it was
-- imputed; a missing leg takes its post, mode and country from the crossing that follows it, where the gap shows.
-- Reads: passage, leg, gap.
with dropped as (
    select distinct person_id from gap where :missing_leg = 'drop-person'
),

united as (
    select
        leg.person_id, leg.place * 2 as place, leg.movement_date, leg.moved_at, leg.direction, leg.border_post_code,
        leg.transport_mode, leg.counterpart_country_code, leg.purpose_code, leg.imputation, true as is_in_scope
    from leg
    union all
    select
        gap.person_id, gap.place * 2 - 1 as place, gap.movement_date, cast(null as timestamp) as moved_at, gap.direction,
        leg.border_post_code, leg.transport_mode, leg.counterpart_country_code, cast(null as varchar) as purpose_code,
        gap.imputation, true as is_in_scope
    from gap
    inner join leg on leg.person_id = gap.person_id and leg.place = gap.place
    where :missing_leg <> 'drop-person'
    union all
    select
        person_id, place, movement_date, moved_at, direction, border_post_code, transport_mode,
        counterpart_country_code, purpose_code, cast(null as varchar) as imputation, false as is_in_scope
    from passage
    where fate in ('out_of_scope', 'after_death')
)

select
    united.person_id,
    row_number() over (
        partition by united.person_id order by united.movement_date, united.is_in_scope desc, united.place
    ) as seq,
    united.movement_date,
    united.moved_at,
    united.direction,
    united.border_post_code,
    united.transport_mode,
    united.counterpart_country_code,
    united.purpose_code,
    united.imputation is not null as is_imputed,
    united.imputation,
    united.is_in_scope and dropped.person_id is null as is_in_scope
from united
left join dropped on dropped.person_id = united.person_id
