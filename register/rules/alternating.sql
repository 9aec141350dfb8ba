-- alternating: histories that do not alternate, made to, as history; one row per crossing and per missing leg.
--
-- Crossings of one day without an hour (:order_by = 'day') are put in an order that continues from the side that the
-- person was on, or else leads to the next crossing, or else is the order received. Where two crossings still have one
-- direction, a leg half-way (rounded down) completes the days: it is not judged and has no record.
-- Reads: recorded (as history).
with balance as (
    select
        person,
        day,
        case
            when sum(case when side = 1 then 1 else -1 end) > 0 then 1
            when sum(case when side = 1 then 1 else -1 end) < 0 then 0
        end as net_side
    from recorded
    group by person, day
),

continuity as (
    select
        person,
        day,
        coalesce(
            1 - last_value(net_side ignore nulls) over (
                partition by person order by day rows between unbounded preceding and 1 preceding
            ),
            net_side,
            first_value(net_side ignore nulls) over (
                partition by person order by day rows between 1 following and unbounded following
            )
        ) as first_side
    from balance
),

turned as (
    select
        recorded.*,
        case
            when :order_by = 'day'
                then row_number() over (partition by recorded.person, recorded.day, recorded.side order by recorded.place)
            else 0
        end as turn,
        case
            when :order_by = 'day'
                and recorded.side <> coalesce(
                    continuity.first_side,
                    first_value(recorded.side) over (
                        partition by recorded.person, recorded.day order by recorded.place
                    )
                )
                then 1
            else 0
        end as half
    from recorded
    inner join continuity on continuity.person = recorded.person and continuity.day = recorded.day
),

ordered as (
    select
        *,
        row_number() over (partition by person order by day, turn, half, place) as seq,
        lag(side) over (partition by person order by day, turn, half, place) as previous_side,
        lag(given_status) over (partition by person order by day, turn, half, place) as previous_status,
        lag(day) over (partition by person order by day, turn, half, place) as previous_day
    from turned
),

completed as (
    select
        person, seq * 2 as seq, record, day, side, true as is_crossing, closes, given_status
    from ordered
    union all
    select
        person,
        seq * 2 - 1 as seq,
        cast(null as bigint) as record,
        cast(previous_day + (day - previous_day) // 2 as integer) as day,
        1 - side as side,
        false as is_crossing,
        closes,
        previous_status as given_status
    from ordered
    where previous_side = side
)

select
    person,
    row_number() over (order by person, seq) as place,
    record,
    day,
    side,
    is_crossing,
    closes,
    given_status
from completed
order by place
