-- passage: one row per recorded crossing of a linked person, within the observed period.
--
-- Puts each person's crossings in order and says what becomes of every one (`fate`): null when it counts, else
-- 'duplicate' (same person, direction and post within 24 hours, nothing in between), 'out_of_scope' (crew, transit,
-- diplomats: by traveller class) or 'after_death'. Nothing is lost: rows here = linked crossings of the period.
--
-- Same-day pairs: by time of day; where the hour was not recorded (midnight), by continuity with the side the person
-- was on, else with the crossing that follows, else arrival first.
-- Reads: crossing, mention, membership, person, traveller_class.
with linked as (
    select
        membership.person_id,
        crossing.record_id,
        crossing.crossed_at as moved_at,
        cast(crossing.crossed_at as date) as movement_date,
        crossing.direction,
        crossing.border_post_code,
        crossing.transport_mode,
        crossing.counterpart_country_code,
        crossing.purpose_code,
        coalesce(cast(traveller_class.in_scope as boolean), true) as is_in_scope,
        coalesce(cast(crossing.crossed_at as date) > person.death_date, false) as is_after_death
    from crossing
    inner join mention on mention.record_id = crossing.record_id and mention.role = 'self'
    inner join membership on membership.identity_id = mention.identity_id
    inner join person on person.person_id = membership.person_id
    left join traveller_class on traveller_class.code = crossing.traveller_class_code
    where cast(crossing.crossed_at as date) between :observed_from and :observed_until
),

-- A day on which any hour is unknown is ordered as a whole.
timed as (
    select
        *,
        case
            when max(case when moved_at = cast(movement_date as timestamp) then 1 else 0 end) over (
                partition by person_id, movement_date order by record_id
                rows between unbounded preceding and unbounded following
            ) = 1 then cast(movement_date as timestamp)
            else moved_at
        end as ordered_at
    from linked
),

counted as (
    select
        *,
        case when is_after_death then 'after_death' when not is_in_scope then 'out_of_scope' end as excluded,
        row_number() over (
            partition by person_id, ordered_at, direction, coalesce(border_post_code, ''), is_in_scope order by record_id
        ) as repetition
    from timed
),

-- Crossings at one moment: how many in each direction, and the side the person was on before and went to after.
moment as (
    select
        person_id,
        ordered_at,
        count(*) as n_crossing,
        case
            when sum(case when direction = 'arrival' then 1 else -1 end) > 0 then 'arrival'
            when sum(case when direction = 'arrival' then 1 else -1 end) < 0 then 'departure'
        end as net_direction
    from counted
    where excluded is null and repetition = 1
    group by person_id, ordered_at
),

continuity as (
    select
        person_id,
        ordered_at,
        n_crossing,
        last_value(net_direction ignore nulls) over (
            partition by person_id order by ordered_at rows between unbounded preceding and 1 preceding
        ) as direction_before,
        first_value(net_direction ignore nulls) over (
            partition by person_id order by ordered_at rows between 1 following and unbounded following
        ) as direction_after
    from moment
),

placed as (
    select
        counted.*,
        row_number() over (
            partition by counted.person_id, counted.ordered_at, counted.direction, counted.excluded, counted.repetition
            order by counted.record_id
        ) as turn,
        case
            when continuity.direction_before = 'arrival' then 'departure'
            when continuity.direction_before = 'departure' then 'arrival'
            else coalesce(continuity.direction_after, 'arrival')
        end as first_direction
    from counted
    left join continuity
        on continuity.person_id = counted.person_id
        and continuity.ordered_at = counted.ordered_at
        and continuity.n_crossing > 1
),

ordered as (
    select
        *,
        row_number() over (
            partition by person_id
            order by ordered_at, turn, case when direction = first_direction then 0 else 1 end, repetition, record_id
        ) as place
    from placed
),

compared as (
    select
        person_id,
        record_id,
        place,
        lag(direction) over (partition by person_id order by place) as previous_direction,
        lag(border_post_code) over (partition by person_id order by place) as previous_post_code,
        lag(moved_at) over (partition by person_id order by place) as previous_moved_at
    from ordered
    where excluded is null and repetition = 1
)

select
    ordered.person_id,
    ordered.place,
    ordered.record_id,
    ordered.movement_date,
    ordered.moved_at,
    ordered.direction,
    ordered.border_post_code,
    ordered.transport_mode,
    ordered.counterpart_country_code,
    ordered.purpose_code,
    coalesce(
        ordered.excluded,
        case
            when ordered.repetition > 1 then 'duplicate'
            when compared.previous_direction = ordered.direction
                and coalesce(compared.previous_post_code, '') = coalesce(ordered.border_post_code, '')
                and ordered.moved_at < compared.previous_moved_at + interval 24 hour
                then 'duplicate'
        end
    ) as fate
from ordered
left join compared on compared.person_id = ordered.person_id and compared.place = ordered.place
