-- passage: one row per recorded crossing of a linked person, within the observed period.
--
-- Puts each person's crossings in order and says what becomes of every one (`fate`): null when it counts, else
-- 'duplicate' (same person, direction and post within 24 hours, nothing in between), 'out_of_scope' (crew, transit,
-- diplomats: by traveller class) or 'after_death'. Nothing is lost: rows here = linked crossings of the period.
--
-- Same-day pairs: by time of day. Where the hour was not recorded (midnight), or where the hours of a day would leave a
-- crossing missing before and after it and the reverse order none (clerks' clocks are not always right), by continuity
-- with the side the person was on, else with the crossing that follows, else arrival first.
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

-- Days with as many arrivals as departures: by the hours, which came first and last.
day_first as (
    select
        person_id,
        movement_date,
        direction,
        first_value(direction) over (
            partition by person_id, movement_date order by moved_at, record_id
        ) as first_direction,
        last_value(direction) over (
            partition by person_id, movement_date order by moved_at, record_id
            rows between unbounded preceding and unbounded following
        ) as last_direction,
        row_number() over (
            partition by person_id, moved_at, direction, coalesce(border_post_code, '') order by record_id
        ) as repetition
    from linked
    where is_in_scope and not is_after_death
),

day as (
    select
        person_id,
        movement_date,
        min(first_direction) as first_direction,
        min(last_direction) as last_direction,
        sum(case when direction = 'arrival' then 1 else -1 end) as balance
    from day_first
    where repetition = 1
    group by person_id, movement_date
),

day_between as (
    select
        person_id,
        movement_date,
        balance,
        first_direction,
        last_direction,
        last_value(case when balance > 0 then 'arrival' when balance < 0 then 'departure' end ignore nulls) over (
            partition by person_id order by movement_date rows between unbounded preceding and 1 preceding
        ) as direction_before,
        first_value(case when balance > 0 then 'arrival' when balance < 0 then 'departure' end ignore nulls) over (
            partition by person_id order by movement_date rows between 1 following and unbounded following
        ) as direction_after
    from day
),

-- Days whose hours cannot be right: in the order they give, every neighbouring crossing would go unrecorded, and in the
-- reverse order none.
misclocked as (
    select person_id, movement_date
    from day_between
    where balance = 0
        and first_direction <> last_direction
        and coalesce(direction_before, first_direction) = first_direction
        and coalesce(direction_after, last_direction) = last_direction
        and coalesce(direction_before, direction_after) is not null
),

-- A day on which any hour is unknown, or the hours cannot be right, is ordered as a whole.
timed as (
    select
        linked.*,
        case
            when misclocked.person_id is not null
                or max(case when linked.moved_at = cast(linked.movement_date as timestamp) then 1 else 0 end) over (
                    partition by linked.person_id, linked.movement_date order by linked.record_id
                    rows between unbounded preceding and unbounded following
                ) = 1 then cast(linked.movement_date as timestamp)
            else linked.moved_at
        end as ordered_at
    from linked
    left join misclocked
        on misclocked.person_id = linked.person_id and misclocked.movement_date = linked.movement_date
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
        net_direction,
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
            else coalesce(continuity.net_direction, continuity.direction_after, 'arrival')
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
